/** Brings one backup back: into a new file, over an existing one, to an NBD export, or to standard output. */
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { leavesOf } from "../../core/engine/geometry.ts";
import type { TargetRef } from "../../core/ports/blocks.ts";
import type { DataPlane, RestoreResult } from "../../core/ports/data-plane.ts";
import { ObjectMissing } from "../../core/ports/object-store.ts";
import { type Backup, readBackup, resolveId } from "./backups.ts";
import type { OpenStore } from "./open.ts";
import { type HeldRun, openRun, UNSEEN } from "./runs.ts";
import { StoreRefused } from "./store-folder.ts";
import { streamDisk } from "./stream.ts";
import { existingFile, newFile } from "./target-file.ts";
import type { Watch } from "./watch.ts";

export interface RestoreRequest {
  /** What `resolveId` takes. */
  readonly id: string;
  /** A path, an NBD URL, or `-`. */
  readonly target: string;
  readonly overwrite: boolean;
  readonly readBack: boolean;
  /** Where `-` goes. */
  readonly output: Writable;
}

export interface Restored {
  readonly id: string;
  /** Bytes of the disk. */
  readonly size: number;
  readonly written: number;
  readonly readBack: number;
}

/**
 * Every block's id is checked before it is written. A new file that could not be finished is removed.
 * @throws StoreRefused, TargetUnusable, Damaged, StoreFailed, Interrupted
 */
export async function restoreBackup(
  store: OpenStore,
  plane: DataPlane,
  request: RestoreRequest,
  watch: Watch,
): Promise<Restored> {
  if (request.target === "-" && request.readBack)
    throw new StoreRefused("--read-back needs a target that can be read: standard output cannot");
  const backup = await find(store, plane, request.id);
  return underRun(store, backup, (run) => {
    if (request.target === "-") return toOutput(store, backup, request, watch);
    if (/^nbds?(\+[a-z]+)?:/i.test(request.target)) return toExport(store, plane, backup, request, watch);
    return toFile(store, plane, backup, request, run, watch);
  });
}

async function toExport(
  store: OpenStore,
  plane: DataPlane,
  backup: Backup,
  request: RestoreRequest,
  watch: Watch,
): Promise<Restored> {
  // Loaded when needed only.
  const { nbdTarget } = await import("../../adapters/local/nbd/blocks.ts");
  return toTarget(store, plane, backup, await nbdTarget(request.target, request.target), request, watch);
}

async function toFile(
  store: OpenStore,
  plane: DataPlane,
  backup: Backup,
  request: RestoreRequest,
  run: HeldRun,
  watch: Watch,
): Promise<Restored> {
  const path = resolve(request.target);
  const making = { store: store.folder.path, now: store.now(), run };
  const file = await (request.overwrite ? existingFile : newFile)(path, backup.size, making);
  try {
    const done = await toTarget(store, plane, backup, file.reference, request, watch);
    await file.finish();
    return done;
  } catch (error) {
    await file.abandon();
    if (!file.made && error instanceof Error) error.message += `; ${path} is now partly the backup, partly what it was`;
    throw error;
  }
}

async function find(store: OpenStore, plane: DataPlane, given: string): Promise<Backup> {
  const backup = await readBackup(store, plane, await resolveId(store, plane, given));
  if ("damaged" in backup) throw new StoreRefused(`the backup cannot be restored: ${backup.damaged}`);
  return backup;
}

/** Says that the backup is being read, then looks whether it is still there: whoever deletes it looks at the runs afterwards. */
async function underRun<T>(store: OpenStore, { id }: Backup, work: (run: HeldRun) => Promise<T>): Promise<T> {
  const run = announce(store, { kind: "restore", roots: [id], at: store.now() });
  try {
    if ((await store.objects.size(`intents/${id}`)) !== undefined)
      throw new ObjectMissing(`backup ${id} was deleted a moment ago`);
    return await work(run);
  } finally {
    run.close();
  }
}

/** A service's folder has its own records of runs: its reader goes without, its packs lie in the trash for 14 days. */
export function announce(store: OpenStore, run: Parameters<typeof openRun>[1]): HeldRun {
  return store.folder.kind === "service" ? UNSEEN : openRun(store.folder.path, run);
}

async function toTarget(
  store: OpenStore,
  plane: DataPlane,
  backup: Backup,
  target: TargetRef,
  { readBack }: RestoreRequest,
  watch: Watch,
): Promise<Restored> {
  const { id, size } = backup;
  const endLeaf = leavesOf(size);
  watch.onTotal(size);
  const total = { written: 0, readBack: 0 };
  for (let firstLeaf = 0; firstLeaf < endLeaf; ) {
    const unit = {
      domain: store.domain,
      rootId: id,
      target,
      readBack,
      firstLeaf,
      endLeaf,
      budgetMs: Number.MAX_SAFE_INTEGER,
    };
    const done: RestoreResult = await plane.restore(unit, { onProgress: watch.onProgress, signal: watch.signal });
    total.written += done.written;
    total.readBack += done.readBack;
    firstLeaf = done.endLeaf;
  }
  return { id, size, ...total };
}

async function toOutput(
  store: OpenStore,
  { id, size }: Backup,
  { output }: RestoreRequest,
  watch: Watch,
): Promise<Restored> {
  watch.onTotal(size);
  await streamDisk(store, id, output, watch);
  return { id, size, written: size, readBack: 0 };
}
