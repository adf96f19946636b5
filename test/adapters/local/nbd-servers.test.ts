/** Are images read and written rightly through real qemu-nbd servers, with their holes and bitmaps? */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNbdBlocks, nbdSnapshot, nbdTarget } from "../../../adapters/local/nbd/blocks.ts";
import { type BlockHint, type BlockSource, SourceChanged, TargetUnusable } from "../../../core/ports/blocks.ts";
import { installed, qemuImg, qemuIo, type Server, serveOnPort, serveOnSocket } from "../../support/nbd-qemu.ts";

const MIB = 1024 * 1024;
const BLOCK = 512 * 1024;
/** Not a multiple of 512 KiB, but of a sector. */
const SIZE = 24 * MIB + 7 * 512;

describe.skipIf(!installed("qemu-nbd"))("exports of qemu-nbd", () => {
  let folder: string;
  const ending: (() => Promise<void>)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-nbd-"));
  });
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
    rmSync(folder, { recursive: true });
  });

  const started = async (server: Promise<Server>): Promise<void> => {
    const { stop } = await server;
    ending.push(stop);
  };
  const at = (name: string): string => join(folder, name);
  const socketUrl = (name = "nbd.sock"): string => `nbd+unix:///?socket=${at(name)}`;
  const opened = async (url: string, since?: { snapshotId: string; bitmap: string }): Promise<BlockSource> => {
    const source = await createNbdBlocks().openSource(await nbdSnapshot({ url, diskId: "d", snapshotId: "s", since }));
    ending.push(() => source.close());
    return source;
  };
  const survey = async (source: BlockSource): Promise<readonly BlockHint[]> =>
    (await source.survey?.(0, Math.ceil(source.size / BLOCK))) ?? [];

  /** Data in blocks 0 and 1 and a little in block 9 and the last one, nothing elsewhere. */
  const rawImage = (): Buffer => {
    const bytes = Buffer.alloc(SIZE);
    for (let index = 0; index < 2 * BLOCK; index += 4) bytes.writeUInt32BE(index + 1, index);
    bytes.fill(7, 9 * BLOCK + 4096, 9 * BLOCK + 8192);
    bytes.fill(8, SIZE - 512);
    writeFileSync(at("disk.raw"), "");
    truncateSync(at("disk.raw"), SIZE);
    qemuImg(
      "convert",
      "-n",
      "-f",
      "raw",
      "-O",
      "raw",
      "--target-is-zero",
      "-S",
      "4k",
      write("whole.raw", bytes),
      at("disk.raw"),
    );
    return bytes;
  };
  const write = (name: string, bytes: Buffer): string => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const whole = async (source: BlockSource, piece: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(source.size, 0xee);
    for (let offset = 0; offset < source.size; offset += piece)
      await source.read(offset, bytes.subarray(offset, Math.min(source.size, offset + piece)));
    return bytes;
  };
  const expectedHints = (): BlockHint[] =>
    Array.from({ length: 49 }, (_, index) => ([0, 1, 9, 48].includes(index) ? "data" : "zero"));

  test.each(["raw", "qcow2"])("a %s image on a socket: every byte, and holes are known", async (format) => {
    const bytes = rawImage();
    if (format === "qcow2") qemuImg("convert", "-f", "raw", "-O", "qcow2", at("disk.raw"), at("disk.qcow2"));
    await started(serveOnSocket(at("nbd.sock"), at(`disk.${format}`), "--read-only", "-f", format));
    const source = await opened(socketUrl());
    expect(source.size).toBe(SIZE);
    expect(await survey(source)).toEqual(expectedHints());
    expect((await whole(source, MIB)).equals(bytes)).toBe(true);
    expect((await whole(source, 16 * MIB)).equals(bytes)).toBe(true);
  });

  test("an export with a name on a TCP port, and none of another name", async () => {
    const bytes = rawImage();
    const port = await freePort();
    await started(serveOnPort(port, at("disk.raw"), "--read-only", "-f", "raw", "--export-name", "my disk"));
    const source = await opened(`nbd://127.0.0.1:${port}/my%20disk`);
    expect(await survey(source)).toEqual(expectedHints());
    expect((await whole(source, 3 * MIB)).equals(bytes)).toBe(true);
    const missing = nbdSnapshot({ url: `nbd://127.0.0.1:${port}/other`, diskId: "d", snapshotId: "s" });
    await expect(missing).rejects.toThrow(SourceChanged);
    await expect(missing).rejects.toThrow(/refuses the export "other" with ERR_UNKNOWN/);
  });

  test("data blocks read in the order of the survey are the same as those read against it", async () => {
    const bytes = rawImage();
    await started(serveOnSocket(at("nbd.sock"), at("disk.raw"), "--read-only", "-f", "raw"));
    const source = await opened(socketUrl());
    await survey(source);
    const into = Buffer.alloc(BLOCK);
    for (const index of [9, 0, 1, 5, 0, 9, 1]) {
      await source.read(index * BLOCK, into);
      expect(into.equals(bytes.subarray(index * BLOCK, (index + 1) * BLOCK))).toBe(true);
    }
    await survey(source);
    const across = Buffer.alloc(BLOCK);
    await source.read(BLOCK / 2, across);
    expect(across.equals(bytes.subarray(BLOCK / 2, BLOCK / 2 + BLOCK))).toBe(true);
  });

  test("a read-only export is no target", async () => {
    rawImage();
    await started(serveOnSocket(at("nbd.sock"), at("disk.raw"), "--read-only", "-f", "raw"));
    await expect(nbdTarget(socketUrl(), "d")).rejects.toThrow(TargetUnusable);
    const detail = { url: socketUrl(), export: "" };
    const target = { provider: "nbd", diskId: "d", mode: "overwrite", size: SIZE, detail } as const;
    await expect(createNbdBlocks().openTarget(target)).rejects.toThrow(/is read-only/);
  });

  test("an empty image is fresh, one with data is overwritten: writes, zeros and what was between them arrive", async () => {
    qemuImg("create", "-f", "raw", at("new.raw"), String(SIZE));
    // It leaves a few written zeros at the start, which do not make the image used.
    await started(serveOnSocket(at("nbd.sock"), at("new.raw"), "-f", "raw", "--discard=unmap", "--detect-zeroes=off"));
    const fresh = await nbdTarget(socketUrl(), "d");
    expect(fresh.mode).toBe("fresh");
    expect(fresh.detail).toEqual({ url: socketUrl(), export: "" });
    const expected = Buffer.alloc(SIZE);
    const target = await createNbdBlocks().openTarget(fresh);
    const block = Buffer.alloc(BLOCK);
    for (let offset = 0; offset < SIZE; offset += BLOCK) {
      const length = Math.min(BLOCK, SIZE - offset);
      block.fill(offset / BLOCK + 1);
      block.copy(expected, offset, 0, length);
      await target.write(offset, block.subarray(0, length));
    }
    await target.write(MIB, Buffer.alloc(5 * MIB, 0xab));
    expected.fill(0xab, MIB, 6 * MIB);
    await target.zero(4 * MIB, SIZE - 5 * MIB);
    expected.fill(0, 4 * MIB, SIZE - MIB);
    const seen = Buffer.alloc(2 * MIB);
    await target.read(3 * MIB, seen);
    expect(seen.equals(expected.subarray(3 * MIB, 5 * MIB))).toBe(true);
    await target.sync();
    await target.close();
    expect((await readFile(at("new.raw"))).equals(expected)).toBe(true);
    // Zeros were not written: 5 MiB of data are left of 24, as far as this file system has holes.
    expect((await stat(at("new.raw"))).blocks * 512).toBeLessThan(8 * MIB);
    expect((await nbdTarget(socketUrl(), "d")).mode).toBe("overwrite");
    await expect(createNbdBlocks().openTarget({ ...fresh, size: SIZE + 512 })).rejects.toThrow(/bytes instead of/);
  });

  test("with a persistent dirty bitmap exactly the clean blocks are the same, if there is an earlier capture", async () => {
    qemuImg("create", "-f", "qcow2", at("disk.qcow2"), "16M");
    qemuIo("qcow2", at("disk.qcow2"), "write -P 1 0 4M");
    qemuImg("bitmap", "--add", at("disk.qcow2"), "since-monday");
    qemuIo(
      "qcow2",
      at("disk.qcow2"),
      "write -P 2 1M 64k",
      "write -P 3 15M 512",
      "write -z 2M 1M",
      "write -z 3584k 64k",
    );
    const serving = serveOnSocket(at("nbd.sock"), at("disk.qcow2"), "--read-only", "-f", "qcow2", "-B", "since-monday");
    await started(serving);
    const changed: Record<number, BlockHint> = { 2: "data", 4: "zero", 5: "zero", 7: "data", 30: "data" };
    const since = { snapshotId: "monday", bitmap: "since-monday" };
    expect(await survey(await opened(socketUrl(), since))).toEqual(
      Array.from({ length: 32 }, (_, index) => changed[index] ?? "same"),
    );
    const data = [0, 1, 2, 3, 6, 7, 30];
    expect(await survey(await opened(socketUrl()))).toEqual(
      Array.from({ length: 32 }, (_, index) => (data.includes(index) ? "data" : "zero")),
    );
    await expect(opened(socketUrl(), { snapshotId: "x", bitmap: "tuesday" })).rejects.toThrow(/it has: since-monday/);
  });

  test("what is behind the end of a large sparse disk's windows is known too", async () => {
    await (await open(at("large.raw"), "w")).close();
    truncateSync(at("large.raw"), 5 * 1024 * MIB + 512);
    const file = await open(at("large.raw"), "r+");
    for (const offset of [0, 1024 * MIB - 1, 1024 * MIB, 3 * 1024 * MIB + BLOCK, 5 * 1024 * MIB])
      await file.write(Buffer.from([1]), 0, 1, offset);
    await file.close();
    await started(serveOnSocket(at("nbd.sock"), at("large.raw"), "--read-only", "-f", "raw"));
    const source = await opened(socketUrl());
    const hints: BlockHint[] = [];
    const blocks = Math.ceil(source.size / BLOCK);
    for (let first = 0; first < blocks; first += 1000)
      hints.push(...((await source.survey?.(first, Math.min(1000, blocks - first))) ?? []));
    expect(hints).toHaveLength(10_241);
    expect(hints.flatMap((hint, index) => (hint === "data" ? [index] : []))).toEqual([0, 2047, 2048, 6145, 10_240]);
    expect(await source.survey?.(6144, 2)).toEqual(["zero", "data"]);
  });

  test("a server that dies while it is read ends the read with an error", async () => {
    rawImage();
    const server = await serveOnSocket(at("nbd.sock"), at("disk.raw"), "--read-only", "-f", "raw");
    const source = await opened(socketUrl());
    await source.read(0, Buffer.alloc(MIB));
    await server.stop();
    await expect(source.read(MIB, Buffer.alloc(MIB))).rejects.toThrow(/connection/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
