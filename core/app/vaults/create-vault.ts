/** POST vaults: a vault with everything that it is created with, or nothing at all (VLT-06). */

import { badField, fault } from "../../domain/fault.ts";
import type { ObjectType } from "../../domain/resource-types.ts";
import {
  checkBindRules,
  checkNewLevel,
  checkNewSize,
  checkResourceCount,
  checkTags,
  MAX_RESOURCES_AT_CREATION,
  type Tag,
  type VaultKind,
} from "../../domain/vault-rules.ts";
import { applyingToNew } from "../policies/associate-policy.ts";
import type { Vault } from "../records/entities.ts";
import { bindings, insert, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { firstMetering } from "../time/metering.ts";
import { bindBySaga, fitsOneTransaction } from "./bind.ts";
import { claimWrites } from "./claims.ts";
import { type BindingPlan, newBinding, planBindings, type ResourceAsk } from "./plan-bindings.ts";
import { showVault, type VaultWithBindings } from "./show-vault.ts";

/** What a vault is created with; names, texts and numbers have passed the request schema. */
export interface VaultDraft {
  readonly name: string;
  readonly description: string;
  readonly billing: VaultKind & { readonly objectType: ObjectType; readonly size: number; readonly isMultiAz: boolean };
  readonly resources: readonly ResourceAsk[];
  readonly tags: readonly Tag[];
  readonly enterpriseProjectId: string;
  readonly autoBind: boolean;
  readonly bindRules: readonly Tag[];
  readonly autoExpand: boolean;
  readonly smnNotify: boolean;
  readonly threshold: number;
  readonly locked: boolean;
  readonly backupNamePrefix: string;
  readonly demandBilling: boolean;
  readonly availabilityZone: string;
  readonly sysLockSourceService: string;
  /** Applied from the beginning. */
  readonly backupPolicyId?: string | undefined;
}

/** The policy's check, its link, and the run and due work of its first point. */
const WRITES_OF_POLICY = 4;

/**
 * Creates the vault; it is available at once (VLT-01).
 * @throws Fault 6000, 6127, 6136 (policy), 6101, 6600, 9900, 6100, 6108, 6102, 6103, 6104, 6137, 7000, 7003, 7100, 7101, 7108 …
 */
export async function createVault(s: Services, caller: Caller, draft: VaultDraft): Promise<VaultWithBindings> {
  checkNewSize(draft.billing.size);
  checkNewLevel(draft.billing);
  checkTags(draft.tags);
  checkBindRules(draft.bindRules);
  if (draft.demandBilling) badField("vault.demand_billing", "only prepaid vaults may set it, and there are none here");
  checkResourceCount(draft.resources.length, MAX_RESOURCES_AT_CREATION);
  if (draft.billing.protectType === "replication" && draft.resources.length > 0)
    fault("6108", "a replication vault takes no resources");
  const plans = await planBindings(s, draft.billing.objectType, draft.resources);

  const now = s.now();
  const { resources: _, backupPolicyId, ...fields } = draft;
  const vault: Vault = {
    ...fields,
    schema: 1,
    id: s.newId(),
    projectId: caller.projectId,
    userId: caller.userId,
    createdAt: now,
    updatedAt: now,
    status: "available",
    billing: { ...draft.billing, chargingMode: "post_paid" },
    tags: [...draft.tags],
    bindRules: [...draft.bindRules],
  };
  await record(s, vault, plans, backupPolicyId);
  return showVault(s, caller.projectId, vault.id);
}

async function record(
  s: Services,
  vault: Vault,
  plans: readonly BindingPlan[],
  policyId: string | undefined,
): Promise<void> {
  const claimant = { projectId: vault.projectId, vaultId: vault.id, saga: s.newId() };
  const wanted = plans.map((plan) => ({ plan, update: false }));
  const header = async () => {
    const metering = firstMetering(vault.id, vault.createdAt);
    if (policyId === undefined) return [insert(vaults, vault), metering];
    const applied = await applyingToNew(s, vault, policyId);
    return [insert(vaults, applied.vault), metering, ...applied.writes];
  };
  if (!fitsOneTransaction(wanted, policyId === undefined ? 0 : WRITES_OF_POLICY)) {
    // A policy that does not fit is refused before anything is claimed, and again when it has changed meanwhile.
    await header();
    // Until the commit writes its item, the vault is a 404 and its bindings are nobody's.
    await bindBySaga(s, claimant, "create", wanted, header);
    return;
  }
  await withFreshState(async () => {
    const claims = await claimWrites(s, claimant, plans);
    const rows = plans.map((plan) => insert(bindings, newBinding(plan, vault.id, vault.projectId, vault.createdAt)));
    await s.records.transact([...(await header()), ...rows, ...claims.flat()]);
  });
}
