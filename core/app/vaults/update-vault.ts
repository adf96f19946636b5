/** PUT vaults/{id}: changes what may be changed of a vault (VLT-15); what is absent stays. */

import { easedMarks } from "../../domain/capacity.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import type { ObjectType } from "../../domain/resource-types.ts";
import type { Tag, VaultKind } from "../../domain/vault-rules.ts";
import { checkBindRules, checkChangedLevel, checkChangedSize, checkLock } from "../../domain/vault-rules.ts";
import type { Vault } from "../records/entities.ts";
import { replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { usedBytes } from "./load-vault.ts";
import { capacityOf } from "./settle-capacity.ts";
import { showVault, type VaultWithBindings } from "./show-vault.ts";

export interface VaultChange {
  readonly name?: string | undefined;
  readonly size?: number | undefined;
  readonly consistentLevel?: VaultKind["consistentLevel"] | undefined;
  readonly autoBind?: boolean | undefined;
  /** Empty clears the rules. */
  readonly bindRules?: readonly Tag[] | undefined;
  readonly autoExpand?: boolean | undefined;
  readonly smnNotify?: boolean | undefined;
  readonly threshold?: number | undefined;
  readonly locked?: boolean | undefined;
}

/** @throws Fault 6105, 6112, 6123 (size or specification, while a resource is moved here), 6101, 6110, 9900 */
export const updateVault = (
  s: Services,
  caller: Caller,
  vaultId: string,
  change: VaultChange,
): Promise<VaultWithBindings> =>
  withFreshState(async () => {
    if (change.bindRules !== undefined) checkBindRules(change.bindRules);
    const { vault, bindings } = await showVault(s, caller.projectId, vaultId);
    const { size = vault.billing.size, consistentLevel = vault.billing.consistentLevel } = change;
    const same = size === vault.billing.size && consistentLevel === vault.billing.consistentLevel;
    const resources = bindings.map(({ status }) => status);
    refuseObstacle(same ? "edit" : "change", { vault: vault.status, resources });
    if (size !== vault.billing.size) checkChangedSize(size, usedBytes(bindings));
    checkChangedLevel({ ...vault.billing, objectType: vault.billing.objectType as ObjectType }, consistentLevel);
    if (change.locked !== undefined) checkLock(vault.locked, change.locked);
    const changed: Vault = {
      ...vault,
      name: change.name ?? vault.name,
      billing: { ...vault.billing, size, consistentLevel },
      autoBind: change.autoBind ?? vault.autoBind,
      bindRules: [...(change.bindRules ?? vault.bindRules)],
      autoExpand: change.autoExpand ?? vault.autoExpand,
      smnNotify: change.smnNotify ?? vault.smnNotify,
      threshold: change.threshold ?? vault.threshold,
      locked: change.locked ?? vault.locked,
      updatedAt: s.now(),
    };
    const next = { ...changed, capacity: easedMarks(capacityOf(changed), usedBytes(bindings)) };
    // Loses to any other change of the vault since it was read, and is then decided again.
    await s.records.write(replace(vaults, { ...next, v: vault.v }));
    return { vault: { ...next, v: vault.v + 1 }, bindings };
  });
