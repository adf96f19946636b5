/** Is everything that is stored what was written? Names each damaged object, and the backups that it hurts. */
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { leavesOf } from "../../core/engine/geometry.ts";
import { readRelocations, relocated } from "../../core/engine/relocations.ts";
import type { Root } from "../../core/engine/root-format.ts";
import { readRoot } from "../../core/engine/root-store.ts";
import { framesOf } from "../../core/engine/tables.ts";
import { Damaged, type DataPlane, type VerifyUnit } from "../../core/ports/data-plane.ts";
import { ObjectMissing } from "../../core/ports/object-store.ts";
import { backupIds, readBackup, resolveId } from "./backups.ts";
import { lockStore, type OpenStore } from "./open.ts";
import { announce } from "./restore.ts";
import { damagedKeys } from "./secret.ts";
import type { Watch } from "./watch.ts";

export interface VerifyRequest {
  /** What `resolveId` takes; none = all backups. */
  readonly ids: readonly string[];
  /** `presence`: objects are there and authenticate; `data`: every block is decoded and hashed. */
  readonly depth: VerifyUnit["depth"];
}

/** One object that is not what was written. */
export interface DamagedObject {
  /** Its name inside the repository. */
  readonly object: string;
  readonly reason: string;
  /** Ids of backups that cannot be restored whole. */
  readonly hurts: readonly string[];
}

export interface Verified {
  readonly backups: number;
  /** Bytes of disk that were checked. */
  readonly checked: number;
  readonly damaged: readonly DamagedObject[];
  /** Damaged packs that no new backup will refer to: the next backup of a disk stores their blocks anew. */
  readonly quarantined: readonly string[];
}

const PACKS = "packs/";
const ROOTS = "roots/";

/** Damage is a result, not an exception. @throws StoreRefused, StoreFailed, Interrupted */
export async function verifyBackups(
  store: OpenStore,
  plane: DataPlane,
  { ids, depth }: VerifyRequest,
  watch: Watch,
): Promise<Verified> {
  const asked = new Set<string>();
  for (const id of ids) asked.add(await resolveId(store, plane, id));
  const wanted = ids.length === 0 ? await backupIds(store) : [...asked];
  const run = announce(store, { kind: "verify", roots: wanted, at: store.now() });
  try {
    const damage = new Map<string, string>();
    const note = (object: string, reason: string): void => {
      if (!damage.has(object)) damage.set(object, reason);
    };
    for (const { object, reason } of await damagedKeys(store.objects, store.domain.domainId)) note(object, reason);
    for (const { object, reason } of await plane.inspect(store.domain)) note(object, reason);
    // Those that are still there now that the run is known; what was deleted before is nobody's backup any more.
    const there = new Set(await backupIds(store));
    const present = wanted.filter((id) => there.has(id));
    const checked = await verifyRoots(store, plane, present, depth, note, watch);
    const hurts = await whoIsHurt(store, [...damage.keys()]);
    const damaged = [...damage].map(([object, reason]) => ({ object, reason, hurts: hurts(object) }));
    const packs = [...damage.keys()].filter((name) => name.startsWith(PACKS)).map((name) => name.slice(PACKS.length));
    const quarantined = packs.length === 0 ? [] : await quarantine(store, plane, packs, watch);
    return { backups: present.length, checked, damaged, quarantined };
  } finally {
    run.close();
  }
}

async function verifyRoots(
  store: OpenStore,
  plane: DataPlane,
  ids: readonly string[],
  depth: VerifyUnit["depth"],
  note: (object: string, reason: string) => void,
  watch: Watch,
): Promise<number> {
  const sound: { readonly id: string; readonly size: number }[] = [];
  for (const id of ids) {
    const backup = await readBackup(store, plane, id);
    if ("damaged" in backup) note(`roots/${id}`, reasonOf(`roots/${id}`, backup.damaged));
    else sound.push(backup);
  }
  watch.onTotal(sound.reduce((sum, { size }) => sum + size, 0));
  let checked = 0;
  // What a backup shares with the one before it is decoded once; who is hurt by damage is found by the roots.
  let since: string | undefined;
  for (const { id, size } of sound) {
    const endLeaf = leavesOf(size);
    for (let firstLeaf = 0; firstLeaf < endLeaf; ) {
      const budgetMs = Number.MAX_SAFE_INTEGER;
      const shared = since === undefined ? {} : { since };
      const unit = { domain: store.domain, rootId: id, depth, firstLeaf, endLeaf, budgetMs, ...shared };
      const done = await plane.verify(unit, { onProgress: watch.onProgress, signal: watch.signal });
      for (const { object, reason } of done.damaged) note(object, reason);
      checked += done.checked;
      firstLeaf = done.endLeaf;
    }
    since = id;
  }
  return checked;
}

/** The message of a Damaged begins with its object. */
function reasonOf(object: string, message: string): string {
  return message.startsWith(`${object}: `) ? message.slice(object.length + 2) : message;
}

/** Looks through the roots of all backups, also of those that were not verified: which of them refer to these objects? */
async function whoIsHurt(store: OpenStore, objects: readonly string[]): Promise<(object: string) => readonly string[]> {
  // A root hurts its own backup, also one that is missing.
  const hurt = new Map(objects.map((object) => [object, object.startsWith(ROOTS) ? [object.slice(ROOTS.length)] : []]));
  if (objects.length === 0) return () => [];
  const crypto = await openDomain(store.domain);
  const map = await readRelocations(store.objects, crypto);
  const ids = await backupIds(store);
  for (const id of ids) {
    const root = await readRoot(store.objects, crypto, id).catch((error: unknown) => {
      if (error instanceof Damaged || error instanceof ObjectMissing) return undefined;
      throw error;
    });
    for (const pack of root === undefined ? [] : packsOf(root, map)) hurt.get(`${PACKS}${pack}`)?.push(id);
  }
  // Without the newest map nobody knows what has moved.
  return (object) => (object.startsWith("maps/") ? ids : (hurt.get(object) ?? []));
}

/** Packs that hold what a root refers to, where it is now. */
function packsOf(root: Root, map: Awaited<ReturnType<typeof readRelocations>>): ReadonlySet<string> {
  const packs = new Set<string>();
  for (const { pack, live } of root.packs) {
    if (!map.moved.has(pack)) packs.add(pack);
    else
      for (const frame of framesOf(live))
        packs.add(relocated(map, { pack, frame, offset: 0, stored: 0, codec: 0 }).pack);
  }
  return packs;
}

/** A store that cannot be written now keeps its damage to itself; the next verify finds it again. */
async function quarantine(
  store: OpenStore,
  plane: DataPlane,
  packs: readonly string[],
  watch: Watch,
): Promise<readonly string[]> {
  try {
    const lock = await lockStore(store);
    try {
      await plane.quarantine(store.domain, packs, store.now());
      return packs;
    } finally {
      lock.release();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    watch.onRemark(`new backups may go on referring to the damaged packs: ${why}`);
    return [];
  }
}
