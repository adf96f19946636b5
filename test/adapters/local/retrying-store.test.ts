/** Is a caller of the record store patient where that helps, and only there? */
import { describe, expect, test } from "vitest";
import { retrying } from "../../../core/app/records/retrying-store.ts";
import type { RecordStore } from "../../../core/ports/record-store.ts";
import { ConditionFailed, LimitExceeded, Throttled, TransactionConflict } from "../../../core/ports/record-store.ts";

const key = { pk: "P", sk: "a" };

/** A store whose every call throws what `next` gives, or answers when it gives nothing. */
function failing(next: () => Error | undefined): { store: RecordStore; calls: () => number } {
  let calls = 0;
  async function answer<T>(value: T): Promise<T> {
    calls++;
    const error = next();
    if (error !== undefined) throw error;
    return value;
  }
  const store: RecordStore = {
    get: () => answer(undefined),
    getMany: () => answer([]),
    write: () => answer(undefined),
    transact: () => answer(undefined),
    query: () => answer({ items: [] }),
    count: () => answer(0),
  };
  return { store, calls: () => calls };
}

function patient(store: RecordStore, random = 0.5): { store: RecordStore; pauses: number[] } {
  const pauses: number[] = [];
  const sleep = async (ms: number) => {
    pauses.push(ms);
  };
  return { store: retrying(store, { sleep, random: () => random }), pauses };
}

describe("retrying", () => {
  const operations: Readonly<Record<string, (store: RecordStore) => Promise<unknown>>> = {
    get: (store) => store.get(key),
    getMany: (store) => store.getMany([key]),
    write: (store) => store.write({ op: "delete", key, if: "any" }),
    transact: (store) => store.transact([{ op: "check", key, if: "any" }]),
    query: (store) => store.query({ pk: "P", limit: 1 }),
    count: (store) => store.count("g1", "P"),
  };
  for (const [name, call] of Object.entries(operations)) {
    test(`${name} is asked again after Throttled and TransactionConflict until it answers`, async () => {
      const errors = [new Throttled(), new TransactionConflict(), new Throttled()];
      const { store, calls } = failing(() => errors.pop());
      await call(patient(store).store);
      expect(calls()).toBe(4);
    });
  }

  test("a refusal is passed on at once", async () => {
    for (const refusal of [new ConditionFailed(key, undefined), new LimitExceeded("x"), new Error("disk")]) {
      const { store, calls } = failing(() => refusal);
      await expect(patient(store).store.get(key)).rejects.toBe(refusal);
      expect(calls()).toBe(1);
    }
  });

  test("after ten attempts the store's own error is passed on", async () => {
    const { store, calls } = failing(() => new Throttled("still"));
    await expect(patient(store).store.get(key)).rejects.toThrow("still");
    expect(calls()).toBe(10);
  });

  test("pauses are random below a bound that doubles up to two seconds", async () => {
    const { store } = failing(() => new Throttled());
    const { store: asked, pauses } = patient(store, 1);
    await expect(asked.get(key)).rejects.toBeInstanceOf(Throttled);
    expect(pauses).toEqual([20, 40, 80, 160, 320, 640, 1280, 2000, 2000]);
    const half = patient(store, 0.5);
    await expect(half.store.get(key)).rejects.toBeInstanceOf(Throttled);
    expect(half.pauses[0]).toBe(10);
  });
});
