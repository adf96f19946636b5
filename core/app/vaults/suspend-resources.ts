/** PUT set-resources: switches automatic backup of single resources off and on again (VLT-31; D-12: suspend = off). */
import { fault } from "../../domain/fault.ts";
import { busyCode } from "../../domain/statuses.ts";
import { checkStable } from "../../domain/vault-rules.ts";
import type { Binding } from "../records/entities.ts";
import type { Versioned } from "../records/record.ts";
import { bindings, replace } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { showVault } from "./show-vault.ts";

/** One write a resource: below DynamoDB's 100 a transaction. */
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
      const rows = await chosen(s, caller, vaultId, ids);
      // Loses to whoever starts or ends something on a resource, or removes it, since it was read; then all is read again.
      await s.records.transact(rows.map((binding) => replace(bindings, { ...binding, suspended })));
    });
  }
}

async function chosen(
  s: Services,
  caller: Caller,
  vaultId: string,
  ids: readonly string[],
): Promise<readonly Versioned<Binding>[]> {
  const { vault, bindings: rows } = await showVault(s, caller.projectId, vaultId);
  checkStable(vault.status);
  const bound = new Map(rows.map((b) => [b.resourceId, b]));
  return ids.map((id) => {
    const binding = bound.get(id) ?? fault("6135", `resource ${id} is not in this vault`);
    if (binding.status === "removing") fault("6134", `resource ${id}: ${busyCode("removing", "remove")?.why}`);
    return binding;
  });
}
