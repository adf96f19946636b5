/** What do a record store's writes promise? */
import { describe, expect, test } from "vitest";
import type { Condition, RecordStore, Write } from "../../../core/ports/record-store.ts";
import { ConditionFailed, TransactionRefused } from "../../../core/ports/record-store.ts";
import { item } from "./reading.ts";
import type { Current } from "./under-test.ts";

const key = { pk: "P", sk: "a" };
const conditions: readonly Condition[] = ["absent", "present", "any", { v: 3 }, { v: 4 }];
const read = (store: RecordStore, sk = "a") => store.get({ pk: "P", sk }, { consistent: true });

/** Whether the condition holds for nothing, and for an item of version 3. */
function expected(condition: Condition, exists: boolean): boolean {
  if (condition === "any") return true;
  if (condition === "absent") return !exists;
  return exists && (condition === "present" || condition.v === 3);
}

function single(op: "put" | "delete" | "add", condition: Condition): Exclude<Write, { op: "check" }> {
  if (op === "put") return { op, item: item({ sk: "a", v: 4, body: { new: true } }), if: condition };
  if (op === "delete") return { op, key, if: condition };
  return { op, key, counters: { done: 2 }, if: condition };
}

export function writePromises(given: Current): void {
  describe("writes", () => {
    for (const op of ["put", "delete", "add"] as const) {
      for (const condition of conditions) {
        for (const exists of [false, true]) {
          const holds = expected(condition, exists);
          const name = `${op} if ${JSON.stringify(condition)} on ${exists ? "version 3" : "nothing"}`;
          test(`${name} ${holds ? "happens" : "is refused with what stands there, and changes nothing"}`, async () => {
            const { store } = given();
            const before = item({ sk: "a", v: 3, counters: { done: 5, left: 1 }, body: { old: true } });
            if (exists) await store.write({ op: "put", item: before, if: "absent" });
            const refusal = await store.write(single(op, condition)).then(
              () => undefined,
              (error: unknown) => error,
            );
            const after = await read(store);
            if (!holds) {
              expect(refusal).toBeInstanceOf(ConditionFailed);
              expect(refusal).toMatchObject({ key });
              expect((refusal as ConditionFailed).current).toEqual(exists ? before : undefined);
              expect(after).toEqual(exists ? before : undefined);
              return;
            }
            expect(refusal).toBeUndefined();
            if (op === "delete") expect(after).toBeUndefined();
            else if (op === "put") expect(after).toEqual(item({ sk: "a", v: 4, body: { new: true } }));
            else if (exists) expect(after).toEqual({ ...before, counters: { done: 7, left: 1 } });
            else expect(after).toEqual({ ...key, v: 1, counters: { done: 2 }, body: {} });
          });
        }
      }
    }

    test("a stored item comes back as it was, whatever its body holds", async () => {
      const { store } = given();
      const full = item({
        sk: "full \u{1F600}\0",
        g1: { pk: "G", sk: "1" },
        g3: { pk: "H", sk: "2" },
        v: 7,
        counters: { a: -3, __proto__x: 0 },
        ttl: 4_000_000_000,
        body: {
          text: 'é\u{10FFFF}\n"',
          list: [1, -0.5, 1e300 / 1e200, null, true, { deep: [] }],
          empty: {},
          none: undefined,
        },
      });
      await store.write({ op: "put", item: full, if: "absent" });
      const { none: _, ...body } = full.body;
      expect(await read(store, full.sk)).toEqual({ ...full, body });
    });

    test("getMany answers in the order asked, also for absent and repeated keys", async () => {
      const { store } = given();
      await store.write({ op: "put", item: item({ sk: "b" }), if: "absent" });
      await store.write({ op: "put", item: item({ sk: "c" }), if: "absent" });
      const keys = ["c", "x", "b", "c"].map((sk) => ({ pk: "P", sk }));
      const found = await store.getMany(keys, { consistent: true });
      expect(found.map((one) => one?.sk)).toEqual(["c", undefined, "b", "c"]);
      expect(await store.getMany([], { consistent: true })).toEqual([]);
    });

    test("adds that run at the same time are all counted, and leave the version alone", async () => {
      const { store } = given();
      const add: Write = { op: "add", key, counters: { done: 1, bytes: 1000 }, if: "any" };
      await Promise.all(Array.from({ length: 40 }, () => store.write(add)));
      expect(await read(store)).toEqual({ ...key, v: 1, counters: { done: 40, bytes: 40_000 }, body: {} });
    });

    test("of racing puts that name the same version exactly one wins", async () => {
      const { store } = given();
      await store.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
      const puts = Array.from({ length: 8 }, (_, by) =>
        store.write({ op: "put", item: item({ sk: "a", v: 2, body: { by } }), if: { v: 1 } }).then(() => by),
      );
      const settled = await Promise.allSettled(puts);
      const winners = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const losers = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
      expect(winners).toHaveLength(1);
      expect(losers.every((error) => error instanceof ConditionFailed)).toBe(true);
      expect(await read(store)).toMatchObject({ v: 2, body: { by: winners[0] } });
    });

    test("of racing creations exactly one wins", async () => {
      const { store } = given();
      const creations = Array.from({ length: 8 }, (_, by) =>
        store.write({ op: "put", item: item({ sk: "a", body: { by } }), if: "absent" }),
      );
      const settled = await Promise.allSettled(creations);
      expect(settled.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    });

    test("a transaction does all of its writes", async () => {
      const { store } = given();
      await store.write({ op: "put", item: item({ sk: "old", v: 3 }), if: "absent" });
      await store.transact([
        { op: "put", item: item({ sk: "new" }), if: "absent" },
        { op: "delete", key: { pk: "P", sk: "old" }, if: { v: 3 } },
        { op: "add", key: { pk: "Q", sk: "sum" }, counters: { n: 1 }, if: "any" },
        { op: "check", key: { pk: "P", sk: "nothing" }, if: "absent" },
      ]);
      expect(await read(store, "new")).toEqual(item({ sk: "new" }));
      expect(await read(store, "old")).toBeUndefined();
      expect(await store.get({ pk: "Q", sk: "sum" }, { consistent: true })).toMatchObject({ counters: { n: 1 } });
    });

    for (const condition of conditions) {
      for (const exists of [false, true]) {
        const holds = expected(condition, exists);
        const name = `a check if ${JSON.stringify(condition)} on ${exists ? "version 3" : "nothing"}`;
        test(`${name} ${holds ? "lets the transaction happen" : "refuses the transaction"}`, async () => {
          const { store } = given();
          if (exists) await store.write({ op: "put", item: item({ sk: "a", v: 3 }), if: "absent" });
          const done = store.transact([
            { op: "put", item: item({ sk: "b" }), if: "absent" },
            { op: "check", key, if: condition },
          ]);
          if (holds) await done;
          else await expect(done).rejects.toBeInstanceOf(TransactionRefused);
          expect((await read(store, "b")) !== undefined).toBe(holds);
        });
      }
    }

    test("a refused transaction changes nothing and names every write whose condition failed", async () => {
      const { store } = given();
      await store.write({ op: "put", item: item({ sk: "a", v: 3 }), if: "absent" });
      const refusal = await store
        .transact([
          { op: "put", item: item({ sk: "new" }), if: "absent" },
          { op: "put", item: item({ sk: "a", v: 5 }), if: { v: 4 } },
          { op: "add", key: { pk: "P", sk: "sum" }, counters: { n: 1 }, if: "any" },
          { op: "delete", key: { pk: "P", sk: "nothing" }, if: "present" },
        ])
        .catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(TransactionRefused);
      expect((refusal as TransactionRefused).failed).toEqual([1, 3]);
      const found = await store.getMany(
        ["new", "a", "sum"].map((sk) => ({ pk: "P", sk })),
        { consistent: true },
      );
      expect(found).toEqual([undefined, item({ sk: "a", v: 3 }), undefined]);
    });

    test("transactions that race for one version: one wins, the others write nothing", async () => {
      const { store } = given();
      await store.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
      const settled = await Promise.allSettled(
        Array.from({ length: 6 }, (_, by) =>
          store.transact([
            { op: "put", item: item({ sk: `mine-${by}` }), if: "absent" },
            { op: "put", item: item({ sk: "a", v: 2, body: { by } }), if: { v: 1 } },
          ]),
        ),
      );
      const winners = settled.flatMap((one, by) => (one.status === "fulfilled" ? [by] : []));
      expect(winners).toHaveLength(1);
      const mine = await store.getMany(
        settled.map((_, by) => ({ pk: "P", sk: `mine-${by}` })),
        { consistent: true },
      );
      expect(mine.flatMap((one, by) => (one === undefined ? [] : [by]))).toEqual(winners);
    });

    test("everything acknowledged is there after the store was closed and opened again", async () => {
      const { store, reopen } = given();
      const items = Array.from({ length: 20 }, (_, i) => item({ sk: `s${i}`, g1: { pk: "G", sk: `${i}` } }));
      await Promise.all(items.map((one) => store.write({ op: "put", item: one, if: "absent" })));
      const again = await reopen();
      expect(
        await again.getMany(
          items.map(({ pk, sk }) => ({ pk, sk })),
          { consistent: true },
        ),
      ).toEqual(items);
    });
  });
}
