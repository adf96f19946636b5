/** How the disks of one run are cut into groups of leaves: the items of the workflow's map. */

/** 1,024 blocks of 512 KiB. docs/format.md, "Leaf". */
const LEAF_BYTES = 512 * 1024 * 1024;

/**
 * A group is an item of a map and a child execution: this many, in each of three attempts, keep a member's history far
 * below the 25,000 events of Step Functions (test/workflows/limits.test.ts reckons it).
 */
export const MOST_GROUPS = 200;

/**
 * EBS lists the blocks of a snapshot in pages of 10,000 (EBS direct APIs, ListSnapshotBlocks): a group that ends a little
 * behind a page pays for one more, so larger groups are as many leaves as whole pages hold.
 */
const PAGE_LEAVES = 10_000 / 1024;

/** As many leaves as fit the pages that so many need anyway. */
const wholePages = (leaves: number): number =>
  leaves < PAGE_LEAVES ? leaves : Math.floor(Math.ceil(leaves / PAGE_LEAVES) * PAGE_LEAVES);

export interface Group {
  /** Index of the disk in the run. */
  readonly disk: number;
  readonly firstLeaf: number;
  /** Exclusive. */
  readonly endLeaf: number;
}

export const leavesOf = (bytes: number): number => Math.ceil(bytes / LEAF_BYTES);

/**
 * The groups of disks of these sizes (bytes), at most `most` over all (but one per disk): one leaf each where that fits, else
 * as few leaves more as needed. Deterministic: group numbers mean the same in every task of a run.
 */
export function planGroups(sizes: readonly number[], most = MOST_GROUPS): readonly Group[] {
  const limit = Math.max(Math.min(most, MOST_GROUPS), sizes.length, 1);
  const leaves = sizes.map(leavesOf);
  const groupsAt = (perGroup: number) => leaves.reduce((sum, n) => sum + Math.ceil(n / perGroup), 0);
  let perGroup = wholePages(Math.max(1, Math.ceil(leaves.reduce((a, b) => a + b, 0) / limit)));
  while (groupsAt(perGroup) > limit) perGroup = wholePages(perGroup + 1);
  return leaves.flatMap((count, disk) =>
    Array.from({ length: Math.ceil(count / perGroup) }, (_, g) => ({
      disk,
      firstLeaf: g * perGroup,
      endLeaf: Math.min(count, (g + 1) * perGroup),
    })),
  );
}
