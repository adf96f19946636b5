/** Do block reads and writes of image files give exactly what is there, and refuse what is not the file that was meant? */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createImageBlocks } from "../../../adapters/local/images/blocks.ts";
import { type SnapshotRef, SourceChanged, type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import { changeByte, type ImagesWorld, openImagesWorld } from "./images-world.ts";

const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 1536;
const blocks = createImageBlocks();

let world: ImagesWorld;
beforeEach(async () => {
  world = await openImagesWorld();
});
afterEach(() => world.dispose());

async function diskOf(content: Uint8Array): Promise<{ id: string; path: string }> {
  const path = world.at("disk.img");
  writeFileSync(path, content);
  return { id: await world.add(path), path };
}

async function captured(id: string): Promise<SnapshotRef> {
  const { disks } = await world.provider.capture({
    runId: "run",
    attempt: 1,
    diskIds: [id],
    owner: { domainId: "d", vaultId: "v", resourceId: "r" },
  });
  return disks[0] as SnapshotRef;
}

describe("a source", () => {
  test("gives the bytes of any range, up to the last odd sector", async () => {
    const content = randomBytes(SIZE);
    const source = await blocks.openSource(await captured((await diskOf(content)).id));
    expect(source.size).toBe(SIZE);
    for (const [offset, length] of [
      [0, SIZE],
      [MIB - 1, 3],
      [SIZE - 512, 512],
      [SIZE, 0],
    ] as const) {
      const into = Buffer.alloc(length);
      await source.read(offset, into);
      expect(into.equals(content.subarray(offset, offset + length))).toBe(true);
    }
    await source.close();
    await source.close();
  });

  test("refuses a range outside of the disk", async () => {
    const source = await blocks.openSource(await captured((await diskOf(randomBytes(SIZE))).id));
    expect(() => source.read(SIZE - 1, Buffer.alloc(2))).toThrow(RangeError);
    expect(() => source.read(-1, Buffer.alloc(1))).toThrow(RangeError);
    await source.close();
  });

  test.each([
    ["changed", (path: string) => changeByte(path, 3)],
    ["replaced", (path: string) => renameSync(world.image("other", SIZE), path)],
    ["removed", (path: string) => rmSync(path)],
    ["shrunk", (path: string) => truncateSync(path, MIB)],
  ] as const)("that was %s since its capture is not opened", async (_, disturb) => {
    const { id, path } = await diskOf(randomBytes(SIZE));
    const snapshot = await captured(id);
    await disturb(path);
    await expect(blocks.openSource(snapshot)).rejects.toBeInstanceOf(SourceChanged);
  });

  test("that is cut off while it is read is told as changed", async () => {
    const { id, path } = await diskOf(randomBytes(SIZE));
    const source = await blocks.openSource(await captured(id));
    truncateSync(path, MIB);
    expect(() => source.read(MIB - 512, Buffer.alloc(1024))).toThrow(SourceChanged);
    await source.close();
  });

  test("of another provider is a bug", async () => {
    const snapshot = await captured((await diskOf(randomBytes(512))).id);
    await expect(blocks.openSource({ ...snapshot, provider: "ebs" })).rejects.toThrow(TypeError);
  });
});

describe("a target that is overwritten", () => {
  async function target(size: number, restored = size): Promise<{ ref: TargetRef; path: string; before: Buffer }> {
    const before = Buffer.alloc(size, 0xa5);
    const { id, path } = await diskOf(before);
    return { ref: await world.provider.target({ diskId: id, size: restored }), path, before };
  }

  test("holds exactly what any writes and zeros left there, aligned or not", async () => {
    const { ref, path, before } = await target(SIZE);
    const range = fc
      .tuple(fc.nat(SIZE), fc.nat(MIB + 5_000), fc.boolean(), fc.boolean())
      .map(([at, length, zero, aligned]) => {
        const offset = aligned ? at - (at % 4096) : at;
        const whole = aligned ? length - (length % 4096) : length;
        return { offset, length: Math.min(whole, SIZE - offset), zero };
      });
    const expected = Buffer.from(before);
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 8 }), async (ranges) => {
        const opened = await blocks.openTarget(ref);
        for (const { offset, length, zero } of ranges) {
          const bytes = zero ? Buffer.alloc(length) : randomBytes(length);
          if (zero) await opened.zero(offset, length);
          else await opened.write(offset, bytes);
          bytes.copy(expected, offset);
          const back = Buffer.alloc(length);
          await opened.read(offset, back);
          expect(back.equals(bytes)).toBe(true);
        }
        await opened.sync();
        await opened.close();
        await opened.close();
        expect(readFileSync(path).equals(expected)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("RST-08: a bigger target keeps its size and what lies beyond the restored bytes", async () => {
    const { ref, path, before } = await target(SIZE, MIB);
    const opened = await blocks.openTarget(ref);
    const content = randomBytes(MIB);
    await opened.write(0, content);
    await opened.close();
    const after = readFileSync(path);
    expect(after.subarray(0, MIB).equals(content)).toBe(true);
    expect(after.subarray(MIB).equals(before.subarray(MIB))).toBe(true);
  });

  test("a sparse target stays sparse where zeros are restored", async () => {
    const path = world.at("sparse.img");
    writeFileSync(path, "");
    truncateSync(path, 64 * MIB);
    const ref = await world.provider.target({ diskId: await world.add(path), size: 64 * MIB });
    const opened = await blocks.openTarget(ref);
    await opened.zero(0, 64 * MIB);
    await opened.sync();
    await opened.close();
    expect(statSync(path).blocks * 512).toBeLessThan(MIB);
  });

  test("is opened again after a write, as a restore that resumes does", async () => {
    const { ref } = await target(MIB);
    for (let round = 0; round < 2; round++) {
      const opened = await blocks.openTarget(ref);
      await opened.write(0, randomBytes(512));
      await opened.close();
    }
    expect(statSync(world.at("disk.img")).size).toBe(MIB);
  });

  test("is never written outside of its size", async () => {
    const { ref } = await target(MIB);
    const opened = await blocks.openTarget(ref);
    expect(() => opened.write(MIB - 1, Buffer.alloc(2))).toThrow(RangeError);
    expect(() => opened.zero(MIB, 1)).toThrow(RangeError);
    expect(() => opened.read(0.5, Buffer.alloc(1))).toThrow(RangeError);
    await opened.close();
    expect(statSync(world.at("disk.img")).size).toBe(MIB);
  });

  test.each([
    ["replaced", (path: string) => renameSync(world.image("other", MIB), path)],
    ["removed", (path: string) => rmSync(path)],
    ["shrunk", (path: string) => truncateSync(path, 512)],
    ["grown", (path: string) => truncateSync(path, 2 * MIB)],
  ] as const)("that was %s since it was chosen is refused", async (_, disturb) => {
    const { ref, path } = await target(MIB);
    disturb(path);
    await expect(blocks.openTarget(ref)).rejects.toBeInstanceOf(TargetUnusable);
  });
});

describe("a fresh target", () => {
  const fresh = (path: string): TargetRef => ({
    provider: "image",
    diskId: "new",
    mode: "fresh",
    size: SIZE,
    detail: { path },
  });

  test("is made sparse with its full size, reads as zeros, and keeps what is written", async () => {
    const path = world.at("fresh.img");
    const opened = await blocks.openTarget(fresh(path));
    const content = randomBytes(8192);
    await opened.write(MIB, content);
    await opened.zero(0, MIB);
    await opened.sync();
    await opened.close();
    const expected = Buffer.alloc(SIZE);
    content.copy(expected, MIB);
    expect(readFileSync(path).equals(expected)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).blocks * 512).toBeLessThan(MIB);
  });

  test("never takes the place of something that exists, and is not made where there is no folder", async () => {
    const path = world.image("there.img", SIZE);
    await expect(blocks.openTarget(fresh(path))).rejects.toBeInstanceOf(TargetUnusable);
    mkdirSync(world.at("dir"));
    await expect(blocks.openTarget(fresh(world.at("dir")))).rejects.toBeInstanceOf(TargetUnusable);
    await expect(blocks.openTarget(fresh(world.at("none/x.img")))).rejects.toBeInstanceOf(TargetUnusable);
    expect(existsSync(world.at("none"))).toBe(false);
  });

  test("that a restore made before is opened again by its identity", async () => {
    const path = world.at("fresh.img");
    const first = await blocks.openTarget(fresh(path));
    await first.write(0, Buffer.from("kept"));
    await first.close();
    const { dev, ino } = statSync(path, { bigint: true });
    const again = await blocks.openTarget({ ...fresh(path), detail: { path, dev: `${dev}`, ino: `${ino}` } });
    const back = Buffer.alloc(4);
    await again.read(0, back);
    await again.close();
    expect(back.toString()).toBe("kept");
  });
});

test("a file system without direct access (tmpfs) is written and read all the same", async ({ skip }) => {
  if (!existsSync("/dev/shm")) skip("there is no tmpfs at /dev/shm");
  const path = `/dev/shm/holdfast-test-${process.pid}.img`;
  try {
    writeFileSync(path, Buffer.alloc(SIZE, 1));
    const ref = await world.provider.target({ diskId: await world.add(path), size: SIZE });
    const opened = await blocks.openTarget(ref);
    const content = randomBytes(2 * MIB);
    await opened.write(4096, content);
    await opened.zero(3 * MIB, 1536);
    const back = Buffer.alloc(2 * MIB);
    await opened.read(4096, back);
    await opened.close();
    expect(back.equals(content)).toBe(true);
    expect(
      readFileSync(path)
        .subarray(3 * MIB)
        .equals(Buffer.alloc(1536)),
    ).toBe(true);
  } finally {
    rmSync(path, { force: true });
  }
});

test("references work in a worker thread, where there are no records", async () => {
  const { id } = await diskOf(Buffer.alloc(SIZE, 7));
  const snapshot = await captured(id);
  const module = new URL("../../../adapters/local/images/blocks.ts", import.meta.url).href;
  const script = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(module)}).then(async ({ createImageBlocks }) => {
      const source = await createImageBlocks().openSource(workerData);
      const into = new Uint8Array(source.size);
      source.read(0, into);
      await source.close();
      parentPort.postMessage(into.every((byte) => byte === 7) ? into.length : -1);
    });`;
  const worker = new Worker(script, { eval: true, workerData: snapshot });
  const answer = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await worker.terminate();
  expect(answer).toBe(SIZE);
});
