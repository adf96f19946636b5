/** Which backups does a store hold, and which one is meant? */
import { Damaged, type DataPlane, type RootFacts } from "../../core/ports/data-plane.ts";
import { ObjectMissing } from "../../core/ports/object-store.ts";
import type { OpenStore } from "./open.ts";
import { StoreRefused } from "./store-folder.ts";

/** What reading a backup's root needs. */
export type RootReader = Pick<DataPlane, "root">;

export interface Backup {
  readonly id: string;
  readonly name: string;
  /** Where it was read: an absolute path or an NBD URL. */
  readonly source: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Bytes of the disk. */
  readonly size: number;
  /** Bytes of its blocks that are not all zero. */
  readonly nonZero: number;
  /** Bytes that were written for it. */
  readonly stored: number;
  /** The backup that it was compared with. */
  readonly parent: string | undefined;
  readonly host: string;
  readonly leaves: number;
  readonly description: RootFacts["description"];
}

/** A root that cannot be read. */
export interface DamagedBackup {
  readonly id: string;
  readonly damaged: string;
}

/** Ids of all backups, oldest first: those whose root is there and that nobody deleted. @throws StoreFailed */
export async function backupIds({ objects }: Pick<OpenStore, "objects">): Promise<readonly string[]> {
  const [roots, deleted] = await Promise.all([names(objects, "roots/"), names(objects, "intents/")]);
  const gone = new Set(deleted);
  return roots.filter((id) => !gone.has(id));
}

async function names(objects: OpenStore["objects"], prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of objects.list(prefix)) found.push(name.slice(prefix.length));
  return found;
}

/** Reads one backup's root. Damage and absence are told, not thrown. @throws StoreFailed, FormatTooNew */
export async function readBackup(store: OpenStore, plane: RootReader, id: string): Promise<Backup | DamagedBackup> {
  try {
    return backupOf(await plane.root(store.domain, id));
  } catch (error) {
    if (error instanceof Damaged || error instanceof ObjectMissing) return { id, damaged: error.message };
    throw error;
  }
}

/** All backups; a store's in the order in which they were made, a service's by their instants. */
export async function readBackups(store: OpenStore, plane: RootReader): Promise<readonly (Backup | DamagedBackup)[]> {
  const backups: (Backup | DamagedBackup)[] = [];
  for (const id of await backupIds(store)) backups.push(await readBackup(store, plane, id));
  if (store.folder.kind === "store") return backups;
  const at = (backup: Backup | DamagedBackup) => ("damaged" in backup ? "" : backup.createdAt);
  return backups.sort((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0));
}

/** The newest backup of this name; reads roots from the newest on, so that a long history costs nothing. */
export async function newestNamed(store: OpenStore, plane: RootReader, name: string): Promise<Backup | undefined> {
  for (const id of (await backupIds(store)).toReversed()) {
    const backup = await readBackup(store, plane, id);
    if (!("damaged" in backup) && backup.name === name) return backup;
  }
  return undefined;
}

/**
 * The id that is meant by `given`: an id, a unique beginning or end of one, `latest`, or `NAME@latest`.
 * @throws StoreRefused when there is none, or more than one
 */
export async function resolveId(store: OpenStore, plane: RootReader, given: string): Promise<string> {
  const ids = await backupIds(store);
  if (ids.includes(given)) return given;
  const named = /^(?:(.*)@)?latest$/s.exec(given);
  if (named !== null) {
    const [, name] = named;
    const newest =
      name === undefined ? newestOf(await sorted(store, plane, ids)) : (await newestNamed(store, plane, name))?.id;
    if (newest !== undefined) return newest;
    throw new StoreRefused(name === undefined ? "this store holds no backup" : `no backup has the name ${name}`);
  }
  const matches = given.length < 2 ? [] : ids.filter((id) => id.startsWith(given) || id.endsWith(given));
  const [only] = matches;
  if (only === undefined)
    throw new StoreRefused(`there is no backup ${given}; "holdfast store list" shows what there is`);
  if (matches.length > 1)
    throw new StoreRefused(
      `${given} is not clear: ${matches.slice(0, 5).join(", ")}${matches.length > 5 ? ", …" : ""}`,
    );
  return only;
}

const newestOf = (ids: readonly string[]): string | undefined => ids.at(-1);

/** Ids of a store sort by age; those of a service do not. */
async function sorted(store: OpenStore, plane: RootReader, ids: readonly string[]): Promise<readonly string[]> {
  return store.folder.kind === "store" ? ids : (await readBackups(store, plane)).map(({ id }) => id);
}

/** Our own roots say where they were read; those of a service say which disk it was. */
function backupOf({ rootId, size, nonZero, stored, leaves, description }: RootFacts): Backup {
  const text = (field: string): string | undefined => {
    const value = description[field];
    return typeof value === "string" ? value : undefined;
  };
  return {
    id: rootId,
    name: text("name") ?? rootId,
    source: text("source") ?? text("diskName") ?? text("disk") ?? "",
    createdAt: text("created_at") ?? instantOf(description.instant),
    size,
    nonZero,
    stored,
    parent: text("parent"),
    host: text("host") ?? "",
    leaves,
    description,
  };
}

function instantOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? new Date(value).toISOString() : "";
}
