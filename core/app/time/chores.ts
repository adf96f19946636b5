/** Due work that the tick does by itself, without an execution: dates, retention rules, the trash. */
import { TransactionRefused } from "../../ports/record-store.ts";
import { purgeTrashed } from "../delete/purge-trashed.ts";
import type { Due } from "../records/entities.ts";
import { dueKey } from "../records/keys.ts";
import { insertAt } from "../records/tables.ts";
import { lookAtDate, lookAtResource } from "../retention/look.ts";
import type { Services } from "../services.ts";
import { shardOf } from "./due.ts";

const CHORES = { expiry: lookAtDate, retention: lookAtResource, purge: purgeTrashed } as const;

/** Whether no execution does this work. */
export const isChore = (workflow: Due["workflow"]): workflow is keyof typeof CHORES => workflow in CHORES;

/** Does it, and promises the next look if there is to be one. A crash in between does it again, which is harmless. */
export async function doChore(
  s: Services,
  chore: keyof typeof CHORES,
  due: Due,
  key: { readonly pk: string; readonly sk: string },
): Promise<void> {
  const next = await CHORES[chore](s, due);
  const { name } = due;
  try {
    // Loses to another tick that did the same.
    await s.records.transact([
      { op: "delete", key, if: "present" },
      ...(next === undefined ? [] : [insertAt({ key: dueKey(shardOf(name), next, chore, name) }, due)]),
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}
