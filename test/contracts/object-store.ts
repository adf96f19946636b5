/** What does every object store promise? */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { ObjectMissing, RangeUnavailable, StoreFailed } from "../../core/ports/object-store.ts";
import { faulty } from "../support/faulty-objects.ts";

export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  /** Another store object over the same objects, as another worker has. */
  again(): ObjectStore;
  /** Puts half an object where a crash in the middle of a put would have left it. */
  leaveHalf(name: string, half: Uint8Array): Promise<void>;
  dispose(): Promise<void>;
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (found: Uint8Array) => Buffer.from(found).toString();

/** Names of a listing, in the order given. */
export async function names(store: ObjectStore, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of store.list(prefix)) found.push(name);
  return found;
}

/** Runs every promise on stores that `open` makes, an empty one for each test. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`object store: ${name}`, () => {
    let current: ObjectStoreUnderTest | undefined;
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await current?.dispose();
      current = undefined;
    });
    const given = (): ObjectStoreUnderTest => {
      if (current === undefined) throw new Error("no store is open");
      return current;
    };

    test("an empty store lists nothing and has nothing", async () => {
      const { store } = given();
      expect(await names(store)).toEqual([]);
      expect(await names(store, "packs/")).toEqual([]);
      expect(await store.size("packs/a")).toBeUndefined();
      await expect(store.get("packs/a")).rejects.toBeInstanceOf(ObjectMissing);
      await store.trash("packs/a");
    });

    test("what was put is read back, sized and listed, by every store object", async () => {
      const { store, again } = given();
      expect(await store.putIfAbsent("packs/a.1_x-Y", bytes("hello"))).toBe("created");
      expect(await store.putIfAbsent("empty", bytes(""))).toBe("created");
      for (const one of [store, again()]) {
        expect(text(await one.get("packs/a.1_x-Y"))).toBe("hello");
        expect(await one.size("packs/a.1_x-Y")).toBe(5);
        expect(await one.size("empty")).toBe(0);
        expect(await one.get("empty")).toHaveLength(0);
        expect(await names(one)).toEqual(["empty", "packs/a.1_x-Y"]);
      }
    });

    test("a second put of a name changes nothing and says that the object exists", async () => {
      const { store, again } = given();
      await store.putIfAbsent("a", bytes("first"));
      expect(await store.putIfAbsent("a", bytes("second"))).toBe("exists");
      expect(await again().putIfAbsent("a", bytes("third"))).toBe("exists");
      expect(text(await store.get("a"))).toBe("first");
    });

    test("of racing puts of one name exactly one creates, and its bytes are the object's", async () => {
      const { store, again } = given();
      const stores = [store, again(), store, again(), store, again()];
      const outcomes = await Promise.all(stores.map((one, i) => one.putIfAbsent("packs/race", bytes(`mine ${i}`))));
      expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
      expect(text(await store.get("packs/race"))).toBe(`mine ${outcomes.indexOf("created")}`);
    });

    test("a range gives exactly its bytes, or RangeUnavailable when the object ends before", async () => {
      const { store } = given();
      await store.putIfAbsent("a", bytes("0123456789"));
      expect(text(await store.get("a", { offset: 0, length: 10 }))).toBe("0123456789");
      expect(text(await store.get("a", { offset: 3, length: 4 }))).toBe("3456");
      expect(text(await store.get("a", { offset: 9, length: 1 }))).toBe("9");
      for (const range of [
        { offset: 0, length: 11 },
        { offset: 9, length: 2 },
        { offset: 10, length: 1 },
        { offset: 1000, length: 1 },
      ]) {
        await expect(store.get("a", range)).rejects.toBeInstanceOf(RangeUnavailable);
      }
      await expect(store.get("none", { offset: 0, length: 1 })).rejects.toBeInstanceOf(ObjectMissing);
      await expect(store.get("a", { offset: -1, length: 1 })).rejects.toBeInstanceOf(TypeError);
      await expect(store.get("a", { offset: 0, length: 0.5 })).rejects.toBeInstanceOf(TypeError);
    });

    test("a listing holds exactly the names with the prefix, in name order, whatever the folders", async () => {
      const { store } = given();
      // "a-b" and "a.c" come before "a/…": the order is that of whole names, not of folders.
      const all = ["a-b", "a.c", "a/1", "a/1.5", "a/10/x", "a/2", "a0", "b/c/d/e", "packs/00", "packs/0a"];
      for (const name of all.toReversed()) await store.putIfAbsent(name, bytes(name));
      for (const prefix of ["", "a", "a/", "a/1", "a/10/", "b/c/d", "packs/0", "packs/0a", "packs/0ab", "z", "a/3/"]) {
        expect(await names(store, prefix), prefix).toEqual(all.filter((name) => name.startsWith(prefix)));
      }
      const sized: unknown[] = [];
      for await (const { name, size } of store.list("a/10")) sized.push({ name, size });
      expect(sized).toEqual([{ name: "a/10/x", size: 6 }]);
    });

    test("when a listing tells the time of a put, it is one between before and after it, whole milliseconds", async () => {
      const { store } = given();
      // A store has its own clock, and S3 counts in seconds.
      const tolerance = 5_000;
      const before = Date.now();
      await store.putIfAbsent("a", bytes("x"));
      for await (const { modifiedAt } of store.list("a")) {
        if (modifiedAt === undefined) continue;
        expect(Number.isSafeInteger(modifiedAt)).toBe(true);
        expect(modifiedAt).toBeGreaterThan(before - tolerance);
        expect(modifiedAt).toBeLessThan(Date.now() + tolerance);
      }
    });

    test("any set of names is listed completely and in order", async () => {
      const { store } = given();
      const segment = fc.stringMatching(/^[a-cA-C0-1._-]{1,3}$/).filter((one) => one !== "." && one !== "..");
      const names$ = fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 3 }), { maxLength: 12 });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(names$, async (lists) => {
          const top = `run${run++}`;
          // A last segment of its own keeps files and folders apart.
          const all = [...new Set(lists.map((list) => `${top}/${list.join("/")}/_file`))];
          await Promise.all(all.map((name) => store.putIfAbsent(name, bytes("x"))));
          expect(await names(store, `${top}/`)).toEqual(all.sort());
        }),
        { numRuns: 15 },
      );
    });

    test("a trashed object is gone for every read, and its name is free again", async () => {
      const { store, again } = given();
      for (const content of ["first", "second"]) {
        expect(await store.putIfAbsent("packs/a", bytes(content))).toBe("created");
        await store.trash("packs/a");
        for (const one of [store, again()]) {
          expect(await one.size("packs/a")).toBeUndefined();
          await expect(one.get("packs/a")).rejects.toBeInstanceOf(ObjectMissing);
          expect(await names(one)).toEqual([]);
        }
      }
      await store.trash("packs/a");
    });

    test("trashing one object leaves those whose names start like it", async () => {
      const { store } = given();
      for (const name of ["a/b", "a/bc", "a/c/d"]) await store.putIfAbsent(name, bytes(name));
      await store.trash("a/b");
      await store.trash("a/c");
      await store.trash("a");
      expect(await names(store)).toEqual(["a/bc", "a/c/d"]);
    });

    test("many objects put at once into new places are all there", async () => {
      const { store } = given();
      const all = Array.from({ length: 40 }, (_, i) => `p${i % 3}/q${i % 5}/${String(i).padStart(2, "0")}`);
      await Promise.all(all.map((name) => store.putIfAbsent(name, bytes(name))));
      expect(await names(store)).toEqual(all.toSorted());
    });

    const long = `${"x".repeat(199)}/`.repeat(2);
    const bad = [
      "",
      "/a",
      "a/",
      "a//b",
      ".",
      "..",
      "../a",
      "a/../b",
      "a/./b",
      "a b",
      "a\\b",
      "ä",
      "a\0",
      "tmp/a",
      "trash/a",
    ];
    for (const name of [...bad, "x".repeat(201), `${long}${"y".repeat(113)}`]) {
      test(`the name ${JSON.stringify(name.slice(0, 20))} (${name.length}) is refused by every method`, async () => {
        const { store } = given();
        await expect(store.putIfAbsent(name, bytes("x"))).rejects.toBeInstanceOf(TypeError);
        await expect(store.get(name)).rejects.toBeInstanceOf(TypeError);
        await expect(store.size(name)).rejects.toBeInstanceOf(TypeError);
        await expect(store.trash(name)).rejects.toBeInstanceOf(TypeError);
        expect(await names(store)).toEqual([]);
      });
    }

    test("the longest names are kept, listed and trashed", async () => {
      const { store } = given();
      const longest = `${long}${"y".repeat(112)}`;
      expect(await store.putIfAbsent(longest, bytes("x"))).toBe("created");
      expect(await names(store)).toEqual([longest]);
      await store.trash(longest);
      expect(await names(store)).toEqual([]);
    });

    for (const fault of ["fail", "full", "tear", "unanswered"] as const) {
      test(`when a put ends in "${fault}", no torn object is ever visible and putting again works`, async () => {
        const { store, leaveHalf } = given();
        const content = "whole ".repeat(1000);
        const shaky = faulty(store, [{ method: "putIfAbsent", call: 2, fault }], { leaveHalf });
        await shaky.putIfAbsent("packs/a", bytes(content));
        await expect(shaky.putIfAbsent("packs/b", bytes(content))).rejects.toThrow("planned");
        for await (const { name, size } of store.list("")) {
          expect(size, name).toBe(content.length);
          expect(text(await store.get(name))).toBe(content);
        }
        expect(["created", "exists"]).toContain(await shaky.putIfAbsent("packs/b", bytes(content)));
        expect(await names(store)).toEqual(["packs/a", "packs/b"]);
        expect(text(await store.get("packs/b"))).toBe(content);
      });
    }

    test("a delayed put races with another one and loses whole", async () => {
      const { store } = given();
      const slow = faulty(store, [{ method: "putIfAbsent", call: 1, fault: { delayMs: 30 } }]);
      const outcomes = await Promise.all([slow.putIfAbsent("a", bytes("slow")), store.putIfAbsent("a", bytes("fast"))]);
      expect(outcomes).toEqual(["exists", "created"]);
      expect(text(await store.get("a"))).toBe("fast");
    });

    test("a listing that breaks off throws", async () => {
      const { store } = given();
      await store.putIfAbsent("a", bytes("x"));
      const shaky = faulty(store, [{ method: "list", call: "every", fault: "unanswered" }]);
      await expect(names(shaky)).rejects.toBeInstanceOf(StoreFailed);
    });
  });
}
