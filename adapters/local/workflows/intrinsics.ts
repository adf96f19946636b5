/**
 * Which intrinsic functions a definition may call. States.UUID and States.MathRandom are left out on purpose: a replay
 * after a crash would give the tasks behind them another input.
 */
import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "../../../core/ports/record-store.ts";
import { canonical } from "./canonical.ts";

type Intrinsic = (args: readonly JsonValue[]) => JsonValue;

/** `States.<key>`; each throws TypeError on wrong arguments. */
export const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Array: (args) => args,
  ArrayContains: ([list, value]) => array(list).some((each) => canonical(each) === canonical(value ?? null)),
  ArrayGetItem: ([list, index]) => {
    const value = array(list)[number(index)];
    if (value === undefined) throw new TypeError(`no item ${index}`);
    return value;
  },
  ArrayLength: ([list]) => array(list).length,
  ArrayRange: ([first, last, step]) => {
    const [from, to, by] = [number(first), number(last), number(step)];
    const length = Math.floor((to - from) / by) + 1;
    // 1,000 is the language's own limit.
    if (by === 0 || length > 1000) throw new TypeError("at most 1,000 items and a step other than 0");
    return Array.from({ length: Math.max(length, 0) }, (_, i) => from + i * by);
  },
  Format: ([template, ...values]) => {
    let next = 0;
    const text = string(template).replace(/\\([{}])|\{\}/g, (found, brace: string | undefined) => {
      if (brace !== undefined) return brace;
      const value = values[next++];
      if (value === undefined) throw new TypeError(`${found} number ${next} has no argument`);
      return typeof value === "string" ? value : JSON.stringify(value);
    });
    if (next !== values.length) throw new TypeError("more arguments than {}");
    return text;
  },
  Hash: ([value, algorithm]) => {
    const name = string(algorithm);
    if (!["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"].includes(name)) throw new TypeError(`no algorithm ${name}`);
    return createHash(name.replace("-", "")).update(string(value)).digest("hex");
  },
  JsonMerge: ([first, second, deep]) => {
    if (deep !== false) throw new TypeError("only shallow merging (false) exists");
    return { ...object(first), ...object(second) };
  },
  JsonToString: ([value]) => JSON.stringify(value),
  MathAdd: ([first, second]) => Math.round(number(first)) + Math.round(number(second)),
  StringSplit: ([text, separators]) => {
    const set = new Set(string(separators));
    const parts: string[] = [""];
    for (const character of string(text)) {
      if (set.has(character)) parts.push("");
      else parts[parts.length - 1] += character;
    }
    return parts.filter((part) => part !== "");
  },
  StringToJson: ([text]) => JSON.parse(string(text)) as JsonValue,
};

function array(value: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new TypeError("an array is needed");
  return value as readonly JsonValue[];
}

function number(value: JsonValue | undefined): number {
  if (typeof value !== "number") throw new TypeError("a number is needed");
  return value;
}

function string(value: JsonValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("a string is needed");
  return value;
}

function object(value: JsonValue | undefined): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("an object is needed");
  return value as JsonObject;
}
