/** Does a plan wait for a person when it must, and only then? (design 7, hazard A13) */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holdOfPlan, isJump } from "../../core/domain/retention-guard.ts";

const HOUR = 3600_000;
const size = (deletions: number, inVault: number, ofResource = 1, byDate = 0) => ({
  deletions,
  inVault,
  ofResource,
  byDate,
});

describe("a plan", () => {
  it.each([
    [1, 4, undefined],
    [9, 9, undefined],
    [2, 10, undefined],
    [3, 10, "vault-share"],
    [20, 100, undefined],
    [21, 100, "vault-share"],
  ])("that deletes %i of a vault's %i backups: %s", (deletions, inVault, kind) => {
    expect(holdOfPlan(size(deletions, inVault), undefined)?.kind).toBe(kind);
  });

  it.each([
    [4, 9, undefined],
    [5, 10, undefined],
    [6, 10, "resource-share"],
    [29, 30, "resource-share"],
  ])("that deletes %i of a resource's %i backups in a large vault: %s", (deletions, ofResource, kind) => {
    expect(holdOfPlan(size(deletions, 10_000, ofResource), undefined)?.kind).toBe(kind);
  });

  it("never waits when it deletes nothing, and waits for a doubtful clock only when it goes by it", () => {
    const doubt = { from: 0, to: 10 * 365 * 24 * HOUR };
    expect(holdOfPlan(size(0, 100), doubt)).toBeUndefined();
    expect(holdOfPlan(size(1, 4, 4, 1), doubt)?.kind).toBe("clock");
    expect(holdOfPlan(size(1, 4, 4, 0), doubt)).toBeUndefined();
  });

  it("of one in, one out is never held, however many there are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (count) => {
        expect(holdOfPlan(size(1, count + 1, count + 1), undefined)).toBeUndefined();
      }),
    );
  });
});

describe("a clock", () => {
  it("jumps when it moves more than two hours between two ticks, forwards or back", () => {
    expect(isJump(0, 2 * HOUR)).toBe(false);
    expect(isJump(0, 2 * HOUR + 1)).toBe(true);
    expect(isJump(3 * HOUR, 2 * HOUR)).toBe(false);
    expect(isJump(3 * HOUR, HOUR - 1)).toBe(true);
  });
});
