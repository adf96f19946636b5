/** Do lsof and /proc tell the same about who has a file open? */
import { statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linuxProcesses } from "../../../adapters/local/images/linux-openers.ts";
import { lsofProcesses, parseLsof } from "../../../adapters/local/images/lsof-openers.ts";
import { describeOpener, type FileIdentity } from "../../../adapters/local/images/openers.ts";
import { holdOpen, type ImagesWorld, installed, openImagesWorld } from "./images-world.ts";

let world: ImagesWorld;
beforeEach(async () => {
  world = await openImagesWorld();
});
afterEach(() => world.dispose());

const identity = (path: string): FileIdentity => {
  const { dev, ino } = statSync(path, { bigint: true });
  return { path, dev, ino };
};

const views = [
  ["/proc", linuxProcesses(), process.platform === "linux"],
  ["lsof", lsofProcesses(), installed("lsof")],
] as const;

describe.each(views)("the view through %s", (_, processes, there) => {
  test.skipIf(!there)(
    "tells a reader from a writer, and each file's from the other's (skipped where it is absent)",
    async () => {
      const files = ["a", "b", "c"].map((name) => identity(world.image(name, 512)));
      const stops = [await holdOpen(world.at("a"), "r"), await holdOpen(world.at("b"), "r+")];
      const { byFile } = await processes.openersOf(files);
      expect(byFile.map((openers) => openers.map(({ how, mayWrite }) => [how, mayWrite]))).toEqual([
        [["read", false]],
        [["write", true]],
        [],
      ]);
      expect(byFile[0]?.[0]?.pid).toBeGreaterThan(0);
      expect(byFile[0]?.[0]?.command).toBeTruthy();
      await Promise.all(stops.map((stop) => stop()));
      expect((await processes.openersOf(files)).byFile).toEqual([[], [], []]);
    },
  );

  test.skipIf(!there)("asks nothing of nobody (skipped where it is absent)", async () => {
    expect((await processes.openersOf([])).byFile).toEqual([]);
  });
});

describe("lsof's output", () => {
  const files: FileIdentity[] = [
    { path: "/images/a.img", dev: 0x1000004n, ino: 77n },
    { path: "/images/b.img", dev: 0x1000004n, ino: 78n },
  ];

  test("is read by device and inode, whatever the order of processes and files", () => {
    const output = [
      "p501",
      "cqemu-system-aarch64",
      "f12",
      "au",
      "lW",
      "D0x1000004",
      "i78",
      "f13",
      "ar",
      "l ",
      "D0x1000004",
      "i99",
      "p502",
      "ccat",
      "f3",
      "ar",
      "l ",
      "D0x1000004",
      "i77",
      "",
    ].join("\n");
    expect(parseLsof(output, files)).toEqual([
      [{ pid: 502, command: "cat", how: "read", mayWrite: false }],
      [{ pid: 501, command: "qemu-system-aarch64", how: "write", mayWrite: true }],
    ]);
  });

  test("a lock on a descriptor that only reads counts as use, and the own process does not", () => {
    const locked = ["p7", "cvm", "f4", "ar", "lR", "D0x1000004", "i77", `p${process.pid}`, "cnode", "f5", "au"];
    expect(parseLsof([...locked, "D0x1000004", "i78"].join("\n"), files)).toEqual([
      [{ pid: 7, command: "vm", how: "lock", mayWrite: true }],
      [],
    ]);
  });
});

test("an opener is described by who it is and what it does", () => {
  expect(describeOpener({ pid: 12, command: "qemu", how: "write", mayWrite: true })).toBe(
    "qemu (process 12) has it open for writing",
  );
  expect(describeOpener({ pid: undefined, command: undefined, how: "lock", mayWrite: true })).toMatch(
    /^another program holds a lock/,
  );
});
