/** Collection on a folder: what nobody refers to goes, step by step, and who must be waited for is known from DIR/runs and DIR/waits.json. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OwnerLock } from "../../adapters/local/data-folder/owner-lock.ts";
import { replaceFile } from "../../adapters/local/files/durable-file.ts";
import { codeOf } from "../../adapters/local/files/failures.ts";
import { purgeTrash } from "../../adapters/local/files/trash.ts";
import { CATALOG, enterMissed } from "../../core/engine/catalog.ts";
import type { CollectReport, CompactReport, RepositoryRuns, RunSeen } from "../../core/ports/collection.ts";
import type { DataPlane } from "../../core/ports/data-plane.ts";
import { lockStore, type OpenStore } from "./open.ts";
import { type HeldRun, openRun, openRuns } from "./runs.ts";
import { StoreRefused } from "./store-folder.ts";

export interface Collected {
  readonly report: CollectReport;
  /** Roots of deleted backups that went, or would go. */
  readonly roots: readonly string[];
  /** Roots of deleted backups that somebody still reads. */
  readonly read: readonly string[];
  /** Bytes that left the trash for good after 14 days. */
  readonly purged: number;
}

/** `onPlan` hears what is about to happen before it does. @throws StoreRefused, FolderOwned, Damaged, StoreFull, StoreFailed */
export async function collectStore(
  store: OpenStore,
  plane: Pick<DataPlane, "collect">,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Collected> {
  const lock = await lockStore(store);
  try {
    const { domain, now } = store;
    const runs = folderRuns(store, lock);
    const { roots, read } = await letGo(store, dryRun);
    const report = await plane.collect(domain, runs, { step: "decide", now: now(), dryRun });
    if (dryRun) return { report, roots, read, purged: 0 };
    await enterMissed(store.objects, domain);
    let trashed = 0;
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const from: { readonly cursor?: string } = cursor === "" ? {} : { cursor };
      const step: CollectReport = await plane.collect(domain, runs, { step: "trash", now: now(), ...from });
      trashed += step.trashed;
      cursor = step.cursor;
    }
    return { report: { ...report, trashed }, roots, read, purged: await purgeTrash(store.folder.objects, now()) };
  } finally {
    lock.release();
  }
}

/** At most so many bytes are copied in one go; then the next go begins (the engine's own limit). */
const COPY_BYTES = 4 * 1024 ** 3;

/** Empties packs of which less than `below` (0 to 1) is live, until none is left. @throws as `collectStore` */
export async function compactStore(
  store: OpenStore,
  plane: Pick<DataPlane, "compact">,
  { dryRun, below }: { readonly dryRun: boolean; readonly below: number | undefined },
): Promise<CompactReport> {
  const lock = await lockStore(store);
  try {
    const runs = folderRuns(store, lock);
    const ask = { dryRun, budgetBytes: COPY_BYTES, ...(below !== undefined && { below }) };
    const go = (): Promise<CompactReport> => plane.compact(store.domain, runs, { ...ask, now: store.now() });
    let report = await go();
    while (!dryRun && report.left > 0 && report.emptied > 0 && report.held === undefined)
      report = add(report, await go());
    return report;
  } finally {
    lock.release();
  }
}

function add(before: CompactReport, now: CompactReport): CompactReport {
  return {
    ...now,
    candidates: before.candidates,
    emptied: before.emptied + now.emptied,
    frames: before.frames + now.frames,
    written: before.written + now.written,
    damaged: [
      ...before.damaged,
      ...now.damaged.filter(({ object }) => before.damaged.every((d) => d.object !== object)),
    ],
  };
}

/** Step 1 of a collection: roots of deleted backups that nobody reads go, and the intents of those that are gone. */
async function letGo(
  { objects, folder, now }: OpenStore,
  dryRun: boolean,
): Promise<{ readonly roots: readonly string[]; readonly read: readonly string[] }> {
  const roots: string[] = [];
  const read: string[] = [];
  const intents: string[] = [];
  for await (const { name } of objects.list("intents/")) intents.push(name.slice("intents/".length));
  // After the intents: whoever opens a run later looks for its intents after that.
  const pinned = new Set(openRuns(folder.path, now()).flatMap((run) => run.roots));
  for (const id of intents) {
    if (pinned.has(id)) {
      read.push(id);
      continue;
    }
    const there = (await objects.size(`roots/${id}`)) !== undefined;
    if (there) roots.push(id);
    if (dryRun) continue;
    if (there) await objects.trash(`roots/${id}`);
    // The entry before the intent: without that, it would say that the root was lost.
    await objects.trash(`${CATALOG}${id}`);
    // Ids never come again: nobody needs to know any more that this one was deleted.
    await objects.trash(`intents/${id}`);
  }
  return { roots, read };
}

/** The runs of a store. With its lock no other process writes or collects; without one only a dry run may use them. */
export function folderRuns({ folder, now }: OpenStore, lock: OwnerLock | undefined): RepositoryRuns {
  const store = folder.path;
  const moves = new Map<string, { readonly run: HeldRun; result: Uint8Array | undefined }>();
  const seen = ({ id, kind, pins }: RunSeen): RunSeen => ({ id, kind, pins });
  return {
    open: async () =>
      openRuns(store, now()).map(({ id, kind, roots }) =>
        seen({ id, kind: kind === "verify" ? "restore" : kind, pins: roots }),
      ),
    async *results({ id }) {
      const result = moves.get(id)?.result;
      if (result !== undefined) yield result;
    },
    async openMove() {
      const run = openRun(store, { kind: "move", roots: [], at: now() });
      const id = run.id ?? "";
      moves.set(id, { run, result: undefined });
      return { id, kind: "move", pins: [] };
    },
    // In memory: without this process nobody goes on with the move, and its packs are garbage.
    async publishMove({ id }, payload) {
      const move = moves.get(id);
      if (move === undefined) throw new Error(`move ${id} is not this process's`);
      move.result = payload;
    },
    async closeMove({ id }) {
      moves.get(id)?.run.close();
      moves.delete(id);
    },
    async guard() {
      if (lock !== undefined && !existsSync(join(store, `lock.${lock.generation}`)))
        throw new StoreRefused(`${store} was taken over by another process: this collection ends here`);
    },
    waits: async () => readWaits(store),
    async noteWaits(epoch, runs) {
      const waits = readWaits(store);
      if (!waits.has(epoch)) writeWaits(store, waits.set(epoch, runs));
    },
    async forgetWaits(epoch) {
      const waits = readWaits(store);
      if (waits.delete(epoch)) writeWaits(store, waits);
    },
  };
}

const waitsFile = (store: string): string => join(store, "waits.json");

/** @throws Error when the file is damaged: unknown waits are not no waits */
function readWaits(store: string): Map<number, readonly string[]> {
  try {
    const found = JSON.parse(readFileSync(waitsFile(store), "utf8")) as Readonly<Record<string, readonly string[]>>;
    return new Map(Object.entries(found).map(([epoch, runs]) => [Number(epoch), runs]));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return new Map();
    if (!(error instanceof SyntaxError)) throw error;
    throw new StoreRefused(`${waitsFile(store)} is damaged: remove it when nothing has read this store for a day`, {
      cause: error,
    });
  }
}

function writeWaits(store: string, waits: ReadonlyMap<number, readonly string[]>): void {
  replaceFile(waitsFile(store), `${JSON.stringify(Object.fromEntries(waits))}\n`);
}
