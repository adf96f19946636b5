/** Does a change list say exactly what its lines say, and refuse what it cannot say? */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyChangeList, withChangeList } from "../../adapters/local/change-list.ts";
import type { BlockHint, BlockSource, SnapshotRef } from "../../core/ports/blocks.ts";
import { BLOCK } from "./lab.ts";

const disk = (blocks: number): SnapshotRef => ({
  provider: "image",
  diskId: "d",
  snapshotId: "now",
  size: blocks * BLOCK - 1,
  detail: { path: "/d" },
});
const source = (survey?: BlockSource["survey"]): BlockSource => ({
  size: 1,
  ...(survey && { survey }),
  read: () => undefined,
  close: async () => undefined,
});
const list = (text: string, blocks = 100) => withChangeList(disk(blocks), { text, name: "changes.txt", since: "then" });
const hints = async (snapshot: SnapshotRef, first: number, count: number, inner = source()) =>
  applyChangeList(inner, snapshot).survey?.(first, count);

describe("a change list", () => {
  test("makes listed blocks data and all others the same as in the capture it names", async () => {
    const blocks = 60;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(blocks - 1)),
        fc.nat(blocks - 1),
        fc.nat(blocks),
        async (listed, first, length) => {
          const count = Math.min(length, blocks - first);
          const expected = Array.from({ length: count }, (_, i) => (listed.includes(first + i) ? "data" : "same"));
          const snapshot = list(listed.join("\n"), blocks);
          expect(snapshot.since).toEqual({ snapshotId: "then" });
          expect(await hints(structuredClone(snapshot), first, count)).toEqual(expected);
        },
      ),
    );
  });

  test("leaves holes that the source knows of", async () => {
    const knows = async (_: number, count: number) => new Array<BlockHint>(count).fill("zero");
    expect(await hints(list("1\n2"), 0, 4, source(knows))).toEqual(["same", "zero", "zero", "same"]);
  });

  test("may have empty lines, blanks, carriage returns and repetitions; an empty one says that nothing changed", async () => {
    expect(await hints(list("\r\n 3 \r\n3\n\n1"), 0, 4)).toEqual(["same", "data", "same", "data"]);
    expect(await hints(list(""), 0, 2)).toEqual(["same", "same"]);
  });

  test.each([
    ["1\n2\nx", 'changes.txt, line 3: "x" is not the number of a block'],
    ["-1", "line 1"],
    ["1.5", "line 1"],
    ["0x10", "line 1"],
    ["1 2", "line 1"],
    ["5\n100", "changes.txt, line 2: block 100 is beyond the disk, whose last block of 512 KiB is 99"],
  ])("%j is refused, and the message names the line and the rule", (text, words) => {
    expect(() => list(text)).toThrow(words);
  });

  test("that was not given changes nothing", () => {
    const plain = source();
    expect(applyChangeList(plain, disk(4))).toBe(plain);
  });
});
