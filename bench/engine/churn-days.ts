/** What does a day do to a disk? Makes the next version of an image in place, the same for the same seed. */
import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync, writeSync } from "node:fs";

const PAGE = 4096;
const BLOCK_PAGES = 128;
const MIB_PAGES = 256;

/** Pages of the image that one kind of change touches on one day, per GiB of disk: together like v2 after v1 (see `oneDay`). */
const NEW_RUNS = 12;
const NEW_RUN_MAX_PAGES = 640;
const CLUSTERS = 6;
const CLUSTER_PAGES = 192;
const JOURNAL_PAGES = 1250;
const SPOTS = 50;

/** A disk for a series of days, and where the bytes of its changes come from. */
export interface Disk {
  readonly path: string;
  readonly bytes: number;
  readonly source: string;
}

/** A disk at `path` with the first GiB of `source`, or with its first quarter when that is smaller. */
export function newDisk(source: string, path: string): Disk {
  const bytes = Math.min(2 ** 30, Math.floor(statSync(source).size / 4));
  copyFileSync(source, path);
  truncateSync(path, bytes);
  return { path, bytes, source };
}

/** A pseudo-random source: whole numbers from 0 to below `limit` (xorshift32). */
export function randomFrom(seed: number): (limit: number) => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (limit) => {
    state = (state ^ (state << 13)) >>> 0;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % limit;
  };
}

/** Which blocks a day changed, and how much at two grains. */
export interface Day {
  /** 512 KiB block numbers, ascending. */
  readonly blocks: readonly number[];
  /** Shares of the disk, in percent. */
  readonly changedAt64K: number;
  readonly changedAt512K: number;
}

/**
 * Rewrites a disk as one day would: new files (runs of up to 2.5 MiB anywhere), a database (clusters of 768 KiB of which four
 * pages in five change, two times in three within one sixteenth of the disk), its journal (5 MiB a GiB, round and round in 64
 * MiB), and single pages in 50 spots a GiB (inodes, small files). That is about 3 % of the disk at 64 KiB and 6 % at 512 KiB, as v2
 * after v1. The bytes are pages of its source, so that they compress as that image does, each made unique by 16 random bytes.
 */
export function oneDay(disk: Disk, day: number, seed: number): Day {
  const [pages, sourcePages] = [disk.bytes / PAGE, Math.floor(statSync(disk.source).size / PAGE)];
  const random = randomFrom(seed * 1000 + day + 1);
  const from = openSync(disk.source, "r");
  const to = openSync(disk.path, "r+");
  const touched = new Set<number>();
  const zeros = Buffer.alloc(PAGE);
  const buffer = Buffer.alloc(PAGE);
  let next = random(sourcePages);
  const put = (page: number): void => {
    if (page >= pages) return;
    next = (next + 1) % sourcePages;
    while (readSync(from, buffer, 0, PAGE, next * PAGE) < PAGE || buffer.equals(zeros)) next = random(sourcePages);
    for (let i = 0; i < 4; i++) buffer.writeUInt32LE(random(2 ** 32), i * 4);
    writeSync(to, buffer, 0, PAGE, page * PAGE);
    touched.add(page);
  };
  const gib = pages / (1024 * MIB_PAGES);
  const times = (perGib: number): number => Math.max(1, Math.round(perGib * gib));
  for (let run = 0; run < times(NEW_RUNS); run++) {
    next = random(sourcePages);
    const first = random(pages);
    for (let i = random(NEW_RUN_MAX_PAGES); i >= 0; i--) put(first + i);
  }
  const hot = Math.floor(pages / 16);
  for (let cluster = 0; cluster < times(CLUSTERS); cluster++) {
    next = random(sourcePages);
    const first = random(3) < 2 ? 4 * hot + random(hot) : random(pages);
    for (let i = 0; i < CLUSTER_PAGES; i++) if (random(10) < 8) put(first + i);
  }
  const journal = 64 * MIB_PAGES * gib;
  for (let i = 0; i < times(JOURNAL_PAGES); i++)
    put(8 * hot + ((day * times(JOURNAL_PAGES) + i) % Math.floor(journal)));
  for (let spot = 0; spot < times(SPOTS); spot++) {
    next = random(sourcePages);
    const first = random(pages);
    for (let i = random(4); i >= 0; i--) put(first + random(BLOCK_PAGES));
  }
  closeSync(from);
  closeSync(to);
  const distinct = (grain: number): number[] => [...new Set([...touched].map((page) => Math.floor(page / grain)))];
  const share = (grain: number): number => Math.round((distinct(grain).length / (pages / grain)) * 1e4) / 100;
  const blocks = distinct(BLOCK_PAGES).sort((a, b) => a - b);
  return { blocks, changedAt64K: share(16), changedAt512K: share(BLOCK_PAGES) };
}
