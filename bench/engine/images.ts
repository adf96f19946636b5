/**
 * Measures the data plane on real images: full, incremental, verify and restore, with worker threads as the service runs them.
 *
 *   node bench/engine/images.ts FIRST SECOND WORK-FOLDER [workers]
 *
 * Prints one JSON line an operation: seconds, bytes counted, and the peak resident memory of the process so far. The result
 * of the restore is compared with the second image byte for byte.
 */
import { createReadStream, readFileSync } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createImageBlocks } from "../../adapters/local/images/blocks.ts";
import type { SnapshotRef, TargetRef } from "../../core/ports/blocks.ts";
import type { DomainKeys, LeafRange } from "../../core/ports/data-plane.ts";
import { createWorkerDataPlane, localIo } from "../../local/data-plane/pool.ts";

const [first = "", second = "", work = "", workersText = "2"] = process.argv.slice(2);
const workers = Number(workersText);
const budgetMs = 600_000;
const level = 1;
const domain: DomainKeys = { domainId: "bench", secret: new Uint8Array(32).fill(9) };

await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
const folder = join(work, "objects");
await createObjectFolder(folder);
const objects = createFolderObjectStore({ folder, reserveBytes: 0 });
const io = localIo({ folder, reserveBytes: 0 });
const plane = createWorkerDataPlane({ workers, objects, blocks: createImageBlocks(), io });

function peakMiB(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

async function measure<T>(name: string, task: () => Promise<T>): Promise<T> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await task();
  const seconds = Number(((performance.now() - start) / 1000).toFixed(2));
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = Number(((user + system) / 1e6).toFixed(2));
  process.stdout.write(`${JSON.stringify({ name, seconds, cpuSeconds, peakMiB: peakMiB(), ...result })}\n`);
  return result;
}

function ranges(size: number): LeafRange[] {
  const leaves = Math.ceil(size / 2 ** 29);
  const each = Math.ceil(leaves / workers);
  return Array.from({ length: workers }, (_, index) => ({
    firstLeaf: index * each,
    endLeaf: Math.min(leaves, (index + 1) * each),
  })).filter(({ firstLeaf, endLeaf }) => firstLeaf < endLeaf);
}

async function snapshotOf(path: string): Promise<SnapshotRef> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const stamp = { dev: `${dev}`, ino: `${ino}`, size: Number(size), mtimeNs: `${mtimeNs}`, ctimeNs: `${ctimeNs}` };
  return { provider: "image", diskId: "bench", snapshotId: path, size: Number(size), detail: { path, ...stamp } };
}

async function backUp(path: string, rootId: string, parentRoot?: string) {
  const snapshot = await snapshotOf(path);
  const unit = { domain, snapshot, level, budgetMs, ...(parentRoot === undefined ? {} : { parentRoot }) };
  const done = await Promise.all(ranges(snapshot.size).map((range) => plane.transfer({ ...unit, ...range })));
  const results = done.map(({ payload }) => payload);
  const facts = await plane.seal({ domain, rootId, size: snapshot.size, description: {}, results });
  const changed = done.reduce((sum, { counts }) => sum + counts.changed, 0);
  return { size: facts.size, nonZero: facts.nonZero, changed, stored: facts.stored };
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const other = createReadStream(b, { highWaterMark: 1 << 20 })[Symbol.asyncIterator]();
  for await (const chunk of createReadStream(a, { highWaterMark: 1 << 20 })) {
    const { value } = await other.next();
    if (!(chunk as Buffer).equals(value as Buffer)) return false;
  }
  return (await other.next()).done === true;
}

await measure("full", () => backUp(first, "one"));
await measure("incremental", () => backUp(second, "two", "one"));
await measure("difference", async () => ({ bytes: await plane.difference(domain, "one", "two") }));
const { size } = await stat(second);
await measure("verify", async () => {
  const unit = { domain, rootId: "two", depth: "data", budgetMs } as const;
  const done = await Promise.all(ranges(size).map((range) => plane.verify({ ...unit, ...range })));
  return { damaged: done.flatMap(({ damaged }) => damaged).length };
});
for (const readBack of [false, true]) {
  const path = join(work, `restored-${readBack}`);
  await rm(path, { force: true });
  const { truncate, writeFile } = await import("node:fs/promises");
  await writeFile(path, "");
  await truncate(path, size);
  const { dev, ino } = await stat(path, { bigint: true });
  const detail = { path, dev: `${dev}`, ino: `${ino}` };
  const target: TargetRef = { provider: "image", diskId: "bench", mode: "fresh", size, detail };
  await measure(readBack ? "restore, read back" : "restore", async () => {
    const unit = { domain, rootId: "two", target, readBack, budgetMs };
    const done = await Promise.all(ranges(size).map((range) => plane.restore({ ...unit, ...range })));
    return { written: done.reduce((sum, { written }) => sum + written, 0) };
  });
  if (!(await sameBytes(path, second))) throw new Error(`${path} is not ${second}`);
}
await plane.close();
