/**
 * One huge sparse disk in one process, of which a few blocks hold data: what its backups take. Started by huge.ts:
 *
 *   node bench/engine/huge-disk.ts FOLDER TIB LEAVES CHANGED
 *
 * LEAVES leaves, evenly spread, have one block of data each; CHANGED of them change before the second backup, which reads by a list of
 * changes; a third one changes nothing. Prints one JSON line.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess, BlockHint, SnapshotRef } from "../../core/ports/blocks.ts";

const BLOCK = 512 * 1024;
const LEAF_BLOCKS = 1024;

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
const holdsData = (block: number): boolean =>
  block % LEAF_BLOCKS === 5 && Math.floor(block / LEAF_BLOCKS) % spread === 0;
const changes = (block: number): boolean =>
  holdsData(block) && Math.floor(block / LEAF_BLOCKS) / spread < changedLeaves;

const blocks: BlockAccess = {
  openTarget: () => Promise.reject(new Error("nothing is restored here")),
  async openSource({ since, detail }) {
    const version = Number(detail.version);
    const hint = (block: number): BlockHint => {
      if (since === undefined) return holdsData(block) ? "data" : "zero";
      return version === 2 && changes(block) ? "data" : "same";
    };
    return {
      size,
      survey: async (first, count) => Array.from({ length: count }, (_, at) => hint(first + at)),
      read(offset, into) {
        const block = offset / BLOCK;
        into.fill(0);
        if (!holdsData(block)) return;
        const page = Buffer.from(into.buffer, into.byteOffset, 4096);
        for (let at = 0; at < page.length; at += 8) page.writeUInt32LE((block * 2654435761 + at) >>> 0, at);
        if (version >= 2 && changes(block)) into[BLOCK - 1] = 1;
      },
      close: async () => undefined,
    };
  },
};

await createObjectFolder(folder);
const objects = createFolderObjectStore({ folder, reserveBytes: 0 });
const plane = createDataPlane({ objects, blocks });
const domain = { domainId: "huge", secret: new Uint8Array(32).fill(5) };

async function backUp(rootId: string, version: number, parentRoot?: string): Promise<HugeBackup> {
  const start = performance.now();
  const since = parentRoot === undefined ? {} : { since: { snapshotId: parentRoot } };
  const snapshot: SnapshotRef = {
    ...{ provider: "bench", diskId: "huge", snapshotId: rootId, size, detail: { version } },
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

const full = await backUp("first", 1);
const changed = await backUp("second", 2, "first");
const unchanged = await backUp("third", 3, "second");
const status = readFileSync("/proc/self/status", "latin1");
const peakMib = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
process.stdout.write(`${JSON.stringify({ full, changed, unchanged, peakMib } satisfies HugeDisk)}\n`);
