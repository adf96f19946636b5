/** One of the two threads of a calibration: does one kind of work on real blocks as fast as Node can, and counts the bytes. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import type { CalibrationTask, WorkerSetup } from "./calibrate.ts";

const BLOCK = 2 ** 19;
const PIECE = 2 ** 20;
/** Seconds that one figure takes at least. */
const ENOUGH = 0.4;

const { image, offsets, gate } = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error("calibrate-worker.ts is a worker thread");
const file = openSync(image, "r");
const blocks = offsets.map((offset) => {
  const block = Buffer.allocUnsafeSlow(BLOCK);
  readSync(file, block, 0, BLOCK, offset);
  return block;
});
const zeros = Buffer.alloc(BLOCK);
const blank = Buffer.alloc(BLOCK);
const copy = Buffer.allocUnsafeSlow(BLOCK);
const piece = Buffer.allocUnsafeSlow(PIECE);
const key = Buffer.alloc(32, 7);
const nonce = Buffer.alloc(12);
const hasher = Blake3Hasher.newKeyed(key);

/** The options of level 1 of the format: see core/engine/zstd.ts, whose checks are left out here. */
const compress = (block: Buffer): Buffer =>
  zstdCompressSync(block, {
    chunkSize: BLOCK + (BLOCK >> 7) + 1024,
    pledgedSrcSize: BLOCK,
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 18 },
  });
const packed = blocks.map((block) => compress(block));
const sealed = packed.map((frame) => {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const bytes = Buffer.concat([cipher.update(frame), cipher.final()]);
  return { bytes, tag: cipher.getAuthTag() };
});

/** Does the work on the i-th block; the bytes it counts for. */
const work: Readonly<Record<CalibrationTask, (i: number) => number>> = {
  read: (i) => readSync(file, piece, 0, PIECE, offsets[i] as number),
  zero: () => (zeros.equals(blank) ? BLOCK : 0),
  hash: (i) => {
    hasher.reset();
    hasher.update(blocks[i] as Buffer).digestBuffer();
    return BLOCK;
  },
  zstd: (i) => {
    compress(blocks[i] as Buffer);
    return BLOCK;
  },
  unzstd: (i) => zstdDecompressSync(packed[i] as Buffer, { chunkSize: BLOCK + 1024, maxOutputLength: BLOCK }).length,
  encrypt: (i) => {
    const frame = packed[i] as Buffer;
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.update(frame);
    cipher.final();
    cipher.getAuthTag();
    return frame.length;
  },
  decrypt: (i) => {
    const { bytes, tag } = sealed[i] as (typeof sealed)[number];
    const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAuthTag(tag);
    decipher.update(bytes);
    decipher.final();
    return bytes.length;
  },
  copy: (i) => (blocks[i] as Buffer).copy(copy),
};

/** Waits until every thread is here, so that all work at the same time. */
function meet(round: number, threads: number): void {
  const counter = new Int32Array(gate);
  const target = (round + 1) * threads;
  if (Atomics.add(counter, 0, 1) + 1 === target) Atomics.notify(counter, 0);
  for (let seen = Atomics.load(counter, 0); seen < target; seen = Atomics.load(counter, 0))
    Atomics.wait(counter, 0, seen, 50);
}

port.on("message", ({ task, round, threads }: { task: CalibrationTask; round: number; threads: number }) => {
  const once = work[task];
  meet(round, threads);
  const started = process.hrtime.bigint();
  let bytes = 0;
  let seconds = 0;
  for (let i = 0; seconds < ENOUGH; i = (i + 1) % blocks.length) {
    bytes += once(i);
    seconds = Number(process.hrtime.bigint() - started) / 1e9;
  }
  port.postMessage(bytes / seconds / 1e9);
});
port.once("close", () => closeSync(file));
port.postMessage(0);
