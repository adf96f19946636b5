/** Is everything as it must be when nothing runs: nothing half-made visible, every number right, every backup whole? */
import type { BackupView, VaultView } from "../support/api-client.ts";
import { differenceOf, type Version } from "./image.ts";
import { type RecordFacts, readFacts, storedRoots, temporaryObjects } from "./record-facts.ts";
import type { World } from "./world.ts";

const TERMINAL = ["available", "error"];

/** Problems in words; empty when the service shows and keeps nothing that is not whole. Nothing is changed. */
export async function problemsOf(world: World): Promise<readonly string[]> {
  const problems: string[] = [];
  const must = (holds: boolean, otherwise: string): void => {
    if (!holds) problems.push(otherwise);
  };
  const facts = readFacts(world.work);
  const backups = await world.backups();
  const vaults = await world.vaults();

  for (const { id, status } of backups) must(TERMINAL.includes(status), `backup ${id} is ${status}`);
  for (const task of await world.tasks("?status=running")) must(false, `task ${task.id} ${task.operation_type} runs`);
  for (const vault of vaults) {
    must(vault.billing.status === "available", `vault ${vault.id} is ${vault.billing.status}`);
    for (const { id, protect_status } of vault.resources)
      must(TERMINAL.includes(protect_status), `resource ${id} is ${protect_status}`);
  }
  for (const checkpointId of new Set(backups.map((b) => b.checkpoint_id))) {
    const { checkpoint } = await world.api.get<{ checkpoint: { status: string } }>(`/checkpoints/${checkpointId}`);
    must(TERMINAL.includes(checkpoint.status), `checkpoint ${checkpointId} is ${checkpoint.status}`);
  }

  for (const run of facts.openRuns) must(false, `run ${run} is open`);
  // On one machine a small record; elsewhere a snapshot that costs money for ever.
  for (const capture of facts.captures) must(false, `capture ${capture} was never released`);
  for (const member of facts.protectingMembers) must(false, `member ${member} is protecting`);
  for (const name of temporaryObjects(world.work)) must(false, `temporary object ${name} was left`);
  checkBindings(facts, backups, vaults, must);
  checkRoots(facts, backups, storedRoots(world.work), must);
  checkUsed(world, facts, backups, vaults, must);
  return problems;
}

type Must = (holds: boolean, otherwise: string) => void;

function checkBindings(facts: RecordFacts, backups: readonly BackupView[], vaults: readonly VaultView[], must: Must) {
  for (const binding of facts.bindings) {
    const name = `binding of ${binding.resourceId}`;
    must(!binding.leased, `${name} is leased`);
    must(
      vaults.some((v) => v.id === binding.vaultId),
      `${name}: its vault is gone`,
    );
    const own = backups.filter((b) => b.vault_id === binding.vaultId && b.resource_id === binding.resourceId);
    must(own.length === binding.backups, `${name} counts ${binding.backups} backups, there are ${own.length}`);
  }
  const bound = facts.bindings.map((b) => b.resourceId).toSorted();
  must(bound.join() === facts.claims.toSorted().join(), `claims ${facts.claims} are not the bindings ${bound}`);
}

/** A root for every backup that is available or can come back; no other one but what a binding compares with or a deletion waits for. */
function checkRoots(facts: RecordFacts, backups: readonly BackupView[], roots: readonly string[], must: Must) {
  const available = backups.filter((b) => b.status === "available").map((b) => b.id);
  for (const id of available) must(roots.includes(id), `available backup ${id} has no root`);
  for (const id of facts.trashed) must(roots.includes(id), `backup ${id} in the trash has no root`);
  const known = new Set([
    ...available,
    ...facts.trashed,
    ...facts.intents,
    ...facts.bindings.flatMap((b) => b.baselines),
  ]);
  for (const root of roots) must(known.has(root), `root ${root} belongs to nothing`);
}

/** `used` against a count from the images' known contents, in the records to the byte and on the wire in MB. */
function checkUsed(
  world: World,
  facts: RecordFacts,
  backups: readonly BackupView[],
  vaults: readonly VaultView[],
  must: Must,
) {
  const inOrder = backups
    .filter((b) => b.vault_id === world.vaultId && b.status === "available")
    .toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1))
    .map((b) => b.id);
  const chain = facts.chains.get(`${world.vaultId}#${world.diskId}`) ?? [];
  must(chain.join() === inOrder.join(), `the chain is ${chain}, the backups are ${inOrder}`);
  let counted = 0;
  let before: Version | undefined;
  for (const id of inOrder) {
    const version = world.versions.get(id);
    if (version === undefined) return must(false, `backup ${id}: nobody asked for it`);
    counted += differenceOf(before, version, world.imageBytes);
    before = version;
  }
  const binding = facts.bindings.find((b) => b.vaultId === world.vaultId);
  must(binding?.used === counted, `used is ${binding?.used}, counted are ${counted}`);
  const shown = vaults.find((v) => v.id === world.vaultId)?.billing.used;
  must(shown === Math.ceil(counted / 1024 ** 2), `the vault shows ${shown} MB used, counted are ${counted} bytes`);
}
