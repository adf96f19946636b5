/** Makes one backup: reads the source, stores what its parent does not have, and seals it. Before the seal nothing is visible. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { withChangeList } from "../../adapters/local/change-list.ts";
import { textOf } from "../../adapters/local/files/failures.ts";
import { leavesOf } from "../../core/engine/geometry.ts";
import type { SnapshotRef } from "../../core/ports/blocks.ts";
import {
  ChangeListWrong,
  type DataPlane,
  type TransferCounts,
  type TransferResult,
} from "../../core/ports/data-plane.ts";
import type { JsonObject } from "../../core/ports/record-store.ts";
import { type Backup, backupIds, newestNamed, readBackup, resolveId } from "./backups.ts";
import { lockStore, type OpenStore } from "./open.ts";
import { openRun } from "./runs.ts";
import { newBackupId } from "./short-ids.ts";
import { type FoundSource, findSource, sourceName } from "./source.ts";
import { StoreRefused } from "./store-folder.ts";
import type { Watch } from "./watch.ts";

export interface BackupRequest {
  /** A raw image's path, or an NBD URL. */
  readonly source: string;
  /** Default: the source's absolute path or URL. */
  readonly name?: string | undefined;
  /** An id (or what `resolveId` takes), `none`, or undefined for the newest backup of this name. */
  readonly parent?: string | undefined;
  /** A file of block numbers that may differ from the parent. */
  readonly changed?: string | undefined;
  /** NBD: the dirty bitmap that began at the parent's instant. */
  readonly bitmap?: string | undefined;
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Version of this program, for the backup's description. */
  readonly version: string;
}

export interface BackupMade {
  readonly id: string;
  readonly name: string;
  /** Bytes of the disk. */
  readonly size: number;
  readonly counts: TransferCounts;
  readonly parent: string | undefined;
}

/** A unit whose packs are condemned again and again is a bug, or two collectors that do nothing else. */
const ATTEMPTS = 10;

/**
 * Holds the store from here to the end. @throws StoreRefused, FolderOwned, SourceChanged, ChangeListUnreadable, StoreFull,
 * StoreFailed, Interrupted; nothing is listed then
 */
export async function makeBackup(
  store: OpenStore,
  plane: DataPlane,
  request: BackupRequest,
  watch: Watch,
): Promise<BackupMade> {
  const lock = await lockStore(store);
  try {
    // The parent is looked for while the source's stamp settles.
    const name = request.name ?? sourceName(request.source);
    const finding = findParent(store, plane, request.parent, name);
    finding.catch(() => undefined);
    const plain = request.bitmap === undefined ? findSource(request.source) : undefined;
    plain?.catch(() => undefined);
    const parent = await finding;
    const bitmap =
      request.bitmap === undefined ? undefined : { name: request.bitmap, since: sinceOf(parent, "--bitmap") };
    const found = await (plain ?? findSource(request.source, { bitmap }));
    if (found.remark !== undefined) watch.onRemark(found.remark);
    const snapshot = request.changed === undefined ? found.snapshot : listed(request.changed, found, parent, watch);
    if (bitmap !== undefined) sameDisk(found, parent, watch);
    const run = openRun(store.folder.path, { kind: "backup", roots: parent ? [parent.id] : [], at: store.now() });
    try {
      return await withRun(store, plane, { request, name, found, snapshot, parent }, watch);
    } finally {
      run.close();
    }
  } finally {
    lock.release();
  }
}

interface Plan {
  readonly request: BackupRequest;
  readonly name: string;
  readonly found: FoundSource;
  readonly snapshot: SnapshotRef;
  readonly parent: Backup | undefined;
}

/** Stops the work as soon as the source turns out to be unfit. */
async function withRun(store: OpenStore, plane: DataPlane, plan: Plan, watch: Watch): Promise<BackupMade> {
  const unfit = new AbortController();
  plan.found.unfit.catch((error: unknown) => unfit.abort(error));
  try {
    return await work(store, plane, plan, { ...watch, signal: AbortSignal.any([watch.signal, unfit.signal]) });
  } catch (error) {
    throw unfit.signal.aborted ? unfit.signal.reason : error;
  }
}

async function work(store: OpenStore, plane: DataPlane, plan: Plan, watch: Watch): Promise<BackupMade> {
  const { request, name, found, snapshot, parent } = plan;
  const createdAt = new Date(store.now()).toISOString();
  watch.onTotal(snapshot.size);
  let results: readonly TransferResult[];
  try {
    results = await transferAll(store, plane, snapshot, parent, request.level, watch);
  } catch (error) {
    if (!(error instanceof ChangeListWrong)) throw error;
    watch.onRemark(`${error.message}: what it was told of changes is wrong, so every block is read`);
    watch.onTotal(snapshot.size);
    results = await transferAll(store, plane, everything(snapshot), parent, request.level, watch);
  }
  await found.check();
  const id = newBackupId(store.now(), (await backupIds(store)).at(-1));
  const description: JsonObject = {
    name,
    source: found.source,
    created_at: createdAt,
    host: hostname(),
    version: request.version,
    ...(parent !== undefined && { parent: parent.id }),
  };
  const parentRoot = parent === undefined ? {} : { parentRoot: parent.id };
  const sealing = { domain: store.domain, rootId: id, size: snapshot.size, description, ...parentRoot };
  await plane.seal({ ...sealing, results: results.map(({ payload }) => payload) });
  return { id, name, size: snapshot.size, counts: sum(results), parent: parent?.id };
}

/** The snapshot without anything that says what is the same. */
function everything({ since: _since, ...snapshot }: SnapshotRef): SnapshotRef {
  const { bitmap: _bitmap, changes: _changes, ...detail } = snapshot.detail;
  return { ...snapshot, detail };
}

/** Works from leaf 0 to the end: a result may end early, and one that refers to what is avoided now is made again. */
async function transferAll(
  store: OpenStore,
  plane: DataPlane,
  snapshot: SnapshotRef,
  parent: Backup | undefined,
  level: number,
  watch: Watch,
): Promise<readonly TransferResult[]> {
  const { domain } = store;
  const endLeaf = leavesOf(snapshot.size);
  const results: TransferResult[] = [];
  let attempts = 0;
  for (let firstLeaf = 0; firstLeaf < endLeaf; ) {
    const parentRoot = parent === undefined ? {} : { parentRoot: parent.id };
    const unit = { domain, snapshot, ...parentRoot, level, firstLeaf, endLeaf, budgetMs: Number.MAX_SAFE_INTEGER };
    const result = await plane.transfer(unit, { onProgress: watch.onProgress, signal: watch.signal });
    const avoided = await plane.avoided(domain, result.payload);
    if (avoided.length > 0 && ++attempts < ATTEMPTS) continue;
    if (avoided.length > 0) throw new Error(`packs that were just written are condemned, ${ATTEMPTS} times in a row`);
    results.push(result);
    firstLeaf = result.endLeaf;
  }
  return results;
}

function sum(results: readonly TransferResult[]): TransferCounts {
  const total = { read: 0, nonZero: 0, changed: 0, stored: 0 };
  for (const { counts } of results)
    for (const field of ["read", "nonZero", "changed", "stored"] as const) total[field] += counts[field];
  return total;
}

async function findParent(
  store: OpenStore,
  plane: DataPlane,
  given: string | undefined,
  name: string,
): Promise<Backup | undefined> {
  if (given === "none") return undefined;
  if (given === undefined) return newestNamed(store, plane, name);
  const parent = await readBackup(store, plane, await resolveId(store, plane, given));
  if ("damaged" in parent)
    throw new StoreRefused(`the parent cannot be read: ${parent.damaged}; --parent none reads everything`);
  return parent;
}

function sinceOf(parent: Backup | undefined, option: string): string {
  if (parent !== undefined) return parent.id;
  throw new StoreRefused(`${option} needs a parent: there is no backup of this name yet, so everything must be read`);
}

/** The snapshot as the change list shows it. @throws StoreRefused, ChangeListUnreadable */
function listed(file: string, found: FoundSource, parent: Backup | undefined, watch: Watch): SnapshotRef {
  const since = sinceOf(parent, "--changed");
  sameDisk(found, parent, watch);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new StoreRefused(`the change list ${file} cannot be read: ${textOf(cause)}`, { cause });
  }
  return withChangeList(found.snapshot, { text, name: file, since });
}

/**
 * Is what is known of changes about this parent? The size must be the same. Another source under the same name is the user's word
 * (images are moved, versions lie side by side): it is said, and a sample of the other blocks is compared anyway.
 */
function sameDisk({ snapshot, source }: FoundSource, parent: Backup | undefined, watch: Watch): void {
  if (parent === undefined) return;
  if (parent.size !== snapshot.size)
    throw new StoreRefused(
      `the list of changes cannot be about ${parent.id}: that backup has ${parent.size} bytes, ${source} has ${snapshot.size}; back up without it`,
    );
  if (parent.source !== source)
    watch.onRemark(`the parent ${parent.id} was made of ${parent.source}: changes are taken to be against that backup`);
}
