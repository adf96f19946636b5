/** How the disks of one run are cut into groups of leaves: the items of the workflow's map. */

/** 1,024 blocks of 512 KiB. docs/format.md, "Leaf". */
const LEAF_BYTES = 512 * 1024 * 1024;

/** States.ArrayRange makes at most 1,000 items (Step Functions, "Intrinsics for arrays"), and a map's history must stay short. */
const MAX_GROUPS = 1000;

export interface Group {
  /** Index of the disk in the run. */
  readonly disk: number;
  readonly firstLeaf: number;
  /** Exclusive. */
  readonly endLeaf: number;
}

export const leavesOf = (bytes: number): number => Math.ceil(bytes / LEAF_BYTES);

/**
 * The groups of disks of these sizes (bytes), at most MAX_GROUPS over all: one leaf each where that fits, else as few leaves
 * more as needed. Deterministic: group numbers mean the same in every task of a run.
 */
export function planGroups(sizes: readonly number[]): readonly Group[] {
  const leaves = sizes.map(leavesOf);
  const groupsAt = (perGroup: number) => leaves.reduce((sum, n) => sum + Math.ceil(n / perGroup), 0);
  let perGroup = Math.max(1, Math.ceil(leaves.reduce((a, b) => a + b, 0) / MAX_GROUPS));
  while (groupsAt(perGroup) > MAX_GROUPS) perGroup++;
  return leaves.flatMap((count, disk) =>
    Array.from({ length: Math.ceil(count / perGroup) }, (_, g) => ({
      disk,
      firstLeaf: g * perGroup,
      endLeaf: Math.min(count, (g + 1) * perGroup),
    })),
  );
}
