/** How are records read: one, up to a hundred, a page? */
import {
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { fromCursor, toCursor } from "../../../core/ports/record-cursors.ts";
import type { Item, Key, Page, Query, SortRange } from "../../../core/ports/record-store.ts";
import { Throttled } from "../../../core/ports/record-store.ts";
import { type Attributes, keyAttributes, text, toLiveItem } from "./attributes.ts";
import { portError } from "./errors.ts";
import { recordsTable } from "./table.ts";

/** What reads need. */
export interface ReadContext {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly nowSeconds: () => number;
  /** Waits before the attempt of this number, 1 being the second. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Times that a batch may come back with nothing at all of what was asked. */
const EMPTY_ANSWERS = 6;

/** One item. @throws Throttled */
export async function readOne(context: ReadContext, key: Key, consistent: boolean): Promise<Item | undefined> {
  const command = new GetItemCommand({
    TableName: context.table,
    Key: keyAttributes(key),
    ConsistentRead: consistent,
  });
  const { Item } = await context.client.send(command).catch(rethrow);
  return toLiveItem(Item, context.nowSeconds());
}

/**
 * At most 100 items, in the order asked. DynamoDB refuses a key given twice, and leaves out what would make the answer
 * larger than 16 MB or is throttled: that is asked for again. @throws Throttled
 */
export async function readMany(
  context: ReadContext,
  keys: readonly Key[],
  consistent: boolean,
): Promise<readonly (Item | undefined)[]> {
  const found = new Map<string, Attributes>();
  let asked = [...new Map(keys.map((key) => [nameOf(key), keyAttributes(key)])).values()];
  let empty = 0;
  while (asked.length > 0) {
    const request = { [context.table]: { Keys: asked, ConsistentRead: consistent } };
    const answer = await context.client.send(new BatchGetItemCommand({ RequestItems: request })).catch(rethrow);
    const items = Object.values(answer.Responses ?? {}).flat();
    for (const item of items) found.set(nameOf({ pk: text(item, "pk"), sk: text(item, "sk") }), item);
    asked = Object.values(answer.UnprocessedKeys ?? {}).flatMap((rest) => rest.Keys ?? []);
    if (asked.length === 0) break;
    empty = items.length === 0 ? empty + 1 : 0;
    if (empty === EMPTY_ANSWERS) throw new Throttled(`${asked.length} keys of a batch stayed unprocessed`);
    if (empty > 0) await context.pause(empty);
  }
  const now = context.nowSeconds();
  return keys.map((key) => toLiveItem(found.get(nameOf(key)), now));
}

/**
 * One page. Expired items are left out here rather than by a filter of DynamoDB's, which would cost the same reads and
 * put the rule for ttl in a second place; so a page may be short, or empty with a cursor. @throws Throttled, LimitExceeded
 */
export async function readPage(context: ReadContext, query: Query): Promise<Page> {
  const answer = await context.client.send(new QueryCommand(toInput(context.table, query))).catch(rethrow);
  const now = context.nowSeconds();
  const items = (answer.Items ?? []).flatMap((one) => toLiveItem(one, now) ?? []);
  const last = answer.LastEvaluatedKey;
  if (last === undefined) return { items };
  return {
    items,
    cursor: toCursor(
      query,
      placeNames(query).map((name) => text(last, name)),
    ),
  };
}

function toInput(table: string, query: Query): QueryCommandInput {
  const { partitionKey, sortKey } = keysOf(query);
  const range = rangeOf(query.sk);
  return {
    TableName: table,
    ...(query.index !== undefined && { IndexName: recordsTable.indexes[query.index].name }),
    KeyConditionExpression: range === undefined ? "#pk = :pk" : `#pk = :pk AND ${range.text}`,
    ExpressionAttributeNames: { "#pk": partitionKey, ...(range !== undefined && { "#sk": sortKey }) },
    ExpressionAttributeValues: { ":pk": { S: query.pk }, ...range?.values },
    ScanIndexForward: query.forward ?? true,
    Limit: query.limit,
    ConsistentRead: query.consistent ?? false,
    ...(query.cursor !== undefined && { ExclusiveStartKey: startKey(query, query.cursor) }),
  };
}

function keysOf(query: Query): { readonly partitionKey: string; readonly sortKey: string } {
  return query.index === undefined ? recordsTable : recordsTable.indexes[query.index];
}

/** DynamoDB takes one condition on the sort key, so both bounds are one BETWEEN, inclusive like ours. */
function rangeOf(range: SortRange | undefined): { readonly text: string; readonly values: Attributes } | undefined {
  const { from, to, prefix } = range ?? {};
  if (prefix !== undefined) return { text: "begins_with(#sk, :prefix)", values: { ":prefix": { S: prefix } } };
  if (from !== undefined && to !== undefined) {
    return { text: "#sk BETWEEN :from AND :to", values: { ":from": { S: from }, ":to": { S: to } } };
  }
  if (from !== undefined) return { text: "#sk >= :from", values: { ":from": { S: from } } };
  if (to !== undefined) return { text: "#sk <= :to", values: { ":to": { S: to } } };
  return undefined;
}

/** The attributes that, beside the query's own partition key, say where a page ended. */
function placeNames(query: Query): readonly string[] {
  return query.index === undefined ? ["sk"] : [keysOf(query).sortKey, "pk", "sk"];
}

function startKey(query: Query, cursor: string): Attributes {
  const place = fromCursor(query, cursor);
  const key: Attributes = { [keysOf(query).partitionKey]: { S: query.pk } };
  for (const [i, name] of placeNames(query).entries()) key[name] = { S: place[i] ?? "" };
  return key;
}

/** A list as JSON, so that no choice of pk and sk can look like another pair. */
function nameOf({ pk, sk }: Key): string {
  return JSON.stringify([pk, sk]);
}

function rethrow(error: unknown): never {
  throw portError(error);
}
