/**
 * One huge sparse disk in one process, of which a few blocks hold data: what its backups take. Started by huge.ts:
 *
 *   node bench/engine/huge-disk.ts FOLDER TIB LEAVES CHANGED
 *
 * LEAVES leaves, evenly spread, have one block of data each. After a full backup come in turn, ROUNDS times, one for which CHANGED of them
 * changed, and one for which nothing did, both by a list of changes. Prints one JSON line with the medians.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess, BlockHint, SnapshotRef } from "../../core/ports/blocks.ts";
import { median } from "./measure.ts";

const BLOCK = 512 * 1024;
const LEAF_BLOCKS = 1024;
const ROUNDS = 5;

/** What one backup took. */
export interface HugeBackup {
  readonly seconds: number;
  readonly leaves: number;
  readonly rootMib: number;
  readonly units: number;
}
/** What the process prints. */
export interface HugeDisk {
  readonly full: HugeBackup;
  readonly changed: HugeBackup;
  readonly unchanged: HugeBackup;
  readonly peakMib: number;
}

const [folder = "", tib = "64", leavesText = "4000", changedText = "400"] = process.argv.slice(2);
const size = Number(tib) * 2 ** 40;
const allLeaves = size / (BLOCK * LEAF_BLOCKS);
const spread = Math.floor(allLeaves / Number(leavesText));
const changedLeaves = Number(changedText);

/** Data is in the sixth block of every `spread`th leaf; the first of those change. */
const DATA_BLOCK = 5;
const holdsData = (block: number): boolean =>
  block % LEAF_BLOCKS === DATA_BLOCK && Math.floor(block / LEAF_BLOCKS) % spread === 0;
const changes = (block: number): boolean =>
  holdsData(block) && Math.floor(block / LEAF_BLOCKS) / spread < changedLeaves;

const blocks: BlockAccess = {
  openTarget: () => Promise.reject(new Error("nothing is restored here")),
  async openSource({ since, detail }) {
    const version = Number(detail.version);
    const otherwise: BlockHint = since === undefined ? "zero" : "same";
    const isData = since === undefined ? holdsData : (block: number) => detail.changed === true && changes(block);
    // The same answer for all leaves without data: to make them would take longer than what is measured.
    const none = new Array<BlockHint>(LEAF_BLOCKS).fill(otherwise);
    const hints = (first: number, count: number): readonly BlockHint[] => {
      const block = first - (first % LEAF_BLOCKS) + DATA_BLOCK;
      const answer = none.slice(0, count);
      return isData(block) && block >= first && block < first + count ? answer.with(block - first, "data") : answer;
    };
    return {
      size,
      survey: async (first, count) => hints(first, count),
      read(offset, into) {
        const block = offset / BLOCK;
        into.fill(0);
        if (!holdsData(block)) return;
        const page = Buffer.from(into.buffer, into.byteOffset, 4096);
        for (let at = 0; at < page.length; at += 8) page.writeUInt32LE((block * 2654435761 + at) >>> 0, at);
        if (changes(block)) into[BLOCK - 1] = version;
      },
      close: async () => undefined,
    };
  },
};

await createObjectFolder(folder);
const objects = createFolderObjectStore({ folder, reserveBytes: 0 });
const plane = createDataPlane({ objects, blocks });
const domain = { domainId: "huge", secret: new Uint8Array(32).fill(5) };

interface Wanted {
  readonly rootId: string;
  readonly version: number;
  /** Against the parent. */
  readonly changed: boolean;
  readonly parentRoot?: string;
}

async function backUp({ rootId, version, changed, parentRoot }: Wanted): Promise<HugeBackup> {
  const start = performance.now();
  const since = parentRoot === undefined ? {} : { since: { snapshotId: parentRoot } };
  const snapshot: SnapshotRef = {
    ...{ provider: "bench", diskId: "huge", snapshotId: rootId, size, detail: { version, changed } },
    ...since,
  };
  const parent = parentRoot === undefined ? {} : { parentRoot };
  const results: Uint8Array[] = [];
  for (let firstLeaf = 0; firstLeaf < allLeaves; ) {
    const range = { firstLeaf, endLeaf: allLeaves };
    const unit = { domain, snapshot, ...range, level: 1, budgetMs: 3_600_000, sampleOneIn: 0, ...parent };
    const result = await plane.transfer(unit);
    results.push(result.payload);
    firstLeaf = result.endLeaf;
  }
  await plane.seal({ domain, rootId, size, description: {}, results, ...parent });
  return {
    seconds: (performance.now() - start) / 1000,
    leaves: allLeaves,
    rootMib: statSync(join(folder, "huge", "roots", rootId)).size / 2 ** 20,
    units: results.length,
  };
}

const full = await backUp({ rootId: "full", version: 0, changed: true });
const rounds: { readonly changed: HugeBackup; readonly unchanged: HugeBackup }[] = [];
let parentRoot = "full";
for (let version = 1; version <= ROUNDS; version++) {
  const changed = await backUp({ rootId: `changed-${version}`, version, changed: true, parentRoot });
  parentRoot = `unchanged-${version}`;
  const unchanged = await backUp({ rootId: parentRoot, version, changed: false, parentRoot: `changed-${version}` });
  rounds.push({ changed, unchanged });
}
const middle = (kind: "changed" | "unchanged"): HugeBackup => ({
  ...(rounds[0] as (typeof rounds)[number])[kind],
  seconds: median(rounds.map((one) => one[kind].seconds)),
});
const changed = middle("changed");
const unchanged = middle("unchanged");
const status = readFileSync("/proc/self/status", "latin1");
const peakMib = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
process.stdout.write(`${JSON.stringify({ full, changed, unchanged, peakMib } satisfies HugeDisk)}\n`);
