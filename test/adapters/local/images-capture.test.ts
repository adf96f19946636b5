/** Is every way to disturb a disk image noticed before, during and after its backup? */
import { linkSync, mkdirSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Processes } from "../../../adapters/local/images/openers.ts";
import { settledStamps, stampOf } from "../../../adapters/local/images/stamps.ts";
import { CaptureRefused } from "../../../core/ports/resource-provider.ts";
import { changeByte, holding, holdOpen, type ImagesWorld, installed, openImagesWorld } from "./images-world.ts";

const MIB = 1024 * 1024;

let world: ImagesWorld;
beforeEach(async () => {
  world = await openImagesWorld();
});
afterEach(() => world.dispose());

const capture = (diskIds: readonly string[], attempt = 1) =>
  world.provider.capture({ runId: "run", attempt, diskIds, owner: { domainId: "d", vaultId: "v", resourceId: "r" } });

const refusal = async (diskId: string): Promise<CaptureRefused> => {
  const error = await capture([diskId]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CaptureRefused);
  return error as CaptureRefused;
};

describe("what is done to an image after its capture is told by confirm", () => {
  const cases: readonly (readonly [string, (path: string) => Promise<void> | void, RegExp])[] = [
    ["one byte is changed", (path) => changeByte(path, MIB - 1), /written to/],
    ["the same bytes are written again", (path) => writeFileSync(path, "x".repeat(16), { flag: "r+" }), /written to/],
    [
      "one byte is changed and the modification time put back",
      async (path) => {
        const { atime, mtime, mtimeNs } = statSync(path, { bigint: true });
        await changeByte(path, 5);
        utimesSync(path, Number(atime) / 1000, Number(mtimeNs) / 1e9);
        expect(Math.abs(Number(statSync(path, { bigint: true }).mtimeNs - mtimeNs))).toBeLessThan(1e6);
        expect(mtime).toBeDefined();
      },
      /written to/,
    ],
    [
      "another file with the same size and times takes its name",
      (path) => {
        const before = statSync(path);
        writeFileSync(`${path}.new`, Buffer.alloc(MIB, 9));
        utimesSync(`${path}.new`, before.atime, before.mtime);
        renameSync(`${path}.new`, path);
      },
      /replaced by another file/,
    ],
    ["it grows", (path) => truncateSync(path, 2 * MIB), /from 1048576 to 2097152/],
    ["it shrinks", (path) => truncateSync(path, MIB / 2), /from 1048576 to 524288/],
    [
      "it shrinks and grows back",
      (path) => {
        truncateSync(path, 512);
        truncateSync(path, MIB);
      },
      /written to/,
    ],
    ["it vanishes", (path) => rmSync(path), /does not exist/],
    [
      "a directory takes its name",
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      /is a directory/,
    ],
  ];

  test.each(cases)("%s", async (_, disturb, words) => {
    const id = await world.makeDisk(MIB);
    const path = await world.pathOf(id);
    const taken = await capture([id]);
    await disturb(path);
    const answer = await world.restarted().confirm(taken);
    expect(answer).toMatchObject({ unchanged: false, reason: expect.stringMatching(words) });
    expect(answer.unchanged ? "" : answer.reason).toContain(path);
  });

  test("reading it and looking at it changes nothing", async () => {
    const id = await world.makeDisk(MIB);
    const taken = await capture([id]);
    const stop = await world.watch(id);
    await world.provider.find(id);
    expect(await world.provider.confirm(taken)).toEqual({ unchanged: true });
    await stop();
  });

  test("a program that opens it for writing and has not written yet is told", async () => {
    const id = await world.makeDisk(MIB);
    const taken = await capture([id]);
    const stop = await world.use(id);
    expect(await world.provider.confirm(taken)).toMatchObject({
      unchanged: false,
      reason: expect.stringContaining("open for writing"),
    });
    await stop();
  });
});

describe("the stamps of a capture", () => {
  test("a write at any moment after a capture changes the stamp, however soon it comes", async () => {
    const id = await world.makeDisk(MIB);
    const path = await world.pathOf(id);
    for (let attempt = 1; attempt <= 15; attempt++) {
      // Written just before: without a pause the next write would share its clock tick.
      await changeByte(path, 0);
      const taken = await capture([id], attempt);
      writeFileSync(path, Buffer.from([attempt]), { flag: "r+" });
      expect(await world.provider.confirm(taken)).toMatchObject({ unchanged: false });
    }
  });

  test("a file that is written all the time never settles", async () => {
    const path = world.image("busy.img", MIB);
    let busy = true;
    const writer = (async () => {
      for (let i = 0; busy; i++) {
        writeFileSync(path, Buffer.from([i & 0xff]), { flag: "r+" });
        await delay(5);
      }
    })();
    const quiet = world.image("quiet.img", MIB);
    expect(await settledStamps([quiet, path])).toMatchObject({ settled: false, index: 1 });
    busy = false;
    await writer;
  });

  test("a capture of a disk that is written all the time, by a program nobody can see, is refused as 7003", async () => {
    const id = await world.makeDisk(MIB);
    const path = await world.pathOf(id);
    const timer = setInterval(() => writeFileSync(path, "x", { flag: "r+" }), 5);
    const refused = await refusal(id);
    clearInterval(timer);
    expect(refused).toMatchObject({ code: "7003", diskId: id, message: expect.stringContaining("being changed") });
  });

  test("the instant of a server's capture lies after every stamp and before the answer", async () => {
    const ids = [await world.makeDisk(MIB), await world.makeDisk(MIB), await world.makeDisk(MIB)];
    await changeByte(await world.pathOf(ids[2] as string), 7);
    const written = (await stampOf(await world.pathOf(ids[2] as string))).ctimeNs;
    const taken = await capture(ids);
    expect(taken.promise).toBe("quiescent");
    expect(taken.instant).toBeGreaterThanOrEqual(Math.floor(Number(BigInt(written) / 1_000_000n)));
    expect(taken.instant).toBeLessThanOrEqual(Date.now());
  });

  test("a disk whose size is not whole sectors is refused as 7003, a file that became a FIFO too", async () => {
    const id = await world.makeDisk(MIB);
    truncateSync(await world.pathOf(id), 1000);
    expect(await refusal(id)).toMatchObject({ code: "7003", message: expect.stringContaining("multiple of 512") });
    truncateSync(await world.pathOf(id), 0);
    expect(await refusal(id)).toMatchObject({ code: "7003", message: expect.stringContaining("is empty") });
    rmSync(await world.pathOf(id));
    mkdirSync(await world.pathOf(id));
    expect(await refusal(id)).toMatchObject({ code: "7003", message: expect.stringContaining("is a directory") });
  });

  test("an attempt that is asked for other disks than it captured is a bug, not another capture", async () => {
    const [a, b] = [await world.makeDisk(MIB), await world.makeDisk(MIB)];
    await capture([a]);
    await expect(capture([b])).rejects.toThrow("has captured other disks");
  });

  test("the size of a disk that grew is remembered at its capture and shown when it is gone", async () => {
    const id = await world.makeDisk(MIB);
    truncateSync(await world.pathOf(id), 3 * MIB);
    await capture([id]);
    await world.vanish(id);
    expect(await world.provider.find(id)).toMatchObject({ status: "error", size: 3 * MIB });
  });
});

describe("programs that have an image open", () => {
  const linux = process.platform === "linux";
  const python = installed("python3");
  const qemu = installed("qemu-io");

  /** The disk is in use, cannot be captured, and neither be overwritten; everything names the program. */
  async function expectInUse(id: string, words: RegExp): Promise<void> {
    expect(await world.provider.find(id)).toMatchObject({ status: "in-use", reason: expect.stringMatching(words) });
    expect((await refusal(id)).message).toMatch(words);
    await expect(world.provider.target({ diskId: id, size: MIB })).rejects.toThrow(words);
  }

  test("a process that has it open for writing, through a hard link even, is named with its number", async () => {
    const id = await world.makeDisk(MIB);
    linkSync(await world.pathOf(id), world.at("other-name"));
    const stop = await holdOpen(world.at("other-name"), "r+");
    await expectInUse(id, /\(process \d+\) has it open for writing/);
    await stop();
  });

  test.skipIf(!python || !linux)("a lock of an open file description is seen (python3 and Linux needed)", async () => {
    const id = await world.makeDisk(MIB);
    const script = [
      "import fcntl, struct, sys",
      "f = open(sys.argv[1], 'rb')",
      // F_OFD_SETLK = 37: a shared lock on one byte, as QEMU takes it, on a descriptor that only reads.
      "fcntl.fcntl(f, 37, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 100, 1, 0))",
      "print('locked', flush=True)",
      "sys.stdin.read()",
    ].join("\n");
    const stop = await holding("python3", ["-c", script, await world.pathOf(id)]);
    expect(await world.provider.find(id)).toMatchObject({
      status: "in-use",
      reason: expect.stringContaining("holds a lock"),
    });
    expect((await refusal(id)).code).toBe("7003");
    await stop();
    expect(await world.provider.find(id)).toMatchObject({ status: "available" });
  });

  test.skipIf(!python || !linux)(
    "a writable mapping without any descriptor is seen (python3 and Linux needed)",
    async () => {
      const id = await world.makeDisk(MIB);
      const script = [
        "import ctypes, os, sys",
        "c = ctypes.CDLL(None, use_errno=True)",
        "c.mmap.restype = ctypes.c_void_p",
        "c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]",
        "fd = os.open(sys.argv[1], os.O_RDWR)",
        "assert c.mmap(None, 4096, 3, 1, fd, 0) != ctypes.c_void_p(-1).value",
        "os.close(fd)",
        "print('mapped', flush=True)",
        "sys.stdin.read()",
      ].join("\n");
      const stop = await holding("python3", ["-c", script, await world.pathOf(id)]);
      await expectInUse(id, /mapped into its memory for writing/);
      await stop();
    },
  );

  test.skipIf(!qemu || !linux)("QEMU with the image open for writing is seen (qemu-io and Linux needed)", async () => {
    const id = await world.makeDisk(MIB);
    // The prompt comes when the image is open.
    const stop = await holding("qemu-io", ["-f", "raw", await world.pathOf(id)]);
    await expectInUse(id, /qemu-io \(process \d+\) has it open for writing/);
    await stop();
    expect((await capture([id])).disks).toHaveLength(1);
  });

  test("a server with one disk in use is not captured, and says which disk", async () => {
    const ids = [await world.makeDisk(MIB), await world.makeDisk(MIB)];
    const server = await world.makeServer(ids);
    const stop = await world.use(ids[1] as string);
    expect(await world.provider.find(server)).toMatchObject({
      status: "ACTIVE",
      reason: expect.stringContaining(ids[1] as string),
    });
    await stop();
    await world.vanish(ids[1] as string);
    expect(await world.provider.find(server)).toMatchObject({
      status: "ERROR",
      reason: expect.stringContaining(ids[1] as string),
    });
  });

  test("where processes cannot be looked into, that is said, and a change is found all the same", async () => {
    const blind: Processes = {
      openersOf: async (files) => ({ byFile: files.map(() => []), gap: "no view of other programs" }),
    };
    const id = await world.makeDisk(MIB);
    const provider = world.withProcesses(blind);
    expect(await provider.find(id)).toMatchObject({
      status: "available",
      detail: { unseen: "no view of other programs" },
    });
    const stop = await world.use(id);
    const taken = await provider.capture({
      runId: "run",
      attempt: 1,
      diskIds: [id],
      owner: { domainId: "d", vaultId: "v", resourceId: "r" },
    });
    await world.change(id);
    expect(await provider.confirm(taken)).toMatchObject({ unchanged: false });
    await stop();
  });

  test("a target that is missing is refused with the command that makes it", async () => {
    const id = await world.makeDisk(MIB);
    const path = await world.pathOf(id);
    await world.vanish(id);
    expect(await world.provider.find(id)).toMatchObject({
      reason: expect.stringContaining(`truncate -s ${MIB} ${path}`),
    });
    await expect(world.provider.target({ diskId: id, size: MIB })).rejects.toThrow(`truncate -s ${MIB} ${path}`);
    truncateSync(world.image("x", 0), 0);
    writeFileSync(path, "");
    truncateSync(path, MIB);
    expect(await world.provider.target({ diskId: id, size: MIB })).toMatchObject({ size: MIB });
  });
});
