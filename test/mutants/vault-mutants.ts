/** Mistakes in the rules of vaults, of their capacity, and of what is bound in them (CON, VLT, CAP). */
import { inFile, type Mutant } from "./mutant.ts";

export const VAULT_MUTANTS: readonly Mutant[] = [
  ...inFile("core/domain/resource-types.ts", "domain/vault-rules.test.ts", [
    [
      "CON-02",
      "a vault takes resources of every kind",
      "FITTING[objectType].includes(resourceType)",
      "Object.values(FITTING).some((types) => types.includes(resourceType))",
    ],
  ]),
  ...inFile("core/app/backup/create-checkpoint.ts", "app/backup-running.test.ts", [
    [
      "CON-03",
      "a replication vault is refused only when something is bound in it",
      'if (vault.billing.protectType !== "backup") fault("6124"',
      'if (vault.billing.protectType !== "backup" && bound.length > 0) fault("6124"',
    ],
    [
      "CAP-11",
      "a vault that is exactly full takes one more run",
      "if (usedBytes(bound) >= vault.billing.size * GIB)",
      "if (usedBytes(bound) > vault.billing.size * GIB)",
    ],
    [
      "CAP-12",
      "a run has to have room for all of its resources before it starts",
      "if (usedBytes(bound) >= vault.billing.size * GIB)",
      "if (bound.reduce((sum, b) => sum + b.size, usedBytes(bound)) >= vault.billing.size * GIB)",
    ],
  ]),
  ...inFile("core/app/vaults/claims.ts", "app/vaults-binding.test.ts", [
    [
      "CON-04",
      "a resource of another vault is bound once more",
      "current.vaultId !== claimant.vaultId || current.via !== plan.resourceId",
      "current.vaultId !== claimant.vaultId && current.via !== plan.resourceId",
    ],
  ]),
  ...inFile("core/engine/transfer-hand.ts", "app/backup.test.ts", [
    [
      "CON-11",
      "what has not changed is stored again",
      "slots.push(same && isUsable(before) ? before : await this.#store(block, id, before));",
      "slots.push(await this.#store(block, id, undefined));",
    ],
    [
      "CON-13",
      "blocks of zeros are stored and counted",
      "const id = zero ? undefined : this.#view.crypto.id(block);",
      "const id = this.#view.crypto.id(block);",
    ],
  ]),
  ...inFile("core/domain/vault-rules.ts", "domain/vault-rules.test.ts", [
    [
      "VLT-03",
      "the smallest size is no size",
      "if (gb < MIN_NEW_GB || gb > MAX_GB)",
      "if (gb <= MIN_NEW_GB || gb > MAX_GB)",
    ],
  ]),
  ...inFile("core/domain/vault-rules.ts", "api/vaults.test.ts", [
    [
      "VLT-16",
      "consistency goes from application to crash instead of the other way",
      'if (to === "crash_consistent")',
      'if (to === "app_consistent")',
    ],
    ["VLT-50", "a lock is opened again", "if (locked && !to)", "if (locked && to)"],
  ]),
  ...inFile("core/domain/vault-rules.ts", "app/vaults-binding.test.ts", [
    [
      "VLT-06",
      "a request may bind as many resources as a vault may hold",
      "MAX_RESOURCES_AT_CREATION = 255",
      "MAX_RESOURCES_AT_CREATION = 256",
    ],
    ["VLT-07", "the last place of a vault cannot be taken", "if (count > limit)", "if (count >= limit)"],
    [
      "CAP-18",
      "used capacity is rounded down to GB before a vault shrinks",
      "if (usedBytes > gb * GIB)",
      "if (Math.floor(usedBytes / GIB) > gb)",
    ],
  ]),
  ...inFile("core/app/vaults/fit-to-bind.ts", "app/vaults-binding.test.ts", [
    [
      "VLT-20",
      "a server without disks is bound while it runs",
      "if (disks.length === 0) return",
      'if (disks.length === 0 && status === "SHUTOFF") return',
    ],
    ["VLT-23", "an eleventh shared disk is taken", "if (shared > MOST_SHARED_DISKS)", "if (shared > 11)"],
  ]),
  ...inFile("core/domain/matrix.ts", "concurrency/researched.test.ts", [
    [
      "IMG-02",
      "a backup that is being restored has an image made of it",
      'cells: { restore: "2010", delete: "6216", replicate: "1001", image: "6208", share: "6702" }',
      'cells: { restore: "2010", delete: "6216", replicate: "1001", share: "6702" }',
    ],
  ]),
  ...inFile("core/app/backup/choose-disks.ts", "app/vaults-binding.test.ts", [
    ["VLT-24", "excluded disks are taken", "disks.filter((d) => !excluded.has(d.id))", "disks.filter((d) => d.id)"],
  ]),
  ...inFile("core/app/vaults/start-delete-vault.ts", "api/policies.test.ts", [
    ["VLT-09", "a vault that is deleted stays under its policies", "    ...(await releasingAll(s, vault)),\n", ""],
  ]),
  ...inFile("core/app/vaults/add-resources.ts", "api/vaults.test.ts", [
    [
      "VLT-25",
      "a resource that is added again keeps its choice of disks",
      "{ ...current, name, size, extraInfo, claimedDisks:",
      "{ ...current, name, size, claimedDisks:",
    ],
  ]),
  ...inFile("core/app/vaults/run-removal.ts", "app/remove.test.ts", [
    [
      "VLT-28",
      "a resource that was removed is bound nowhere else",
      "[remove(bindings, binding), ...(await releases(s, binding, claimed))]",
      "[remove(bindings, binding)]",
    ],
  ]),
  ...inFile("core/app/vaults/start-remove-resources.ts", "app/remove.test.ts", [
    [
      "VLT-29",
      "a resource is removed whatever is done with it, but for a restore",
      'refuseObstacle("remove", { resources: [binding.status] }',
      'if (binding.status === "restoring") refuseObstacle("remove", { resources: [binding.status] }',
    ],
  ]),
  ...inFile("core/app/backup/choose-members.ts", "app/capacity.test.ts", [
    [
      "VLT-31",
      "a suspended resource cannot be backed up by hand either",
      "if (autoTrigger && binding.suspended === true)",
      "if (binding.suspended === true)",
    ],
  ]),
  ...inFile("core/app/vaults/migrate-resources.ts", "app/migrate-resources.test.ts", [
    [
      "VLT-40",
      "the vault that resources move to may be in any state",
      'refuseObstacle("migrate", { vault: vault.status }',
      'if (vault.id === ask.source) refuseObstacle("migrate", { vault: vault.status }',
    ],
  ]),
  ...inFile("core/domain/migration.ts", "domain/migration.test.ts", [
    ["VLT-41", "backups that leave no room are moved all the same", "room <= moving", "room < moving"],
    ["VLT-44", "the lock of the other vault counts", "if (source.locked)", "if (destination.locked)"],
  ]),
  ...inFile("core/app/policies/associate-policy.ts", "api/policies.test.ts", [
    [
      "VLT-60",
      "a vault keeps the policy that another one replaces",
      "      ...(old === undefined ? [] : await releasing(s, old)),\n",
      "",
    ],
  ]),
  ...inFile("core/domain/values.ts", "app/vaults-binding.test.ts", [
    ["CAP-01", "used capacity is shown rounded down", "=> Math.ceil(bytes / MIB)", "=> Math.floor(bytes / MIB)"],
  ]),
  ...inFile("core/domain/capacity.ts", "domain/capacity.test.ts", [
    ["CAP-13", "a full vault grows by a fifth", "const GROWTH = 1.25;", "const GROWTH = 1.2;"],
    [
      "CAP-16",
      "a vault grows beyond the largest size",
      "size = Math.min(MAX_GB, Math.ceil(size * GROWTH))",
      "size = Math.ceil(size * GROWTH)",
    ],
    ["CAP-11", "a vault is full only beyond its size", "usedBytes >= gb * GIB;", "usedBytes > gb * GIB;"],
    [
      "CAP-15",
      "auto-expansion that is switched on in a full vault makes it grow",
      "vault.autoExpand && !vault.marks.full",
      "vault.autoExpand",
    ],
    [
      "CAP-25",
      "people are told at every run above the threshold",
      "crossed: marks.above && !vault.marks.above",
      "crossed: marks.above",
    ],
  ]),
  ...inFile("core/app/delete/unlink-part.ts", "app/delete.test.ts", [
    [
      "CAP-03",
      "all that a deleted backup brought is freed, also what the next one needs",
      "difference: change - next.change - gone.change",
      "difference: -gone.change",
    ],
  ]),
  ...inFile("core/app/tell.ts", "app/capacity.test.ts", [
    ["CAP-26", "a silenced vault is told of", "if (vault?.smnNotify !== false) await tell", "await tell"],
  ]),
  ...inFile("core/app/delete/start-deletion.ts", "app/freeze.test.ts", [
    [
      "CAP-37",
      "backups of a frozen vault can be deleted",
      "    vault: vault.status,\n    ...(binding",
      '    vault: vault.status === "frozen" ? "available" : vault.status,\n    ...(binding',
    ],
  ]),
];
