/** How does exactly one process own a data folder, also when its owner died or two start at once? */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, writeNewFile } from "../files/durable-file.ts";
import { codeOf } from "../files/failures.ts";
import { isAlive, type ProcessIdentity, thisProcess } from "./processes.ts";

/** Locks that this process released and whose files could not say so: while it lives, nobody else can know that they are free. */
const untold = new Set<string>();

/** lock.<generation>: the highest one counts. */
const LOCK = /^lock\.(\d+)$/;
/** A lock without hard links is visible before it is written: how often and how long to look again, milliseconds. */
const LOOKS = 20;
const LOOK_MS = 50;

export interface OwnerLock {
  /** Grows with each owner: later ones win. */
  readonly generation: number;
  release(): void;
}

interface Owner extends ProcessIdentity {
  readonly released?: boolean;
}

/** The folder has a live owner, or one that cannot be judged from here. The message says which and what to do. */
export class FolderOwned extends Error {
  override readonly name = "FolderOwned";
}

/**
 * Takes the folder. The lock of the highest generation says who owns it and is never removed, only outdone: whoever
 * makes the next generation's file first is the owner, and a file's name is given once. So no two starters can both
 * take over, and none can remove a lock that it has not judged.
 * @throws FolderOwned; the system's error when the folder cannot be read or written
 */
export function takeOwnership(folder: string): OwnerLock {
  const me = thisProcess();
  for (;;) {
    const highest = Math.max(0, ...generations(folder));
    if (highest > 0) refuseUnlessFree(folder, highest);
    const generation = highest + 1;
    const path = join(folder, `lock.${generation}`);
    if (writeNewFile(path, `${JSON.stringify(me)}\n`) === "exists") continue;
    // In a folder that was made anew the same names come again.
    untold.delete(path);
    // Somebody slow may have made a generation whose time had passed and whose file had been cleared away.
    if (Math.max(...generations(folder)) !== generation) {
      rmSync(path, { force: true });
      continue;
    }
    for (const old of generations(folder)) if (old < generation) rmSync(join(folder, `lock.${old}`), { force: true });
    return { generation, release: () => release(path, me) };
  }
}

/** Whether the folder's entry is a lock, or the beginning of one. */
export function isLockFile(name: string): boolean {
  return /^lock\.\d+(\.[\w-]+\.tmp)?$/.test(name);
}

function refuseUnlessFree(folder: string, generation: number): void {
  const path = join(folder, `lock.${generation}`);
  const owner = readOwner(path);
  // Unreadable for a second: its maker died while writing it.
  if (owner === undefined || owner.released === true) return;
  const me = thisProcess();
  if (owner.host !== me.host) {
    throw new FolderOwned(
      `${folder} is in use by process ${owner.pid} on host ${owner.host}: stop it there; if that host is gone for good, remove ${path} and start again`,
    );
  }
  if (!isAlive(owner)) return;
  const mine = owner.pid === me.pid && owner.started === me.started;
  if (mine && untold.has(path)) return;
  const who = mine ? "this process itself" : `process ${owner.pid}`;
  throw new FolderOwned(`${folder} is in use by ${who} on this host (${owner.host})`);
}

function release(path: string, me: ProcessIdentity): void {
  const owner: Owner = { ...me, released: true };
  try {
    if (readOwner(path)?.started === me.started) replaceFile(path, `${JSON.stringify(owner)}\n`);
  } catch (error) {
    // The folder went away or read-only meanwhile, or the disk is full; our death releases it as well.
    if (codeOf(error) === undefined) throw error;
    untold.add(path);
  }
}

function generations(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const found = LOCK.exec(name);
    return found === null ? [] : [Number(found[1])];
  });
}

/** What the lock says; undefined when it is gone or was never written whole. */
function readOwner(path: string): Owner | undefined {
  for (let look = 0; look < LOOKS; look++) {
    const owner = parseOwner(path);
    if (owner !== "incomplete") return owner;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
  return undefined;
}

function parseOwner(path: string): Owner | undefined | "incomplete" {
  try {
    const found = JSON.parse(readFileSync(path, "utf8")) as Partial<Owner>;
    if (typeof found.pid !== "number" || typeof found.host !== "string" || typeof found.started !== "string") {
      return "incomplete";
    }
    return { pid: found.pid, host: found.host, started: found.started, released: found.released === true };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (error instanceof SyntaxError) return "incomplete";
    throw error;
  }
}
