/** Histories of a store on a disk that is really full: a file system of its own, of a few MiB. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "./seeded.ts";
import { act, type Done, type StoreAct } from "./store-acts.ts";
import { collectAll } from "./store-collections.ts";
import { DiskSession } from "./store-disk.ts";
import { chooseAct, goesOn, isClear, told } from "./store-history.ts";
import type { Tally } from "./store-tally.ts";
import { Broken, DAY, StoreWorld } from "./store-world.ts";

const MIB = 1024 ** 2;
/** A store is made only where there is room for its usual reserve of 64 MiB; then the disk shrinks. */
const DISK_MIB = { first: 80, later: 11 };
/** What backups leave free: deleting and collecting must do with it. */
const RESERVE_BYTES = 2 * MIB;

/** A small file system of its own; undefined where this user may not mount one. */
export function mountSmall(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-chaos-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB.first}m`, "tmpfs", folder]);
  if (status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

export function shrink(folder: string): void {
  const { status, stderr } = spawnSync("mount", ["-o", `remount,size=${DISK_MIB.later}m`, folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`cannot shrink ${folder}: ${stderr}`);
}

export function unmount(folder: string): void {
  const { status, stderr } = spawnSync("umount", [folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot unmount ${folder}: ${stderr}`);
  rmSync(folder, { recursive: true });
}

/** @returns false where no file system can be mounted: nothing was tested. @throws Broken */
export async function fullHistory(seed: number, tally: Tally): Promise<boolean> {
  const disk = mountSmall();
  if (disk === undefined) return false;
  try {
    const random = seeded(seed);
    const world = await StoreWorld.make({ random, tally, storeParent: disk, reserveBytes: RESERVE_BYTES });
    shrink(disk);
    await told(world, `full:${seed}`, async () => {
      for (let left = 24; left > 0; left--) {
        if (random() < 0.5) await fillUp(world);
        else await noByteLeft(world, disk);
      }
      await makeRoom(world);
      await goesOn(world, () => compactIfRoom(world));
    });
  } finally {
    unmount(disk);
  }
  return true;
}

/** Backups until there is no room; then deletions and collections make some. */
async function fillUp(world: StoreWorld): Promise<void> {
  for (const image of world.images) {
    for (let more = 3; more > 0; more--) image.change();
    const error = await attempt(world, { do: "backup", source: image.path, name: image.name });
    if (error === undefined) continue;
    if (error.name !== "StoreFull") throw new Broken(`a full disk is told as ${error.stack}`, { cause: error });
    world.tally.add("full file system, backup", "refused");
    await world.check();
    await makeRoom(world);
  }
}

/** Somebody else's file takes all that is free, the reserve too: whatever is asked is done or refused, and nothing breaks. */
async function noByteLeft(world: StoreWorld, disk: string): Promise<void> {
  const what = await chooseAct(world);
  const { bavail, bsize } = statfsSync(disk);
  const left = world.random() < 0.5 ? 0 : Math.floor(world.random() * 64 * 1024);
  const filler = join(disk, "filler");
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)));
  const error = await attempt(world, what);
  rmSync(filler);
  world.tally.add(`no byte free, ${what.do}`, error === undefined ? "done" : "refused");
  // The disk that is full may be why somebody restores.
  if (error !== undefined && (what.do === "restore" || what.do === "verify"))
    throw new Broken(`${what.do} needs no room in the store, but failed: ${error.stack}`, { cause: error });
  if (error !== undefined && !isClear(error))
    throw new Broken(`${what.do} on a full disk ended in what no user understands: ${error.stack}`, { cause: error });
  await world.check();
}

/** All but a few backups go, and what only they needed: on a full disk. */
async function makeRoom(world: StoreWorld): Promise<void> {
  const ids = world.idsIn("kept", "shown").slice(0, -2);
  if (ids.length > 0) await world.calmly({ do: "delete", ids });
  for (const days of [2, 2, 2, 16]) {
    world.clock += days * DAY;
    await world.calmly({ do: "gc" });
  }
  // What compaction writes must fit beside the reserve, so it comes after.
  await collectAll(world, () => compactIfRoom(world));
}

/** What it moves may be more than is free: then it is refused, and everything stays as it was. */
async function compactIfRoom(world: StoreWorld): Promise<Done> {
  const error = await attempt(world, { do: "compact" });
  if (error !== undefined && error.name !== "StoreFull")
    throw new Broken(`a compaction on a full disk ended in ${error.stack}`, { cause: error });
  if (error !== undefined) world.tally.add("full file system, compact", "refused");
  return {};
}

async function attempt(world: StoreWorld, what: StoreAct): Promise<Error | undefined> {
  world.say(JSON.stringify(what));
  const content = what.do === "backup" ? world.image(what.name).now : undefined;
  let done: Done | undefined;
  let error: Error | undefined;
  try {
    done = await act(world.place, what, { session: new DiskSession([]) });
  } catch (cause) {
    error = cause as Error;
  }
  world.say(`  ${error === undefined ? "done" : `${error.name}: ${error.message}`}`);
  world.heard(what, content, done);
  if (what.do === "restore") rmSync(what.target, { force: true });
  return error;
}
