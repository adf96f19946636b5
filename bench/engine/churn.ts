/** What is left of 40 daily versions when only seven are kept, and does the last restore as fast as the first? */
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newDisk, oneDay } from "./churn-days.ts";
import { eachPiece, emptyFolder, mibOf, mustEqual, sha256, warm } from "./folders.ts";
import { backupArguments, type Store, storeIn } from "./holdfast.ts";
import { measure, median, round, run, say, settle } from "./measure.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const VERSIONS = 40;
const KEPT = 7;
const RESTORES = 5;
const SEED = 1;

export interface ChurnResult {
  readonly versions: number;
  readonly kept: number;
  readonly diskMib: number;
  /** Medians of the days, percent of the disk. */
  readonly changedAt64K: number;
  readonly changedAt512K: number;
  /** MiB of the store's files: with all versions, after deletion and collection, after compaction and collection. */
  readonly physicalMib: readonly [all: number, collected: number, compacted: number];
  /** MiB of all frames that the seven refer to, as the store itself counts them (some hold more than is used of them). */
  readonly liveMib: number;
  /** MiB of a new store that was given only the versions that are kept: found without the store's own count. */
  readonly newStoreMib: number;
  /** Physical bytes at the end against live bytes, and against the new store's. */
  readonly ratio: number;
  readonly ratioToNewStore: number;
  /** Seconds a GiB of non-zero data, medians: of version 1 and of version 40, when all 40 were there. */
  readonly restoreSecondsPerGib: readonly [first: number, last: number];
  readonly restoreRatio: number;
  /** Every restore was compared: the first and the last before deletion, all seven after compaction. */
  readonly identical: true;
}

/** Takes about five minutes on two cores; `images` has v1.img, whose first GiB is the disk. */
export async function measureChurn(images: string, work: string, entry: string): Promise<ChurnResult> {
  const disk = newDisk(join(images, "v1.img"), join(work, "disk.img"));
  const first = join(work, "first.img");
  const list = join(work, "changed");
  copyFileSync(disk.path, first);
  const store = newStore(entry, join(work, "all"));
  const days: ReturnType<typeof oneDay>[] = [];
  const sums: string[] = [];
  const only = newStore(entry, join(work, "kept"));
  for (let version = 0; version < VERSIONS; version++) {
    if (version > 0) days.push(oneDay(disk, version, SEED));
    writeFileSync(list, (days.at(-1)?.blocks ?? []).map((block) => `${block}\n`).join(""));
    const clock = { clockOffsetMs: (version - VERSIONS) * DAY };
    const changed = version === 0 ? {} : { changed: list };
    run(store.command(backupArguments("disk", { image: disk.path, ...changed }), clock));
    if (version >= VERSIONS - KEPT) {
      sums.push(sha256(disk.path));
      const known = version === VERSIONS - KEPT ? {} : changed;
      run(only.command(backupArguments("disk", { image: disk.path, ...known }), clock));
    }
    say(`churn: version ${version + 1} of ${VERSIONS}, ${mibOf(store.folder)} MiB`);
  }
  const all = mibOf(store.folder);
  const restores = await compareRestores(store, [first, disk.path], work);
  const [collected, compacted] = keepSeven(store);
  const ids = store.ids();
  if (ids.length !== KEPT) throw new Error(`${ids.length} backups are listed, not ${KEPT}`);
  for (const [index, id] of ids.entries()) {
    const target = join(emptyFolder(join(work, "restored")), "disk.img");
    run(store.command(["restore", id, target]));
    if (sha256(target) !== sums[index]) throw new Error(`after compaction backup ${id} restores to other bytes`);
  }
  const live = round((store.json(["stat"]) as { readonly live: number }).live / 2 ** 20, 2);
  const fresh = mibOf(only.folder);
  return {
    ...{ versions: VERSIONS, kept: KEPT, diskMib: disk.bytes / 2 ** 20 },
    changedAt64K: median(days.map((day) => day.changedAt64K)),
    changedAt512K: median(days.map((day) => day.changedAt512K)),
    physicalMib: [all, collected, compacted],
    liveMib: live,
    newStoreMib: fresh,
    ratio: round(compacted / live, 3),
    ratioToNewStore: round(compacted / fresh, 3),
    restoreSecondsPerGib: restores,
    restoreRatio: round(restores[1] / restores[0], 3),
    identical: true,
  };
}

function newStore(entry: string, state: string): Store {
  const store = storeIn(entry, emptyFolder(state));
  run(store.command(["init"]));
  return store;
}

/** Deletes all but the newest seven, then collects and compacts until nothing more can go. MiB after each of both. */
function keepSeven(store: Store): readonly [number, number] {
  run(store.command(["delete", ...store.ids().slice(0, -KEPT)]));
  let now = collect(store, 0);
  const collected = mibOf(store.folder);
  say(`churn: ${collected} MiB after collection`);
  run(store.command(["compact"], { clockOffsetMs: now }));
  now = collect(store, now);
  return [collected, mibOf(store.folder)];
}

/** Condemns, waits out the belt (24 h), moves to the trash, waits out the trash (14 days), empties it: the clock's offset then. */
function collect(store: Store, now: number): number {
  const moments = [now, now + 25 * HOUR, now + 25 * HOUR + 15 * DAY];
  for (const clockOffsetMs of moments) run(store.command(["gc"], { clockOffsetMs }));
  return moments.at(-1) as number;
}

async function compareRestores(
  store: Store,
  disks: readonly [string, string],
  work: string,
): Promise<readonly [number, number]> {
  const ids = store.ids();
  const backups = [ids[0], ids.at(-1)] as [string, string];
  const seconds: [number[], number[]] = [[], []];
  warm(store.folder);
  for (let time = 0; time < RESTORES; time++)
    for (const which of [0, 1] as const) {
      const target = join(emptyFolder(join(work, "restored")), "disk.img");
      settle();
      const { wall } = await measure(store.command(["restore", backups[which], target]));
      seconds[which].push(wall / (nonZeroBytes(disks[which]) / 2 ** 30));
      if (time === 0) mustEqual(target, disks[which], `version ${which === 0 ? 1 : VERSIONS}`);
      rmSync(target);
    }
  return [round(median(seconds[0]), 3), round(median(seconds[1]), 3)];
}

function nonZeroBytes(path: string): number {
  const zeros = Buffer.alloc(2 ** 19);
  let bytes = 0;
  eachPiece(path, zeros.length, (piece) => {
    if (!piece.equals(zeros.subarray(0, piece.length))) bytes += piece.length;
  });
  return bytes;
}
