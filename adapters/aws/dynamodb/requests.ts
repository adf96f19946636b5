/**
 * How does a write become one DynamoDB request, alone or as part of a transaction?
 *
 * An item whose ttl has passed is absent in every condition, though it still stands there. `now` is the caller's clock:
 * DynamoDB's expressions have none.
 */
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import type { Condition, Item, Write } from "../../../core/ports/record-store.ts";
import { type Attributes, counterAttribute, keyAttributes, type Stamp, toAttributes } from "./attributes.ts";

/** What all requests of one attempt share. */
export interface Attempt {
  readonly table: string;
  /** Epoch seconds. */
  readonly now: number;
  readonly stamp: Stamp;
}

/** A condition with the names and values it uses: DynamoDB refuses one that is given and not used. */
interface Clause {
  readonly text: string;
  readonly names: Record<string, string>;
  readonly values: Attributes;
}

interface Conditional {
  readonly TableName: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Attributes;
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD";
}

type Add = Extract<Write, { readonly op: "add" }>;

/**
 * The request of a write; exactly one member is set.
 *
 * An `add` takes what stands there for alive or truly absent. An expired item has to be replaced as a whole, which only a
 * put can do: with `fresh` the caller says that it has seen one.
 */
export function requestOf(write: Write, attempt: Attempt, fresh = false): TransactWriteItem {
  if (write.op === "add") return addRequest(write, attempt, fresh);
  if (write.op === "put") {
    return { Put: { Item: toAttributes(write.item, attempt.stamp), ...conditional(attempt, write.if) } };
  }
  const Key = keyAttributes(write.key);
  if (write.op === "delete") return { Delete: { Key, ...conditional(attempt, write.if) } };
  const { ConditionExpression = "", ...rest } = conditional(
    attempt,
    write.if,
    ...(write.if === "any" ? [ANYTHING] : []),
  );
  return { ConditionCheck: { Key, ConditionExpression, ...rest } };
}

/** Whether an `add` is sent as the put of a new item. */
export function isCreation(write: Write, fresh: boolean): boolean {
  return write.op === "add" && (write.if === "absent" || (write.if === "any" && fresh));
}

/** Whether a condition holds for the item that stands there, whose ttl has not passed. */
export function holds(condition: Condition, current: Item | undefined): boolean {
  if (condition === "any") return true;
  if (condition === "absent") return current === undefined;
  return current !== undefined && (condition === "present" || current.v === condition.v);
}

/** For checks, which must have a condition; one that asks for nothing still takes part in the transaction's isolation. */
const ANYTHING: Clause = {
  text: "(attribute_exists(#pk) OR attribute_not_exists(#pk))",
  names: { "#pk": "pk" },
  values: {},
};

function addRequest(write: Add, attempt: Attempt, fresh: boolean): TransactWriteItem {
  if (isCreation(write, fresh)) {
    const item: Item = { pk: write.key.pk, sk: write.key.sk, v: 1, counters: write.counters, body: {} };
    return { Put: { Item: toAttributes(item, attempt.stamp), ...conditional(attempt, "absent") } };
  }
  const creates = write.if === "any";
  const counters = Object.entries(write.counters);
  const set = ["#w = :w", ...(creates ? ["#v = if_not_exists(#v, :one)", "#b = if_not_exists(#b, :empty)"] : [])];
  const { ExpressionAttributeNames, ExpressionAttributeValues, ...rest } = conditional(
    attempt,
    write.if,
    ...(creates ? [alive(attempt.now)] : []),
    ...counters.map(([name, by], i) => staysExact(name, by, i)),
  );
  const update = {
    Key: keyAttributes(write.key),
    UpdateExpression: `SET ${set.join(", ")} ADD ${counters.map((_, i) => `#c${i} :c${i}`).join(", ")}`,
    ExpressionAttributeNames: {
      ...ExpressionAttributeNames,
      "#w": "w",
      ...(creates && { "#v": "v", "#b": "body" }),
    },
    ExpressionAttributeValues: {
      ...ExpressionAttributeValues,
      ":w": { B: attempt.stamp },
      ...(creates && { ":one": { N: "1" }, ":empty": { S: "{}" } }),
    },
    ...rest,
  };
  return { Update: update };
}

/** The counter's own names and values, and the bound that keeps its sum an exact integer in JavaScript (2^53 - 1). */
function staysExact(name: string, by: number, i: number): Clause {
  const names = { [`#c${i}`]: counterAttribute(name) };
  const added = { [`:c${i}`]: { N: String(by) } };
  const [compare, bound] = by < 0 ? [">=", Number.MIN_SAFE_INTEGER - by] : ["<=", Number.MAX_SAFE_INTEGER - by];
  return {
    text: `(attribute_not_exists(#c${i}) OR #c${i} ${compare} :m${i})`,
    names,
    values: { ...added, [`:m${i}`]: { N: String(bound) } },
  };
}

/** Table and condition of a request, which answers a failed condition with what stands there. */
function conditional({ table, now }: Attempt, condition: Condition, ...more: readonly Clause[]): Conditional {
  const clauses = [...clausesOf(condition, now), ...more];
  if (clauses.length === 0) return { TableName: table };
  const values: Attributes = Object.assign({}, ...clauses.map((clause) => clause.values));
  return {
    TableName: table,
    ConditionExpression: clauses.map((clause) => clause.text).join(" AND "),
    ExpressionAttributeNames: Object.assign({}, ...clauses.map((clause) => clause.names)),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

function clausesOf(condition: Condition, now: number): readonly Clause[] {
  if (condition === "any") return [];
  if (condition === "absent") {
    const text = "(attribute_not_exists(#pk) OR #ttl <= :now)";
    return [{ text, names: { "#pk": "pk", "#ttl": "ttl" }, values: { ":now": { N: String(now) } } }];
  }
  if (condition === "present") {
    return [{ text: "attribute_exists(#pk)", names: { "#pk": "pk" }, values: {} }, alive(now)];
  }
  return [{ text: "#v = :v", names: { "#v": "v" }, values: { ":v": { N: String(condition.v) } } }, alive(now)];
}

/** Holds for what is not there at all, too. */
function alive(now: number): Clause {
  return {
    text: "(attribute_not_exists(#ttl) OR #ttl > :now)",
    names: { "#ttl": "ttl" },
    values: { ":now": { N: String(now) } },
  };
}
