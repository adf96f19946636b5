/** What do four servers cost that were cloned from one image and then lived apart, against exact block dedup? */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { newDisk, oneDay } from "./churn-days.ts";
import { emptyFolder, mibOf } from "./folders.ts";
import { backupArguments, storeIn } from "./holdfast.ts";
import { round, run, say } from "./measure.ts";
import { BlockSet } from "./workload.ts";

const SERVERS = 4;
/** Days that each server has been on its own. */
const DAYS = 3;

export interface ClonesResult {
  readonly servers: number;
  readonly diskMib: number;
  /** MiB of the store's files after each server's first backup. */
  readonly storedMib: readonly number[];
  /** MiB of all distinct 512 KiB blocks, each compressed by itself at level 1. */
  readonly exactMib: number;
  readonly ratio: number;
}

/** `images` has v1.img, whose first GiB is the image that the servers are made from. */
export function measureClones(images: string, work: string, entry: string): ClonesResult {
  const store = storeIn(entry, emptyFolder(join(work, "state")));
  run(store.command(["init"]));
  const exact = new BlockSet();
  const stored: number[] = [];
  const disk = newDisk(join(images, "v1.img"), join(work, "disk.img"));
  const original = join(work, "original.img");
  copyFileSync(disk.path, original);
  for (let server = 1; server <= SERVERS; server++) {
    copyFileSync(original, disk.path);
    for (let day = 1; day <= DAYS; day++) oneDay(disk, day, 100 + server);
    run(store.command(backupArguments(`server-${server}`, { image: disk.path })));
    exact.add(disk.path);
    stored.push(mibOf(store.folder));
    say(`clones: server ${server}, ${stored.at(-1)} MiB`);
  }
  const exactMib = round(exact.packed / 2 ** 20, 2);
  return {
    ...{ servers: SERVERS, diskMib: disk.bytes / 2 ** 20, storedMib: stored },
    exactMib,
    ratio: round((stored.at(-1) as number) / exactMib, 3),
  };
}
