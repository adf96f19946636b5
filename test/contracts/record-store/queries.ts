/** What do a record store's queries promise? */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Item, Query, RecordStore, SortRange } from "../../../core/ports/record-store.ts";
import { LimitExceeded } from "../../../core/ports/record-store.ts";
import { byUtf8, indexKeys, item, readAll, sortKeys } from "./reading.ts";
import type { Current } from "./under-test.ts";

/** In UTF-8 order; JavaScript's `<` puts the astral ones (surrogate pairs) before U+E000 and U+FFFD. */
const ORDERED = ["A", "a", "a#", "a\uD7FF", "a\uE000", "a\uFFFD", "a\u{10000}", "a\u{1F600}x", "a\u{10FFFF}", "b", "é"];

const sorted = (keys: readonly string[]) => keys.toSorted(byUtf8);

async function putAll(store: RecordStore, items: readonly Item[]): Promise<void> {
  await Promise.all(items.map((one) => store.write({ op: "put", item: one, if: "any" })));
}

function inRange(sk: string, { from, to, prefix }: SortRange): boolean {
  if (from !== undefined && byUtf8(sk, from) < 0) return false;
  if (to !== undefined && byUtf8(sk, to) > 0) return false;
  return prefix === undefined || sk.startsWith(prefix);
}

export function queryPromises(given: Current): void {
  describe("queries", () => {
    test("sort keys come in the order of their UTF-8 bytes, astral characters last, forward and back", async () => {
      const { store } = given();
      await putAll(
        store,
        ORDERED.toReversed().map((sk) => item({ sk })),
      );
      await putAll(store, [item({ pk: "Q", sk: "other" })]);
      expect([...ORDERED].sort()).not.toEqual(ORDERED);
      expect(await sortKeys(store, { pk: "P" })).toEqual(ORDERED);
      expect(await sortKeys(store, { pk: "P", forward: false })).toEqual(ORDERED.toReversed());
      expect(await sortKeys(store, { pk: "nothing" })).toEqual([]);
    });

    const ranges: readonly SortRange[] = [
      { from: "a#" },
      { to: "a\uFFFD" },
      { from: "a\uE000", to: "a\u{1F600}" },
      { from: "a", to: "a" },
      { from: "c", to: "d" },
      { prefix: "a" },
      { prefix: "a\uD7FF" },
      { prefix: "a\u{10FFFF}" },
      { prefix: "\u{10FFFF}" },
      { prefix: "a\u{1F600}" },
    ];
    for (const sk of ranges) {
      test(`the range ${JSON.stringify(sk)} holds what it says, forward and back, on table and index`, async () => {
        const { store } = given();
        await putAll(
          store,
          [...ORDERED, "\u{10FFFF}z"].map((one) => item({ sk: one, g2: { pk: "G", sk: one } })),
        );
        const expected = [...ORDERED, "\u{10FFFF}z"].filter((one) => inRange(one, sk));
        expect(await sortKeys(store, { pk: "P", sk })).toEqual(expected);
        expect(await sortKeys(store, { pk: "P", sk, forward: false })).toEqual(expected.toReversed());
        expect(await indexKeys(store, { index: "g2", pk: "G", sk }, expected)).toEqual(expected);
      });
    }

    test("an index holds only items that name it, with their whole content", async () => {
      const { store } = given();
      const inside = item({ sk: "in", g1: { pk: "G", sk: "1" }, counters: { n: 4 }, body: { whole: ["yes"] } });
      await putAll(store, [inside, item({ sk: "out" }), item({ sk: "other", g2: { pk: "G", sk: "1" } })]);
      expect(await indexKeys(store, { index: "g1", pk: "G" }, ["in"])).toEqual(["in"]);
      expect(await readAll(store, { index: "g1", pk: "G", limit: 10 })).toEqual([inside]);
    });

    test("an item moves in its index with a put, leaves it without the key, and goes with its deletion", async () => {
      const { store } = given();
      const at = async (pk: string, expected: string[]) =>
        expect(await indexKeys(store, { index: "g1", pk }, expected)).toEqual(expected);
      await putAll(store, [item({ sk: "a", g1: { pk: "G", sk: "1" } }), item({ sk: "b", g1: { pk: "G", sk: "2" } })]);
      await at("G", ["a", "b"]);
      await store.write({ op: "put", item: item({ sk: "a", v: 2, g1: { pk: "G", sk: "3" } }), if: { v: 1 } });
      await at("G", ["b", "a"]);
      await store.write({ op: "put", item: item({ sk: "a", v: 3, g1: { pk: "H", sk: "1" } }), if: { v: 2 } });
      await at("G", ["b"]);
      await at("H", ["a"]);
      await store.write({ op: "put", item: item({ sk: "a", v: 4 }), if: { v: 3 } });
      await at("H", []);
      await store.write({ op: "delete", key: { pk: "P", sk: "b" }, if: "present" });
      await at("G", []);
    });

    test("adding to counters leaves an item where it is in its indexes", async () => {
      const { store } = given();
      await putAll(store, [item({ sk: "a", g1: { pk: "G", sk: "1" } })]);
      await store.write({ op: "add", key: { pk: "P", sk: "a" }, counters: { n: 1 }, if: "present" });
      expect(await indexKeys(store, { index: "g1", pk: "G" }, ["a"])).toEqual(["a"]);
    });

    // DynamoDB promises no order among equal index keys, so none is promised here: only that no page loses or repeats one.
    test("items with equal index keys stand together, each once, whatever the page size and direction", async () => {
      const { store } = given();
      const tied = ["Q/b", "P/c", "Q/a", "P/d"].map((name) =>
        item({ pk: name.slice(0, 1), sk: name, g1: { pk: "G", sk: "same" } }),
      );
      await putAll(store, [...tied, item({ sk: "first", g1: { pk: "G", sk: "a" } })]);
      await putAll(store, [item({ sk: "last", g1: { pk: "G", sk: "z" } })]);
      const all = ["P/c", "P/d", "Q/a", "Q/b", "first", "last"];
      await indexKeys(store, { index: "g1", pk: "G" }, all, sorted);
      for (const forward of [true, false]) {
        for (const limit of [1, 2, 3, 10]) {
          const found = (await readAll(store, { index: "g1", pk: "G", forward, limit })).map((one) => one.sk);
          expect(sorted(found)).toEqual(all);
          expect(forward ? found.at(0) : found.at(-1)).toBe("first");
          expect(forward ? found.at(-1) : found.at(0)).toBe("last");
        }
      }
    });

    test("paging to the end with any limit gives what one big page gives", async () => {
      const { store } = given();
      const text = fc.string({ unit: "binary", minLength: 1, maxLength: 3 });
      const scenario = fc.record({
        keys: fc.uniqueArray(text, { maxLength: 25 }),
        limit: fc.integer({ min: 1, max: 30 }),
        forward: fc.boolean(),
        bounds: fc.array(text, { maxLength: 2 }),
        indexed: fc.boolean(),
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(scenario, async ({ keys, limit, forward, bounds, indexed }) => {
          const pk = `run ${run++}`;
          // Ties in the index on purpose: only the first character is its sort key.
          const first = (sk: string) => String.fromCodePoint(sk.codePointAt(0) ?? 0);
          await putAll(
            store,
            keys.map((sk) => item({ pk, sk, g3: { pk, sk: first(sk) } })),
          );
          const [low, high] = [...bounds].sort(byUtf8);
          const sk: SortRange = {
            ...(low === undefined ? {} : { from: low }),
            ...(high === undefined ? {} : { to: high }),
          };
          const query: Omit<Query, "limit"> = {
            pk,
            sk,
            forward,
            ...(indexed ? { index: "g3" } : { consistent: true }),
          };
          const expected = keys.filter((one) => inRange(indexed ? first(one) : one, sk)).sort(byUtf8);
          if (indexed) await indexKeys(store, query, expected, sorted);
          const paged = (await readAll(store, { ...query, limit })).map((one) => one.sk);
          expect(sorted(paged)).toEqual(expected);
          const inOrder = (indexed ? expected.map(first) : expected).toSorted(byUtf8);
          if (!forward) inOrder.reverse();
          expect(indexed ? paged.map(first) : paged).toEqual(inOrder);
          // What is late in an index now comes with the next runs' reads.
        }),
        { numRuns: 40 },
      );
    });

    test("a cursor is refused by any query but its own", async () => {
      const { store } = given();
      await putAll(
        store,
        ["a", "b", "c"].map((sk) => item({ sk, g1: { pk: "P", sk } })),
      );
      const query: Query = { pk: "P", limit: 1, consistent: true };
      const { cursor } = await store.query(query);
      if (cursor === undefined) throw new Error("a first page of one must have a cursor");
      const others: readonly Query[] = [
        { ...query, pk: "Q" },
        { ...query, forward: false },
        { ...query, sk: { prefix: "a" } },
        { ...query, sk: { from: "a" } },
        { pk: "P", index: "g1", limit: 1 },
      ];
      for (const other of others) {
        await expect(store.query({ ...other, cursor })).rejects.toBeInstanceOf(LimitExceeded);
      }
      for (const damaged of ["", "x", "bm90IGpzb24", cursor.slice(1), Buffer.from("[]").toString("base64url")]) {
        await expect(store.query({ ...query, cursor: damaged })).rejects.toBeInstanceOf(LimitExceeded);
      }
      const rest = await readAll(store, { ...query, limit: 1000, cursor });
      expect(rest.length).toBeGreaterThan(0);
    });

    test("counts of partitions are exact or unknown, whatever is put, moved, replaced and deleted", async () => {
      const { store } = given();
      const place = fc.constantFrom("G", "H", undefined);
      const step = fc.record({ sk: fc.constantFrom("a", "b", "c"), g1: place, g3: place, drop: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          for (const { sk, g1, g3, drop } of steps) {
            const key = { pk: "P", sk };
            if (drop) await store.write({ op: "delete", key, if: "any" });
            else {
              const indexes = { ...(g1 && { g1: { pk: g1, sk } }), ...(g3 && { g3: { pk: g3, sk } }) };
              await store.transact([{ op: "put", item: item({ ...key, ...indexes }), if: "any" }]);
            }
          }
          const all = await readAll(store, { pk: "P", limit: 100, consistent: true });
          for (const index of ["g1", "g2", "g3"] as const)
            for (const pk of ["G", "H", "nothing"]) {
              const count = await store.count(index, pk);
              if (count !== undefined) expect(count).toBe(all.filter((one) => one[index]?.pk === pk).length);
            }
        }),
        { numRuns: 40 },
      );
      await expect(store.count("g1", "")).rejects.toBeInstanceOf(LimitExceeded);
    });

    test("a page ends after 1 MB, and the cursor leads on", async () => {
      const { store } = given();
      const big = "x".repeat(300_000);
      const names = ["a", "b", "c", "d", "e"];
      await putAll(
        store,
        names.map((sk) => item({ sk, body: { big } })),
      );
      const page = await store.query({ pk: "P", limit: 1000, consistent: true });
      // Whether the item that passes the megabyte still belongs to the page is not promised: DynamoDB Local gives it.
      expect(page.items.length).toBeLessThanOrEqual(4);
      expect(page.cursor).toBeDefined();
      expect(await sortKeys(store, { pk: "P" })).toEqual(names);
    });
  });
}
