/** Use cases: an operator freezes a server or disk, for which nobody pays, say; then no run backs it up (VLT-22). */
import { ConditionFailed } from "../../../ports/record-store.ts";
import { type FrozenResource, frozenResourceKey, frozenResources } from "../../records/frozen-resources.ts";
import { insertAt } from "../../records/tables.ts";
import type { AdminResult } from "./orders.ts";
import type { AdminServices } from "./services.ts";

const view = (resourceId: string, frozen: boolean): { readonly resource: string; readonly frozen: boolean } => ({
  resource: resourceId,
  frozen,
});

/**
 * It can still be bound, its backups stay, and what runs on it comes to its end. Twice is once. Whether such a resource exists is
 * not asked: one that is away for a while comes back frozen.
 */
export async function freezeResource({ records, now }: AdminServices, resourceId: string): Promise<AdminResult> {
  try {
    await records.write(
      insertAt({ key: frozenResourceKey(resourceId) }, { schema: 1, resourceId, at: now() } satisfies FrozenResource),
    );
  } catch (error) {
    // Somebody froze it before.
    if (!(error instanceof ConditionFailed)) throw error;
  }
  return view(resourceId, true);
}

/** The next run backs it up again. One that is not frozen stays so. */
export async function unfreezeResource({ records }: AdminServices, resourceId: string): Promise<AdminResult> {
  // Idempotent: whoever else deletes the row wants the same.
  await records.write({ op: "delete", key: frozenResourceKey(resourceId), if: "any" });
  return view(resourceId, false);
}

/** All frozen resources, in id order. */
export async function listFrozen({ records }: AdminServices): Promise<AdminResult> {
  const rows = await frozenResources(records);
  return rows.map(({ resourceId, at }) => ({ ...view(resourceId, true), since: new Date(at).toISOString() }));
}
