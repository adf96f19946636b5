/** Does the folder keep the promises of an object store, across kills, full disks, failing calls and lost folders? */
import { spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FileCalls, fileCalls, makeFileCalls, type OpenFile } from "../../../adapters/local/files/file-calls.ts";
import { createObjectFolder, removeLeftovers } from "../../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../../adapters/local/folder-objects.ts";
import { alignedMemory } from "../../../adapters/local/images/aligned-memory.ts";
import { ObjectMissing, RangeUnavailable, StoreFailed, StoreFull } from "../../../core/ports/object-store.ts";
import { names, objectStoreContract } from "../../contracts/object-store.ts";
import { failure, recording } from "./recorded-calls.ts";

const content = new Uint8Array(Buffer.from("content ".repeat(500)));

async function newFolder(): Promise<{ folder: string; remove: () => void }> {
  const parent = mkdtempSync(join(tmpdir(), "holdfast-objects-"));
  const folder = join(parent, "objects");
  await createObjectFolder(folder);
  return { folder, remove: () => rmSync(parent, { recursive: true, force: true }) };
}

/** Hard links as on exFAT: none. */
const withoutLinks: FileCalls = {
  ...fileCalls,
  link: async () => {
    throw failure("EPERM", -1);
  },
};

function openWith(calls: FileCalls) {
  return async () => {
    const { folder, remove } = await newFolder();
    const again = () => createFolderObjectStore({ folder, reserveBytes: 0, calls });
    return {
      store: again(),
      again,
      leaveHalf: async (name: string, half: Uint8Array) =>
        writeFileSync(join(folder, "tmp", name.replaceAll("/", "-")), half),
      dispose: async () => remove(),
    };
  };
}

objectStoreContract("folder", openWith(makeFileCalls(false)));
objectStoreContract("folder in a worker thread", openWith(makeFileCalls(true)));
objectStoreContract("folder without hard links", openWith(withoutLinks));

describe("the object folder", () => {
  const open = async (options: { calls?: FileCalls; reserveBytes?: number; now?: () => number } = {}) => {
    const { folder, remove } = await newFolder();
    onTestFinished(remove);
    return { folder, store: createFolderObjectStore({ folder, reserveBytes: 0, ...options }) };
  };

  test("bytes, name and new parents are on the disk, in this order, before a put is acknowledged", async () => {
    const { folder } = await open();
    const { calls, log } = recording(folder);
    const store = createFolderObjectStore({ folder, reserveBytes: 0, calls });
    await store.putIfAbsent("packs/deep/a", content);
    const changes = log.filter((call) => !/^(open|free|stat)/.test(call));
    expect(changes).toEqual([
      "write tmp/TEMP",
      "sync tmp/TEMP",
      "mkdir packs",
      "sync .",
      "mkdir packs/deep",
      "sync packs",
      "link tmp/TEMP packs/deep/a",
      "unlink tmp/TEMP",
      "sync packs/deep",
    ]);
    log.length = 0;
    await store.putIfAbsent("packs/deep/b", content);
    expect(log.filter((call) => call.startsWith("mkdir"))).toEqual([]);
    expect(log.at(-1)).toBe("sync packs/deep");
  });

  test('"exists" is said only after the name was made durable too: its maker may have died before that', async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("packs/a", content);
    const { calls, log } = recording(folder);
    expect(await createFolderObjectStore({ folder, reserveBytes: 0, calls }).putIfAbsent("packs/a", content)).toBe(
      "exists",
    );
    expect(log.slice(log.indexOf("link tmp/TEMP packs/a"))).toContain("sync packs");
    expect(log).toContain("sync .");
  });

  test("puts at the same time share the fsync of their folder", async () => {
    const { folder } = await open();
    const { calls, log } = recording(folder);
    const store = createFolderObjectStore({ folder, reserveBytes: 0, calls });
    await Promise.all(Array.from({ length: 30 }, (_, i) => store.putIfAbsent(`packs/${i}`, content)));
    const last = log.lastIndexOf("sync packs");
    expect(log.filter((call) => call === "sync packs").length).toBeLessThan(30);
    expect(last).toBeGreaterThan(log.findLastIndex((call) => call.startsWith("link")));
  });

  test("a trashed object is recoverable under its day and name, durably, and is never listed", async () => {
    const { folder, store } = await open({ now: () => Date.UTC(2026, 1, 3, 4, 5, 6, 7) });
    await store.putIfAbsent("packs/a", content);
    const { calls, log } = recording(folder);
    const now = () => Date.UTC(2026, 1, 3, 4, 5, 6, 7);
    await createFolderObjectStore({ folder, reserveBytes: 0, calls, now }).trash("packs/a");
    const trashed = readdirSync(join(folder, "trash", "2026-02-03", "packs"));
    expect(trashed).toHaveLength(1);
    expect(trashed[0]).toMatch(/^a~040506007-[0-9a-f]{8}$/);
    expect(readFileSync(join(folder, "trash", "2026-02-03", "packs", trashed[0] ?? ""))).toEqual(Buffer.from(content));
    const end = log.slice(log.indexOf("rename packs/a trash/2026-02-03/packs/a~…"));
    expect(end.filter((call) => call.startsWith("sync"))).toEqual(["sync trash/2026-02-03/packs", "sync packs"]);
    expect(await names(store)).toEqual([]);
  });

  test("whichever call fails, a put ends whole or not at all, nothing stays in tmp/, and the next attempt works", async () => {
    const { folder } = await open();
    let failing = 0;
    for (let run = 1; ; run++) {
      const name = `new${run}/deep/a`;
      let armed = true;
      const { calls, log } = recording(folder, (n, call) => {
        if (armed && n === run && !call.startsWith("unlink")) throw failure("EIO", -5);
      });
      const store = createFolderObjectStore({ folder, reserveBytes: 0, calls });
      const outcome = await store.putIfAbsent(name, content).catch((error: unknown) => error);
      armed = false;
      const calledOnce = log.length;
      const plain = createFolderObjectStore({ folder, reserveBytes: 0 });
      expect([undefined, content.byteLength]).toContain(await plain.size(name));
      expect(readdirSync(join(folder, "tmp"))).toEqual([]);
      if (outcome instanceof Error) {
        failing++;
        expect(outcome).toBeInstanceOf(StoreFailed);
        expect(outcome.message).toBe(`${name}: i/o error (EIO)`);
      }
      expect(["created", "exists"]).toContain(await store.putIfAbsent(name, content));
      expect(Buffer.from(await plain.get(name)).equals(content)).toBe(true);
      if (calledOnce < run) break;
    }
    expect(failing).toBeGreaterThan(8);
  });

  for (const [code, errno, kind] of [
    ["ENOSPC", -28, StoreFull],
    ["EDQUOT", -122, StoreFull],
    ["EROFS", -30, StoreFailed],
    ["EACCES", -13, StoreFailed],
  ] as const) {
    test(`${code} while writing is ${kind.name}, names the object and leaves nothing in tmp/`, async () => {
      const { folder } = await open();
      const { calls } = recording(folder, (_, call) => {
        if (call.startsWith("write")) throw failure(code, errno);
      });
      const put = createFolderObjectStore({ folder, reserveBytes: 0, calls }).putIfAbsent("packs/a", content);
      await expect(put).rejects.toBeInstanceOf(kind);
      await expect(put).rejects.toThrow(/^packs\/a: .*\(E[A-Z]+\)$/);
      expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    });
  }

  describe("an object as large as a pack", () => {
    const MIB = 1024 * 1024;
    /** Memory that begins at a page, as packs do: only such is written directly. */
    const large = Buffer.from(alignedMemory(3 * MIB).buffer).subarray(0, 2 * MIB + 1234);
    randomFillSync(large);
    const putWith = async (calls: (real: FileCalls) => FileCalls) => {
      const { folder, store } = await open();
      const put = createFolderObjectStore({ folder, reserveBytes: 0, calls: calls(fileCalls) }).putIfAbsent("a", large);
      return { folder, store, put };
    };
    /** Puts other behaviour in place of direct writes. */
    const direct =
      (write: (bytes: Uint8Array, position: number, file: OpenFile) => Promise<number>) =>
      (real: FileCalls): FileCalls => ({
        ...real,
        async open(path, flags, mode) {
          if (flags !== "direct") return real.open(path, flags, mode);
          const file = { ...(await real.open(path, "r")) };
          return { ...file, write: (bytes, position) => write(bytes, position, file) };
        },
      });

    for (const onTheSpot of [false, true]) {
      test(`is kept whole, to the last odd byte (${onTheSpot ? "worker" : "main"} thread)`, async () => {
        const { store, put } = await putWith(() => makeFileCalls(onTheSpot));
        expect(await put).toBe("created");
        expect(large.equals(await store.get("a"))).toBe(true);
        const range = { offset: MIB - 1, length: MIB };
        const expected = large.subarray(range.offset, range.offset + range.length);
        expect(expected.equals(await store.get("a", range))).toBe(true);
      });
    }

    test("is durable before it has its name, also what was written past the page cache", async () => {
      const { folder } = await open();
      const { calls, log } = recording(folder);
      await createFolderObjectStore({ folder, reserveBytes: 0, calls }).putIfAbsent("a", large);
      const steps = log.filter((call) => /^(write|sync|link)/.test(call));
      expect(steps.slice(-4)).toEqual(["write tmp/TEMP", "sync tmp/TEMP", "link tmp/TEMP a", "sync ."]);
    });

    test.each([
      ["cannot be opened for it", undefined],
      [
        "turns it down",
        direct(async () => {
          throw failure("EINVAL", -22);
        }),
      ],
      ["takes less than all", direct(async () => 0)],
    ] as const)("is kept whole where direct writing is not possible: the file system %s", async (_, calls) => {
      const { store, put } = await putWith(
        calls ??
          ((real) => ({
            ...real,
            async open(path, flags, mode) {
              if (flags === "direct") throw failure("EINVAL", -22);
              return real.open(path, flags, mode);
            },
          })),
      );
      expect(await put).toBe("created");
      expect(large.equals(await store.get("a"))).toBe(true);
    });

    test.each([
      ["ENOSPC", -28, StoreFull],
      ["EIO", -5, StoreFailed],
    ] as const)("%s while it is written directly fails the put and leaves nothing", async (code, errno, kind) => {
      const { folder, put } = await putWith(
        direct(async () => {
          throw failure(code, errno);
        }),
      );
      await expect(put).rejects.toBeInstanceOf(kind);
      expect(readdirSync(join(folder, "tmp"))).toEqual([]);
      expect(existsSync(join(folder, "a"))).toBe(false);
    });
  });

  test("bytes are put into memory that is lent when they fit, and into new memory when not", async () => {
    const { store } = await open();
    await store.putIfAbsent("a", content);
    const lent = new Uint8Array(100);
    const fitting = await store.get("a", { offset: 8, length: 100 }, lent);
    expect(fitting.buffer).toBe(lent.buffer);
    expect(lent).toEqual(content.subarray(8, 108));
    const other = await store.get("a", { offset: 0, length: 101 }, lent);
    expect(other.buffer).not.toBe(lent.buffer);
    expect(other).toEqual(content.subarray(0, 101));
    expect(lent).toEqual(content.subarray(8, 108));
  });

  test("a file that was removed or replaced behind the store's back is seen as it is at the next read", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("a", content);
    await store.get("a", { offset: 0, length: 8 });
    rmSync(join(folder, "a"));
    await expect(store.get("a", { offset: 0, length: 8 })).rejects.toBeInstanceOf(ObjectMissing);
    writeFileSync(join(folder, "a"), "replaced");
    expect(Buffer.from(await store.get("a", { offset: 0, length: 8 })).toString()).toBe("replaced");
  });

  test("a put that would leave less than the reserve is StoreFull, one that just fits is not; deletion still works", async () => {
    let free = 10_000 + content.byteLength;
    const calls: FileCalls = { ...fileCalls, free: async () => free };
    const { store, folder } = await open({ calls, reserveBytes: 10_000 });
    expect(await store.putIfAbsent("fits", content)).toBe("created");
    free -= 1;
    await expect(store.putIfAbsent("does-not", content)).rejects.toBeInstanceOf(StoreFull);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    await store.trash("fits");
    expect(await names(store)).toEqual([]);
  });

  test("the free space of the real file system is looked at", async () => {
    const { store } = await open({ reserveBytes: Number.MAX_SAFE_INTEGER });
    await expect(store.putIfAbsent("a", content)).rejects.toBeInstanceOf(StoreFull);
  });

  test("a lost folder or unmounted disk is an error for every method, never an empty store", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("packs/a", content);
    rmSync(folder, { recursive: true });
    for (const state of ["gone", "an empty mount point"]) {
      if (state !== "gone") mkdirSync(folder);
      await expect(store.size("packs/a"), state).rejects.toBeInstanceOf(StoreFailed);
      await expect(store.get("packs/a"), state).rejects.toBeInstanceOf(StoreFailed);
      await expect(store.trash("packs/a"), state).rejects.toBeInstanceOf(StoreFailed);
      await expect(names(store), state).rejects.toBeInstanceOf(StoreFailed);
      await expect(store.putIfAbsent("packs/b", content), state).rejects.toThrow("is not an object folder");
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("errors other than absence are thrown by size, get and list", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("packs/a", content);
    const { calls } = recording(folder, (_, call) => {
      if (/^(stat|open|readdir) packs/.test(call)) throw failure("EIO", -5);
    });
    const broken = createFolderObjectStore({ folder, reserveBytes: 0, calls });
    await expect(broken.size("packs/a")).rejects.toThrow("packs/a: i/o error (EIO)");
    await expect(broken.get("packs/a")).rejects.toThrow("packs/a: i/o error (EIO)");
    await expect(names(broken)).rejects.toThrow("cannot list packs/: i/o error (EIO)");
    await expect(broken.trash("packs/a")).rejects.toBeInstanceOf(StoreFailed);
  });

  test('a folder in an object\'s place is no object, and putting there is an error, not "exists"', async () => {
    const { store } = await open();
    await store.putIfAbsent("a/b", content);
    expect(await store.size("a")).toBeUndefined();
    await expect(store.get("a")).rejects.toBeInstanceOf(ObjectMissing);
    expect(await store.size("a/b/c")).toBeUndefined();
    await expect(store.putIfAbsent("a", content)).rejects.toThrow("a: a folder of this name is in the way");
    await expect(store.putIfAbsent("a/b/c", content)).rejects.toBeInstanceOf(StoreFailed);
    expect(await names(store)).toEqual(["a/b"]);
  });

  test("a file that was shortened behind the store's back gives RangeUnavailable, never fewer bytes", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("a", content);
    writeFileSync(join(folder, "a"), "short");
    await expect(store.get("a", { offset: 0, length: content.byteLength })).rejects.toBeInstanceOf(RangeUnavailable);
  });

  test("files that are no objects are neither listed nor touched, a linked file counts as what it points to", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("packs/a", content);
    writeFileSync(join(folder, "packs", "not ours"), "x");
    symlinkSync(join(folder, "packs", "a"), join(folder, "packs", "b"));
    symlinkSync(join(folder, "nowhere"), join(folder, "packs", "c"));
    expect(await names(store)).toEqual(["packs/a", "packs/b"]);
    expect(existsSync(join(folder, "packs", "not ours"))).toBe(true);
  });

  test("without its tmp/, as after a copy that left out empty folders, it says so and what to do", async () => {
    const { folder } = await open();
    rmSync(join(folder, "tmp"), { recursive: true });
    await expect(removeLeftovers(folder)).rejects.toThrow(
      /tmp is missing: .* not mounted, .* without its empty folders.* mkdir /,
    );
  });

  test("leftovers of dead attempts are removed by the owner, objects stay", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("packs/a", content);
    writeFileSync(join(folder, "tmp", "put-1-dead"), "half");
    writeFileSync(join(folder, "tmp", "claim-dead"), "");
    expect(await removeLeftovers(folder)).toBe(2);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    expect(await names(store)).toEqual(["packs/a"]);
  });

  test("a listing tells when each object was put", async () => {
    const { folder, store } = await open();
    await store.putIfAbsent("packs/a", content);
    utimesSync(join(folder, "packs", "a"), 1_000, 1_234.5678);
    const listed: unknown[] = [];
    for await (const one of store.list("")) listed.push(one);
    expect(listed).toEqual([{ name: "packs/a", size: content.length, modifiedAt: 1_234_567 }]);
  });

  test("a folder that cannot be made says which and why", async () => {
    const { folder } = await open();
    const path = join(folder, "no", "parent");
    await expect(createObjectFolder(path)).rejects.toThrow(
      `cannot make the folder ${path}: no such file or directory (ENOENT)`,
    );
    await createObjectFolder(folder);
  });

  test("kill -9 of a writer at any moment: every acknowledged object is there and whole, no other is half", async () => {
    const { folder, store } = await open();
    const acknowledged = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const script = new URL("./children/put-objects.ts", import.meta.url).pathname;
      const child = spawn(process.execPath, [script, folder, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
      const exited = once(child, "exit");
      let count = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.add(line);
        if (++count === 15 + round * 17) child.kill("SIGKILL");
      }
      expect(await exited).toEqual([null, "SIGKILL"]);
      await removeLeftovers(folder);
      const found = new Set(await names(store));
      expect([...acknowledged].filter((name) => !found.has(name))).toEqual([]);
      for (const name of found) {
        // The name holds the hash of the content.
        const hash = createHash("sha256")
          .update(await store.get(name))
          .digest("hex");
        expect(name.endsWith(hash), name).toBe(true);
      }
    }
  });
});
