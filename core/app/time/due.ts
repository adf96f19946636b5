/** Due work: what must be looked at by a certain time, whoever dies in between. */
import type { Instant } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import type { Due } from "../records/entities.ts";
import { DUE_SHARDS, dueKey } from "../records/keys.ts";
import { insertAt } from "../records/tables.ts";

/** A run is looked at this often: started when its start was lost, closed when it ended badly, else looked at again. */
export const WATCH_EVERY_MS = 10 * 60 * 1000;

/** Spreads due items evenly and always to the same shard for one name. */
export function shardOf(name: string): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return sum % DUE_SHARDS;
}

const watchKey = (at: Instant, due: Pick<Due, "workflow" | "name">) =>
  dueKey(shardOf(due.name), at, "run", `${due.workflow}#${due.name}`);

/** The write that makes the tick watch over an execution that is about to be started. */
export const watchRun = (now: Instant, due: Omit<Due, "schema">): Extract<Write, { readonly op: "put" }> =>
  insertAt({ key: watchKey(now + WATCH_EVERY_MS, due) }, { schema: 1, ...due } satisfies Due);
