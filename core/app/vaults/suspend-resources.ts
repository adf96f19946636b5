/** PUT set-resources: switches automatic backup of single resources off and on again (VLT-31; D-12: suspend = off). */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import type { Binding, Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, replace } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { showVault } from "./show-vault.ts";

/** One write a resource and the vault's check: below DynamoDB's 100 a transaction. */
const PER_TRANSACTION = 90;

/**
 * Up to 90 resources are all or nothing; more go in chunks, each checked before any is changed.
 * @throws Fault 6105, 6112, 6104, 6135, 6134
 */
export async function suspendResources(
  s: Services,
  caller: Caller,
  vaultId: string,
  resourceIds: readonly string[],
  suspended: boolean,
): Promise<void> {
  if (new Set(resourceIds).size < resourceIds.length) fault("6104", "resource_ids: a resource is named twice");
  await chosen(s, caller, vaultId, resourceIds);
  for (let i = 0; i < resourceIds.length; i += PER_TRANSACTION) {
    const ids = resourceIds.slice(i, i + PER_TRANSACTION);
    await withFreshState(async () => {
      const { vault, rows } = await chosen(s, caller, vaultId, ids);
      // Loses to whoever starts or ends something on a resource, removes it, or deletes the vault, since they were read; then all
      // is read again.
      await s.records.transact([
        { op: "check", key: vaultKey(vaultId), if: { v: vault.v } },
        ...rows.map((binding) => replace(bindings, { ...binding, suspended })),
      ]);
    });
  }
}

async function chosen(
  s: Services,
  caller: Caller,
  vaultId: string,
  ids: readonly string[],
): Promise<{ readonly vault: Versioned<Vault>; readonly rows: readonly Versioned<Binding>[] }> {
  const { vault, bindings: all } = await showVault(s, caller.projectId, vaultId);
  refuseObstacle("bind", { vault: vault.status });
  const bound = new Map(all.map((b) => [b.resourceId, b]));
  const rows = ids.map((id) => {
    const binding = bound.get(id) ?? fault("6135", `resource ${id} is not in this vault`);
    refuseObstacle("bind", { resources: [binding.status] }, `resource ${id}`);
    return binding;
  });
  return { vault, rows };
}
