/** Does a backup hold what its source held, compare with the right parent, and leave nothing visible when it fails? */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import { type DataPlane, Interrupted } from "../../core/ports/data-plane.ts";
import { createLocalBlocks } from "../../local/data-plane/io.ts";
import { backupIds, readBackups, resolveId } from "../../local/store/backups.ts";
import { restoreBackup } from "../../local/store/restore.ts";
import { BLOCK, diskOf, type StoreLab, storeLab } from "./lab.ts";

let lab: StoreLab;
beforeEach(async () => {
  lab = await storeLab();
});
afterEach(() => lab.remove());

const SIZE = 6 * BLOCK + 512;
const base = () => diskOf(SIZE, { 0: 1, 2: 2, 5: 3 });

async function restored(id: string): Promise<Buffer> {
  const store = await lab.open();
  const target = lab.path(`restored-${id}`);
  const request = { id, target, overwrite: true, readBack: true, output: process.stdout };
  await restoreBackup(store, lab.plane(store), request, lab.watch);
  return lab.read(target);
}
const listed = async () => {
  const store = await lab.open();
  return readBackups(store, lab.plane(store));
};

/** Nothing is to be seen of a backup that failed: no root, no run, and another one may begin. */
async function expectNothing(): Promise<void> {
  expect(await listed()).toEqual([]);
  expect(readdirSync(join(lab.made.path, "runs"))).toEqual([]);
}

describe("a backup", () => {
  test("restores to the very bytes, and says of itself what list shows", async () => {
    const source = lab.image("a.img", base());
    const { id, counts } = await lab.backUp(source, { name: "web" });
    expect((await restored(id)).equals(base())).toBe(true);
    expect(counts).toMatchObject({ read: SIZE, changed: 3 * BLOCK });
    expect(await listed()).toMatchObject([
      { id, name: "web", source, size: SIZE, nonZero: 3 * BLOCK, parent: undefined },
    ]);
    expect(
      Date.parse((await listed()).map((backup) => ("damaged" in backup ? "" : backup.createdAt))[0] ?? ""),
    ).not.toBeNaN();
  });

  test("is called by the absolute path of its source unless it gets a name", async () => {
    const source = lab.image("a.img", base());
    expect(await lab.backUp(source, { name: undefined })).toMatchObject({ name: source, parent: undefined });
    expect(await lab.backUp(source, { name: undefined })).toMatchObject({ name: source, parent: expect.any(String) });
  });

  test("compares with the newest of its name, with the one that is named, or with none", async () => {
    const source = lab.image("a.img", base());
    const first = await lab.backUp(source);
    await lab.backUp(source, { name: "other" });
    lab.image("a.img", diskOf(SIZE, { 0: 1, 2: 4, 5: 3 }));
    const second = await lab.backUp(source);
    expect(second).toMatchObject({ parent: first.id, counts: { changed: BLOCK } });
    expect(await lab.backUp(source)).toMatchObject({ parent: second.id, counts: { changed: 0 } });
    expect(await lab.backUp(source, { parent: first.id })).toMatchObject({
      parent: first.id,
      counts: { changed: BLOCK },
    });
    expect(await lab.backUp(source, { parent: "none" })).toMatchObject({
      parent: undefined,
      counts: { changed: 3 * BLOCK },
    });
    await expect(lab.backUp(source, { parent: "nosuch" })).rejects.toThrow("there is no backup nosuch");
  });

  test("of a source of another size than its parent's reads it all and is right", async () => {
    await lab.backUp(lab.image("a.img", base()));
    const larger = diskOf(9 * BLOCK, { 0: 1, 8: 5 });
    const { id } = await lab.backUp(lab.image("a.img", larger));
    expect((await restored(id)).equals(larger)).toBe(true);
  });

  test("of a qcow2 file keeps the file as it is, and says so", async () => {
    const bytes = base();
    bytes.set([0x51, 0x46, 0x49, 0xfb]);
    const { id } = await lab.backUp(lab.image("a.qcow2", bytes));
    expect(lab.remarks).toEqual([expect.stringContaining("is a qcow2 image: its bytes are backed up as they are")]);
    expect((await restored(id)).equals(bytes)).toBe(true);
  });

  test.each([
    ["that does not exist", () => lab.path("none.img"), "does not exist"],
    ["that is a folder", () => lab.root, "is a directory, not a regular file"],
    ["that is empty", () => lab.image("empty.img", new Uint8Array()), "is empty: there is nothing to back up"],
    ["that is a device", () => "/dev/null", "is a character device, not a regular file: serve it with qemu-nbd"],
  ])("of a source %s is refused in one line", async (_what, source, words) => {
    await expect(lab.backUp(source())).rejects.toThrow(words);
  });
});

describe("a change list", () => {
  const changes = (text: string): string => {
    writeFileSync(lab.path("changes"), text);
    return lab.path("changes");
  };

  test("saves reading: only what is listed is read, and the backup is right", async () => {
    const source = lab.image("a.img", base());
    await lab.backUp(source);
    const now = diskOf(SIZE, { 0: 1, 2: 2, 3: 7, 5: 3 });
    lab.image("a.img", now);
    const { id, counts } = await lab.backUp(source, { changed: changes("3\n") });
    expect(counts.read).toBeLessThan(SIZE);
    expect(counts.changed).toBe(BLOCK);
    expect((await restored(id)).equals(now)).toBe(true);
  });

  test("needs a parent, of the same size", async () => {
    const source = lab.image("a.img", base());
    await expect(lab.backUp(source, { changed: changes("1") })).rejects.toThrow("--changed needs a parent");
    const { id } = await lab.backUp(source);
    lab.image("a.img", diskOf(7 * BLOCK, { 0: 1 }));
    await expect(lab.backUp(source, { changed: changes("1") })).rejects.toThrow(
      `cannot be about ${id}: that backup has ${SIZE} bytes, ${source} has ${7 * BLOCK}`,
    );
  });

  test("of a source that was elsewhere before is said to be about that", async () => {
    await lab.backUp(lab.image("a.img", base()));
    await lab.backUp(lab.image("b.img", base()), { changed: changes("") });
    expect(lab.remarks).toEqual([expect.stringContaining("a.img: changes are taken to be against that backup")]);
  });

  test("with a line that is no block of this disk is refused, naming the line; a missing one too", async () => {
    const source = lab.image("a.img", base());
    await lab.backUp(source);
    await expect(lab.backUp(source, { changed: changes("1\n7\n") })).rejects.toThrow(
      "line 2: block 7 is beyond the disk",
    );
    await expect(lab.backUp(source, { changed: lab.path("nothing") })).rejects.toThrow("cannot be read: no such file");
    expect(await backupIds(await lab.open())).toHaveLength(1);
  });

  test("that is found to be wrong is dropped: everything is read, and a remark says so", async () => {
    const source = lab.image("a.img", base());
    await lab.backUp(source);
    const now = diskOf(SIZE, { 0: 1, 2: 2, 3: 7, 5: 3 });
    lab.image("a.img", now);
    const inner = lab.plane(await lab.open());
    // Looks at every block that is not listed, so that the lie is found in a disk this small.
    const plane: DataPlane = {
      ...inner,
      transfer: (unit, hooks) => inner.transfer({ ...unit, sampleOneIn: 1 }, hooks),
    };
    const { id, counts } = await lab.backUp(source, { changed: changes("0") }, plane);
    expect(lab.remarks).toEqual([expect.stringContaining("every block is read")]);
    expect(counts.read).toBe(SIZE);
    expect((await restored(id)).equals(now)).toBe(true);
  });
});

describe("a backup that fails leaves nothing to be seen", () => {
  const failing = (read: () => void) => async (): Promise<DataPlane> =>
    lab.plane(
      await lab.open(),
      (blocks): BlockAccess => ({
        openTarget: blocks.openTarget,
        async openSource(snapshot) {
          const inner = await blocks.openSource(snapshot);
          return {
            ...inner,
            read(offset, into) {
              if (offset + into.length > 4 * BLOCK) read();
              return inner.read(offset, into);
            },
          };
        },
      }),
    );

  test("when the source cannot be read (EIO)", async () => {
    const source = lab.image("a.img", base());
    const plane = await failing(() => {
      throw Object.assign(new Error("disk a.img cannot be read at 2097152: EIO: i/o error, read"), { code: "EIO" });
    })();
    await expect(lab.backUp(source, {}, plane)).rejects.toThrow("EIO");
    await expectNothing();
    await expect(lab.backUp(source)).resolves.toBeDefined();
  });

  test("when the source is written to meanwhile", async () => {
    const source = lab.image("a.img", base());
    const plane = await failing(() => writeFileSync(source, base()))();
    await expect(lab.backUp(source, {}, plane)).rejects.toThrow("was changed while it was backed up");
    await expectNothing();
  });

  test("when it is stopped", async () => {
    const source = lab.image("a.img", base());
    const controller = new AbortController();
    const plane = await failing(() => controller.abort())();
    const store = await lab.open();
    const { makeBackup } = await import("../../local/store/backup.ts");
    const request = { source, level: 1, version: "test" };
    const stopped = makeBackup(store, plane, request, { ...lab.watch, signal: controller.signal });
    await expect(stopped).rejects.toThrow(Interrupted);
    await expectNothing();
  });

  test("when the disk of the store is full", async () => {
    const source = lab.image("a.img", base());
    const full = createFolderObjectStore({
      folder: join(lab.made.path, "objects"),
      reserveBytes: Number.MAX_SAFE_INTEGER,
    });
    const plane = createDataPlane({ objects: full, blocks: createLocalBlocks() });
    await expect(lab.backUp(source, {}, plane)).rejects.toThrow("bytes do not fit");
    await expectNothing();
  });

  test("and a unit whose packs are condemned meanwhile is made again", async () => {
    const source = lab.image("a.img", base());
    const inner = lab.plane(await lab.open());
    let asked = 0;
    const plane: DataPlane = {
      ...inner,
      avoided: async (domain, payload) => (asked++ === 0 ? ["ab".repeat(16)] : inner.avoided(domain, payload)),
    };
    const { id } = await lab.backUp(source, {}, plane);
    expect(asked).toBe(2);
    expect((await restored(id)).equals(base())).toBe(true);
  });
});

describe("an id may be", () => {
  test("shortened from either end, latest, or NAME@latest; what is not clear is refused", async () => {
    const source = lab.image("a.img", base());
    const first = await lab.backUp(source, { name: "one" });
    const second = await lab.backUp(source, { name: "two" });
    const store = await lab.open();
    const resolve = (given: string) => resolveId(store, lab.plane(store), given);
    expect(await resolve("latest")).toBe(second.id);
    expect(await resolve("one@latest")).toBe(first.id);
    expect(await resolve(first.id)).toBe(first.id);
    expect(await resolve(first.id.slice(-5))).toBe(first.id);
    expect(await resolve(second.id.slice(0, -1))).toBe(second.id);
    await expect(resolve(first.id.slice(0, 3))).rejects.toThrow("is not clear");
    await expect(resolve("three@latest")).rejects.toThrow("no backup has the name three");
    await expect(resolve("")).rejects.toThrow("there is no backup");
  });
});
