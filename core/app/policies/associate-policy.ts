/** POST associatepolicy and dissociatepolicy: applies a policy to a vault, or releases the vault from it (VLT-60..62). */
import { badField, fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { checkReplicated, PROFILES, type Profile } from "../../domain/profile.ts";
import { GIB } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { loadLink, type Policy, policyLinks } from "../records/policies.ts";
import type { Versioned } from "../records/record.ts";
import { load, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, RecordServices, Services } from "../services.ts";
import { loadBindings, loadVault, usedBytes } from "../vaults/load-vault.ts";
import { applying, policyStands, releasing, without } from "./bindings.ts";
import { findPolicy } from "./show-policy.ts";

export interface PolicyAsk {
  readonly policyId: string;
  /** Of a replication policy. */
  readonly destinationVaultId?: string | undefined;
}

/**
 * Applies the policy, in place of another one of its type. Doing it again changes nothing.
 * @throws Fault 6000, 6105, 6112, 6118, 6119, 6120, 6122, 6127, 6128, 6129, 6136, 9900
 */
export const associatePolicy = (
  s: Services,
  caller: Caller,
  vaultId: string,
  ask: PolicyAsk,
  profile = PROFILES.huawei,
): Promise<void> =>
  withFreshState(async () => {
    const policy = await findPolicy(s, caller.projectId, ask.policyId);
    const vault = await loadVault(s.records, caller.projectId, vaultId);
    refuseObstacle("edit", { vault: vault.status });
    await checkFit(s, vault, policy, ask.destinationVaultId, profile);
    const present = await loadLink(s.records, policy.id, vaultId);
    if (present !== undefined) {
      if (present.destinationVaultId === ask.destinationVaultId) return;
      const moved = { ...present, ...(ask.destinationVaultId && { destinationVaultId: ask.destinationVaultId }) };
      // Loses to whoever changes the link or the policy, and is decided again.
      await s.records.transact([replace(policyLinks, moved), policyStands(policy)]);
      return;
    }
    const replaced = vault.policies?.[policy.operationType];
    const old = replaced === undefined ? undefined : await loadLink(s.records, replaced, vaultId);
    // The vault is the gate: of two policies that are applied at once, the second one meets the first.
    await s.records.transact([
      replace(vaults, { ...applied(vault, policy), v: vault.v }),
      ...(old === undefined ? [] : await releasing(s, old)),
      ...(await applying(s, policy, vault, ask.destinationVaultId)),
    ]);
  });

/** The vault as it names the policy. */
const applied = (vault: Vault, { operationType, id }: Policy): Vault => ({
  ...vault,
  policies: { ...vault.policies, [operationType]: id },
});

/** @throws Fault 6002 (not applied), 6105, 6112 (the vault is being deleted) */
export const dissociatePolicy = (s: Services, caller: Caller, vaultId: string, policyId: string): Promise<void> =>
  withFreshState(async () => {
    const vault = await loadVault(s.records, caller.projectId, vaultId);
    refuseObstacle("tag", { vault: vault.status });
    const link = await loadLink(s.records, policyId, vaultId);
    if (link === undefined) return fault("6002", `policy ${policyId} is not applied to vault ${vaultId}`);
    await s.records.transact([
      replace(vaults, { ...without(vault, policyId), v: vault.v }),
      ...(await releasing(s, link)),
    ]);
  });

/** The writes that apply a backup policy to a vault that is being created. @throws Fault 6000, 6127, 6136 */
export async function applyingToNew(
  s: Services,
  vault: Vault,
  policyId: string,
): Promise<{ readonly vault: Vault; readonly writes: readonly Write[] }> {
  const policy = await findPolicy(s, vault.projectId, policyId);
  if (policy.operationType !== "backup")
    fault(
      "6127",
      "vault.backup_policy_id: is a replication policy; apply it with its destination once the vault exists",
    );
  // A backup policy: no profile has anything against one.
  await checkFit(s, vault, policy, undefined, PROFILES.huawei);
  return { vault: applied(vault, policy), writes: await applying(s, policy, vault, undefined) };
}

async function checkFit(
  s: RecordServices,
  { id, billing }: Vault,
  policy: Policy,
  destination: string | undefined,
  profile: Profile,
): Promise<void> {
  // VLT-62, SCH-27.
  if (billing.cloudType === "hybrid" && policy.operationType === "backup")
    fault("6136", "a hybrid vault takes no backup policy");
  if (billing.protectType !== "backup")
    fault("6127", "a replication vault takes no policy: it is filled by those of other vaults");
  if (policy.operationType === "backup") return;
  checkReplicated(profile, id, billing.objectType);
  if (destination === undefined || destination === "")
    return badField("destination_vault_id", "is missing: a replication policy needs it");
  await checkDestination(s, billing.objectType, policy, destination);
}

/** VLT-61: it exists in the policy's destination, is a replication vault of the same kind, and has room. */
async function checkDestination(
  s: RecordServices,
  objectType: string,
  { operationDefinition }: Versioned<Policy> | Policy,
  vaultId: string,
): Promise<void> {
  const vault = await load(s.records, vaults, vaultKey(vaultId));
  // A vault elsewhere is as good as none: nobody learns of vaults of other projects.
  if (vault === undefined || vault.projectId !== operationDefinition.destinationProjectId)
    return fault("6120", `destination_vault_id: the destination project has no vault ${vaultId}`);
  if (vault.status !== "available") fault("6118", `destination_vault_id: the vault is ${vault.status}`);
  if (vault.billing.protectType !== "replication")
    fault("6119", `destination_vault_id: ${vaultId} is no replication vault`);
  if (vault.billing.objectType !== objectType)
    fault("6128", `destination_vault_id: ${vaultId} is for ${vault.billing.objectType}s, not for ${objectType}s`);
  if (usedBytes(await loadBindings(s.records, vaultId)) >= vault.billing.size * GIB)
    fault("6129", `destination_vault_id: the ${vault.billing.size} GB of ${vaultId} are used up`);
}
