/** Traces of an hour in the order of time: its shards walked together, one page of each in memory. */
import type { Item, RecordStore, SortRange } from "../../ports/record-store.ts";
import { tracePks } from "../records/audit.ts";

const ROWS_AT_ONCE = 250;

interface Walk {
  readonly forward: boolean;
  readonly range?: SortRange | undefined;
}

/** Every trace of these labels (several when the clock was set back), oldest or newest first, read consistently. */
export async function* walkTraces(
  records: RecordStore,
  projectId: string,
  labels: readonly string[],
  walk: Walk,
): AsyncGenerator<Item> {
  const shards = labels.flatMap((label) => tracePks(projectId, label)).map((pk) => walkRows(records, pk, walk));
  const heads = await Promise.all(shards.map((shard) => shard.next()));
  for (;;) {
    let first: number | undefined;
    let item: Item | undefined;
    for (const [n, { value }] of heads.entries()) {
      // Times and ids are ASCII: JavaScript's order is the store's.
      if (!value || (item !== undefined && value.sk < item.sk !== walk.forward)) continue;
      [first, item] = [n, value];
    }
    if (first === undefined || item === undefined) return;
    yield item;
    heads[first] = (await shards[first]?.next()) ?? { done: true, value: undefined };
  }
}

/** Rows of a partition of the base table, consistently. */
export async function* walkRows(
  records: RecordStore,
  pk: string,
  { forward, range }: Walk,
): AsyncGenerator<Item, undefined> {
  let cursor: string | undefined;
  do {
    const page = await records.query({
      pk,
      forward,
      consistent: true,
      limit: ROWS_AT_ONCE,
      ...(range !== undefined && { sk: range }),
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
}
