/** How fast are two threads of this Node at each step of a backup, and this disk at writing? */
import { once } from "node:events";
import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { alignedMemory } from "../../adapters/local/images/aligned-memory.ts";
import { round } from "./measure.ts";

/** A step: `read` from the page cache, `zero` test of zeros, keyed BLAKE3, zstd level 1, AES-256-GCM, memory copy. */
export type CalibrationTask = (typeof TASKS)[number];

/** GB/s (10^9 bytes) of two threads together for each step; `disk` is one sequential O_DIRECT writer, ended by fsync. */
export type Rates = Readonly<Record<CalibrationTask | "disk", number>>;

/** What a thread is started with. */
export interface WorkerSetup {
  readonly image: string;
  /** Where in the image its blocks lie. */
  readonly offsets: readonly number[];
  /** Four bytes of shared memory in which the threads count how many are ready. */
  readonly gate: SharedArrayBuffer;
}

const TASKS = ["read", "zero", "hash", "zstd", "unzstd", "encrypt", "decrypt", "copy"] as const;
const THREADS = 2;
/** Blocks of each thread, spread over the image: 128 MiB, more than any cache. */
const BLOCKS_EACH = 256;
const DISK_BYTES = 2 ** 30;
const WRITE_BYTES = 8 * 2 ** 20;

/** Measures once; `nonZero` are the offsets of the image's non-zero 512 KiB blocks. `folder` gets a file of 1 GiB for a moment. */
export async function calibrate(image: string, nonZero: readonly number[], folder: string): Promise<Rates> {
  const gate = new SharedArrayBuffer(4);
  const taken = Math.min(BLOCKS_EACH * THREADS, nonZero.length);
  const sample = Array.from({ length: taken }, (_, i) => nonZero[Math.floor((i * nonZero.length) / taken)] as number);
  const workers = Array.from({ length: THREADS }, (_, thread) => {
    const workerData: WorkerSetup = { image, gate, offsets: sample.filter((_, i) => i % THREADS === thread) };
    return new Worker(new URL("calibrate-worker.ts", import.meta.url), { workerData });
  });
  try {
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const rates: [string, number][] = [];
    for (const [index, task] of TASKS.entries()) {
      const answers = workers.map((worker) => once(worker, "message"));
      for (const worker of workers) worker.postMessage({ task, round: index, threads: THREADS });
      rates.push([
        task,
        round(
          (await Promise.all(answers)).flat().reduce((sum, rate) => sum + rate, 0),
          3,
        ),
      ]);
    }
    rates.push(["disk", round(await diskRate(folder), 3)]);
    return Object.fromEntries(rates) as Rates;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** GB/s of one file written past the page cache, two writes at a time as a pack writer has. */
async function diskRate(folder: string): Promise<number> {
  const path = join(folder, "disk-rate");
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DIRECT);
  try {
    const started = process.hrtime.bigint();
    const next = { at: 0 };
    await Promise.all([writeOn(file, next), writeOn(file, next)]);
    await file.sync();
    return DISK_BYTES / (Number(process.hrtime.bigint() - started) / 1e9) / 1e9;
  } finally {
    await file.close();
    await rm(path);
  }
}

async function writeOn(file: FileHandle, next: { at: number }): Promise<void> {
  const buffer = alignedMemory(WRITE_BYTES).fill(165);
  while (next.at < DISK_BYTES) {
    const position = next.at;
    next.at += WRITE_BYTES;
    await file.write(buffer, 0, WRITE_BYTES, position);
  }
}
