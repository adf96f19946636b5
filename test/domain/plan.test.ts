/** Do the groups of a run cover every leaf of its disks once, within the number that a workflow may have? */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leavesOf, MOST_GROUPS, planGroups } from "../../core/domain/plan.ts";
import { GIB } from "../../core/domain/values.ts";

const LEAF = GIB / 2;
/** The largest EBS volume (Amazon EBS User Guide, "EBS volume types": io2 Block Express). */
const LARGEST = 64 * 1024 * GIB;
const sizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 4 * LEAF }),
    fc.integer({ min: 1, max: LARGEST }),
    fc.integer({ min: 1, max: 64 }).map((leaves) => leaves * LEAF),
  ),
  { minLength: 1, maxLength: 24 },
);
const most = fc.option(fc.integer({ min: 1, max: 2 * MOST_GROUPS }), { nil: undefined });

describe("the groups of any disks", () => {
  test("cover every leaf of every disk once, in order", () => {
    fc.assert(
      fc.property(sizes, most, (disks, limit) => {
        const groups = planGroups(disks, limit);
        let place = { disk: 0, leaf: 0 };
        for (const { disk, firstLeaf, endLeaf } of groups) {
          if (place.leaf === leavesOf(disks[place.disk] ?? 0)) place = { disk: place.disk + 1, leaf: 0 };
          expect({ disk, leaf: firstLeaf }).toEqual(place);
          expect(endLeaf).toBeGreaterThan(firstLeaf);
          place = { disk, leaf: endLeaf };
        }
        expect(place).toEqual({ disk: disks.length - 1, leaf: leavesOf(disks.at(-1) ?? 0) });
      }),
    );
  });

  test("are as many as asked for at most, or one a disk; one leaf each where that fits", () => {
    fc.assert(
      fc.property(sizes, most, (disks, limit = MOST_GROUPS) => {
        const groups = planGroups(disks, limit);
        const room = Math.max(Math.min(limit, MOST_GROUPS), disks.length);
        expect(groups.length).toBeLessThanOrEqual(room);
        const leaves = disks.reduce((sum, size) => sum + leavesOf(size), 0);
        if (leaves <= room) expect(groups.length).toBe(leaves);
      }),
    );
  });

  test("are of as few leaves as fit, in whole pages of EBS's lists, and mean the same whenever they are asked for", () => {
    fc.assert(
      fc.property(sizes, most, (disks, limit) => {
        const groups = planGroups(disks, limit);
        expect(planGroups([...disks], limit)).toEqual(groups);
        const longest = Math.max(...groups.map(({ firstLeaf, endLeaf }) => endLeaf - firstLeaf));
        const room = Math.max(Math.min(limit ?? MOST_GROUPS, MOST_GROUPS), disks.length);
        // A page of a list holds the blocks of nine leaves and some more: from there on a group is a page shorter or not.
        const shorter = longest - (longest < 10 ? 1 : 10);
        const finer = disks.reduce((sum, size) => sum + Math.ceil(leavesOf(size) / Math.max(shorter, 1)), 0);
        if (longest > 1) expect(finer).toBeGreaterThan(room);
      }),
    );
  });

  test.each([
    [[1], 100, 1],
    [[LEAF], 100, 1],
    [[LEAF + 1], 100, 2],
    [[8 * GIB], 100, 16],
    [[8 * GIB, 8 * GIB, 8 * GIB], 2, 3],
    [[LARGEST], undefined, 198],
    [[1024 * GIB], 100, 71],
    [Array.from({ length: 24 }, () => LARGEST), undefined, 192],
    [[], 100, 0],
  ])("of %j, at most %j, are %i", (disks, limit, count) => {
    expect(planGroups(disks, limit)).toHaveLength(count);
  });
});
