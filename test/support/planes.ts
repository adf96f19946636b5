/** Data planes under test: the direct form in memory, and the worker pool on files. */
import { mkdtemp, open, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { type SnapshotRef, SourceChanged, type TargetRef } from "../../core/ports/blocks.ts";
import { StoreFailed, StoreFull } from "../../core/ports/object-store.ts";
import { createWorkerDataPlane, type WorkerDataPlane } from "../../local/data-plane/pool.ts";
import type { DataPlaneUnderTest } from "../contracts/data-plane.ts";
import { BLOCK } from "./engine-disks.ts";
import { openIo } from "./faulty-io.ts";
import { createMemoryBlocks } from "./memory-blocks.ts";
import { createMemoryObjects } from "./memory-objects.ts";

/** Everything in this thread and in memory. */
export async function directPlane(): Promise<DataPlaneUnderTest> {
  const objects = createMemoryObjects();
  const blocks = createMemoryBlocks();
  return {
    plane: createDataPlane({ objects, blocks }),
    objects,
    capture: async (name, bytes) => blocks.snapshot(name, bytes),
    target: async (name, bytes, mode) => blocks.target(name, bytes, mode),
    targetBytes: async (name) => blocks.targets.get(name)?.bytes ?? new Uint8Array(),
    async damage(name, bytes) {
      if (bytes === undefined) objects.objects.delete(name);
      else objects.objects.set(name, bytes);
    },
    async inject(fault) {
      objects.before = (operation) => {
        if (operation === "put" && fault === "put-full") throw new StoreFull("no room, says the test");
        if (operation === "put" && fault === "put-failed") throw new StoreFailed("broken, says the test");
      };
      blocks.beforeRead = async () => {
        if (fault === "source-changed") throw new SourceChanged("changed, says the test");
        if (fault === "slow-source") await new Promise((resolve) => setTimeout(resolve, 100));
      };
    },
    async dispose() {
      objects.objects.clear();
    },
  };
}

/** What only a pool has. */
export interface PoolUnderTest extends DataPlaneUnderTest {
  readonly plane: WorkerDataPlane;
  /** Also faults that only a thread has: it exits, hangs in a read, or waits in one. */
  injectThread(fault: "die" | "hang" | "wait" | undefined): Promise<void>;
}

/** Worker threads on a folder of its own. */
export async function poolPlane(options: { workers?: number; idleMs?: number } = {}): Promise<PoolUnderTest> {
  const home = await mkdtemp(join(tmpdir(), "holdfast-plane-"));
  const folder = join(home, "objects");
  const faultFile = join(home, "fault");
  await createObjectFolder(folder);
  const ioOptions = { folder, reserveBytes: 0, faultFile };
  const { objects, blocks } = openIo(ioOptions);
  const io = { module: new URL("./faulty-io.ts", import.meta.url).href, options: ioOptions };
  const { workers = 2, idleMs = 10_000 } = options;
  const plane = createWorkerDataPlane({ workers, objects, blocks, io, idleMs });
  const pathOf = (name: string) => join(home, `${name}.img`);
  const setFault = (fault: string | undefined) =>
    fault === undefined ? rm(faultFile, { force: true }) : writeFile(faultFile, fault);
  return {
    plane,
    objects,
    capture: async (name, bytes) => snapshotOf(pathOf(name), bytes),
    target: async (name, bytes, mode) => targetOf(pathOf(name), bytes, mode),
    targetBytes: async (name) => readFile(pathOf(name)),
    async damage(name, bytes) {
      await unlink(join(folder, name));
      if (bytes !== undefined) await writeFile(join(folder, name), bytes);
    },
    inject: setFault,
    injectThread: setFault,
    async dispose() {
      await plane.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Writes an image whose zero blocks are holes. */
async function writeImage(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  await file.truncate(bytes.length);
  const zeros = Buffer.alloc(BLOCK);
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    if (!zeros.subarray(0, block.length).equals(block)) await file.write(block, 0, block.length, at);
  }
  await file.close();
}

async function snapshotOf(path: string, bytes: Uint8Array): Promise<SnapshotRef> {
  await writeImage(path, bytes);
  const { dev, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const size = bytes.length;
  const detail = { path, dev: `${dev}`, ino: `${ino}`, size, mtimeNs: `${mtimeNs}`, ctimeNs: `${ctimeNs}` };
  return { provider: "image", diskId: path, snapshotId: path, size, detail };
}

async function targetOf(path: string, bytes: Uint8Array, mode: TargetRef["mode"]): Promise<TargetRef> {
  await writeImage(path, bytes);
  const { dev, ino } = await stat(path, { bigint: true });
  return { provider: "image", diskId: path, mode, size: bytes.length, detail: { path, dev: `${dev}`, ino: `${ino}` } };
}
