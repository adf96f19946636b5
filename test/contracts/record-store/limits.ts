/** Which limits does every record store enforce, so that what works on one machine works on AWS? */
import { describe, expect, test } from "vitest";
import type { Item, JsonObject, JsonValue, Query, Write } from "../../../core/ports/record-store.ts";
import { LimitExceeded } from "../../../core/ports/record-store.ts";
import { item, sortKeys } from "./reading.ts";
import type { Current } from "./under-test.ts";

const put = (one: Item): Write & { op: "put" } => ({ op: "put", item: one, if: "any" });
const puts = (count: number) => Array.from({ length: count }, (_, i) => put(item({ sk: `s${i}` })));

function nested(levels: number): JsonValue {
  return levels === 0 ? 1 : { a: nested(levels - 1) };
}

const badItems: Readonly<Record<string, Item>> = {
  "an empty pk": item({ pk: "", sk: "a" }),
  "an empty sk": item({ sk: "" }),
  "a pk of 2,049 bytes": item({ pk: `${"é".repeat(1024)}x`, sk: "a" }),
  "an sk of 1,025 bytes": item({ sk: `${"é".repeat(512)}x` }),
  "half a surrogate pair as key": item({ sk: "a\uD800" }),
  "an empty index pk": item({ sk: "a", g1: { pk: "", sk: "a" } }),
  "an empty index sk": item({ sk: "a", g2: { pk: "a", sk: "" } }),
  "an index pk of 2,049 bytes": item({ sk: "a", g3: { pk: "x".repeat(2049), sk: "a" } }),
  "an index sk of 1,025 bytes": item({ sk: "a", g1: { pk: "a", sk: "x".repeat(1025) } }),
  "a version that is no whole number": item({ sk: "a", v: 1.5 }),
  "version 0": item({ sk: "a", v: 0 }),
  "a ttl that is no whole number": item({ sk: "a", ttl: 1.5 }),
  "a counter that is no whole number": item({ sk: "a", counters: { n: 0.1 } }),
  "NaN in the body": item({ sk: "a", body: { list: [1, Number.NaN] } }),
  "a number beyond DynamoDB's": item({ sk: "a", body: { n: 1e126 } }),
  "a body of 33 levels": item({ sk: "a", body: nested(32) as JsonObject }),
  "400 KB in the body": item({ sk: "a", body: { text: "x".repeat(400 * 1024) } }),
  "400 KB of short entries": item({ sk: "a", body: { list: Array.from({ length: 20_000 }, () => 1) } }),
};

const badQueries: Readonly<Record<string, Query>> = {
  "limit 0": { pk: "P", limit: 0 },
  "limit 1,001": { pk: "P", limit: 1001 },
  "limit 1.5": { pk: "P", limit: 1.5 },
  "an empty pk": { pk: "", limit: 1 },
  "prefix with from": { pk: "P", limit: 1, sk: { prefix: "a", from: "a" } },
  "prefix with to": { pk: "P", limit: 1, sk: { prefix: "a", to: "a" } },
  "an empty prefix": { pk: "P", limit: 1, sk: { prefix: "" } },
  "from after to": { pk: "P", limit: 1, sk: { from: "\u{10000}", to: "\uFFFD" } },
  "a consistent read of an index": { pk: "P", limit: 1, index: "g1", consistent: true },
};

export function limitPromises(given: Current): void {
  describe("limits", () => {
    for (const [what, bad] of Object.entries(badItems)) {
      test(`an item with ${what} is refused, alone and in a transaction, and nothing is written`, async () => {
        const { store } = given();
        await expect(store.write(put(bad))).rejects.toBeInstanceOf(LimitExceeded);
        await expect(store.transact([put(item({ sk: "fine" })), put(bad)])).rejects.toBeInstanceOf(LimitExceeded);
        expect(await sortKeys(store, { pk: "P" })).toEqual([]);
      });
    }

    test("keys as long as allowed and an item just below 400 KB are kept", async () => {
      const { store } = given();
      const big = item({ pk: "é".repeat(1024), sk: "é".repeat(512), body: { text: "x".repeat(400 * 1024 - 3500) } });
      await store.write(put(big));
      expect(await store.get(big, { consistent: true })).toEqual(big);
    });

    for (const [what, query] of Object.entries(badQueries)) {
      test(`a query with ${what} is refused`, async () => {
        await expect(given().store.query(query)).rejects.toBeInstanceOf(LimitExceeded);
      });
    }

    test("a transaction takes 1 to 100 writes", async () => {
      const { store } = given();
      await expect(store.transact([])).rejects.toBeInstanceOf(LimitExceeded);
      await expect(store.transact(puts(101))).rejects.toBeInstanceOf(LimitExceeded);
      expect(await sortKeys(store, { pk: "P" })).toEqual([]);
      await store.transact(puts(100));
      expect(await sortKeys(store, { pk: "P" })).toHaveLength(100);
    });

    test("two writes of one transaction on one key are refused, a check counts too", async () => {
      const { store } = given();
      const check: Write = { op: "check", key: { pk: "P", sk: "s1" }, if: "absent" };
      await expect(store.transact([...puts(2), check])).rejects.toBeInstanceOf(LimitExceeded);
      expect(await sortKeys(store, { pk: "P" })).toEqual([]);
    });

    test("a transaction above 4 MB is refused", async () => {
      const { store } = given();
      const big = Array.from({ length: 11 }, (_, i) => put(item({ sk: `s${i}`, body: { text: "x".repeat(390_000) } })));
      await expect(store.transact(big)).rejects.toBeInstanceOf(LimitExceeded);
      expect(await sortKeys(store, { pk: "P" })).toEqual([]);
      await store.transact(big.slice(0, 10));
      expect(await sortKeys(store, { pk: "P" })).toHaveLength(10);
    });

    test("getMany takes at most 100 keys, none of them empty", async () => {
      const { store } = given();
      const keys = Array.from({ length: 101 }, (_, i) => ({ pk: "P", sk: `s${i}` }));
      await expect(store.getMany(keys)).rejects.toBeInstanceOf(LimitExceeded);
      await expect(store.getMany([{ pk: "P", sk: "" }])).rejects.toBeInstanceOf(LimitExceeded);
      expect(await store.getMany(keys.slice(1))).toHaveLength(100);
    });

    test("get, delete and add refuse an empty key", async () => {
      const { store } = given();
      const key = { pk: "P", sk: "" };
      await expect(store.get(key)).rejects.toBeInstanceOf(LimitExceeded);
      await expect(store.write({ op: "delete", key, if: "any" })).rejects.toBeInstanceOf(LimitExceeded);
      await expect(store.write({ op: "add", key, counters: { n: 1 }, if: "any" })).rejects.toBeInstanceOf(
        LimitExceeded,
      );
    });

    test("an add names a counter, adds whole numbers, and never sums beyond exact integers", async () => {
      const { store } = given();
      const add = (counters: Record<string, number>) =>
        store.write({ op: "add", key: { pk: "P", sk: "a" }, counters, if: "any" });
      await expect(add({})).rejects.toBeInstanceOf(LimitExceeded);
      await expect(add({ n: 0.5 })).rejects.toBeInstanceOf(LimitExceeded);
      await add({ n: Number.MAX_SAFE_INTEGER });
      await expect(add({ n: 1 })).rejects.toBeInstanceOf(LimitExceeded);
      const found = await store.get({ pk: "P", sk: "a" }, { consistent: true });
      expect(found?.counters).toEqual({ n: Number.MAX_SAFE_INTEGER });
    });
  });
}
