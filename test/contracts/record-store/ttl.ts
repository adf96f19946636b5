/** What does a record store promise about items whose ttl has passed? */
import { describe, expect, test } from "vitest";
import { ConditionFailed } from "../../../core/ports/record-store.ts";
import { indexKeys, item, sortKeys } from "./reading.ts";
import type { Current } from "./under-test.ts";

export function ttlPromises(given: Current): void {
  describe("ttl", () => {
    const short = item({ sk: "short", ttl: 2000, v: 3, counters: { n: 5 }, g1: { pk: "G", sk: "1" } });

    test("an item is there until its ttl has passed, and for no read afterwards", async () => {
      const { store, setNow } = given();
      const long = item({ sk: "long", ttl: 3000, g1: { pk: "G", sk: "2" } });
      await store.write({ op: "put", item: short, if: "absent" });
      await store.write({ op: "put", item: long, if: "absent" });
      setNow(1_999_999);
      expect(await sortKeys(store, { pk: "P" })).toEqual(["long", "short"]);
      expect(await indexKeys(store, { index: "g1", pk: "G" }, ["short", "long"])).toEqual(["short", "long"]);
      setNow(2_000_000);
      expect(await store.get(short, { consistent: true })).toBeUndefined();
      expect(await store.getMany([short, long], { consistent: true })).toEqual([undefined, long]);
      expect(await sortKeys(store, { pk: "P" })).toEqual(["long"]);
      expect(await indexKeys(store, { index: "g1", pk: "G" }, ["long"])).toEqual(["long"]);
    });

    test("an item whose ttl has passed is absent for every condition, and leaves nothing behind", async () => {
      const { store, setNow } = given();
      setNow(1_000_000);
      await store.write({ op: "put", item: short, if: "absent" });
      setNow(2_000_000);
      const refusal = await store.write({ op: "delete", key: short, if: { v: 3 } }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ConditionFailed);
      expect((refusal as ConditionFailed).current).toBeUndefined();
      await store.write({ op: "add", key: { pk: "P", sk: "short" }, counters: { n: 1 }, if: "absent" });
      const fresh = { pk: "P", sk: "short", v: 1, counters: { n: 1 }, body: {} };
      expect(await store.get(short, { consistent: true })).toEqual(fresh);
      expect(await indexKeys(store, { index: "g1", pk: "G" }, [])).toEqual([]);
    });
  });
}
