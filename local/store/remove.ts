/** Deletes backups: the intent first, then the root, unless somebody reads it; what nobody refers to any more goes with collection. */
import { missingRoots } from "../../core/engine/catalog.ts";
import type { DataPlane } from "../../core/ports/data-plane.ts";
import { resolveId } from "./backups.ts";
import { lockStore, type OpenStore } from "./open.ts";
import { openRuns } from "./runs.ts";

export interface Removed {
  readonly id: string;
  /** The process that reads it, and keeps it until the next collection after its end; undefined when it is gone. */
  readonly readBy: { readonly pid: number; readonly host: string } | undefined;
}

/** All ids are resolved before the first one is deleted. @throws StoreRefused, FolderOwned, StoreFailed */
export async function removeBackups(
  store: OpenStore,
  plane: DataPlane,
  given: readonly string[],
): Promise<readonly Removed[]> {
  const lock = await lockStore(store);
  try {
    const ids = new Set<string>();
    // A backup whose root was lost is deleted by its whole id: then nobody misses it any more.
    const missing = new Set(await missingRoots(store.objects));
    for (const id of given) ids.add(missing.has(id) ? id : await resolveId(store, plane, id));
    const removed: Removed[] = [];
    for (const id of ids) removed.push(await removeOne(store, id));
    return removed;
  } finally {
    lock.release();
  }
}

async function removeOne({ objects, folder, now }: OpenStore, id: string): Promise<Removed> {
  const intent = { format: 1, root: id, backup: id, at: new Date(now()).toISOString() };
  await objects.putIfAbsent(`intents/${id}`, Buffer.from(JSON.stringify(intent)));
  // After the intent: whoever opens a run later looks for the intent after that.
  const reader = openRuns(folder.path, now()).find(({ roots }) => roots.includes(id));
  if (reader !== undefined) return { id, readBy: { pid: reader.pid, host: reader.host } };
  await objects.trash(`roots/${id}`);
  return { id, readBy: undefined };
}
