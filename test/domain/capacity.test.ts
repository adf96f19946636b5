/** Does a vault grow and is it told of when it should be? (CAP-13..16, CAP-25) */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Capacity, easedMarks, grownSize, judgeCapacity } from "../../core/domain/capacity.ts";
import { GIB } from "../../core/domain/values.ts";

const none = { above: false, full: false };
const vault = (change: Partial<Capacity> = {}): Capacity => ({
  size: 100,
  threshold: 80,
  autoExpand: false,
  marks: none,
  ...change,
});

describe("growing", () => {
  it.each([
    [100, 99, 100],
    [100, 100, 125],
    [125, 125, 157],
    [100, 130, 157],
    [1, 1, 2],
    [10_485_760, 10_485_760, 10_485_760],
    [9_000_000, 9_500_000, 10_485_760],
  ])("CAP-13, CAP-16: %i GB with %i GB used becomes %i GB", (size, used, grown) => {
    expect(grownSize(size, used * GIB)).toBe(grown);
  });

  it("CAP-13: makes room, and never more than a quarter beyond what was needed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8_000_000 }), fc.nat(8_000_000), (size, used) => {
        const grown = grownSize(size, used * GIB);
        expect(grown).toBeGreaterThanOrEqual(size);
        expect(used).toBeLessThan(grown);
        if (grown > size) expect(grown).toBeLessThanOrEqual(Math.ceil(used * 1.25));
      }),
    );
  });

  it("CAP-11: without auto-expansion it stays, and is told of as full once", () => {
    const first = judgeCapacity(vault(), 100 * GIB);
    expect(first).toEqual({ size: 100, marks: { above: true, full: true }, crossed: true, filled: true });
    const again = judgeCapacity(vault({ marks: first.marks }), 120 * GIB);
    expect(again).toMatchObject({ size: 100, crossed: false, filled: false });
  });

  it("CAP-15: auto-expansion that is switched on in a full vault does nothing until there was room again", () => {
    const full = vault({ autoExpand: true, marks: { above: true, full: true } });
    expect(judgeCapacity(full, 101 * GIB).size).toBe(100);
    const marks = easedMarks(full, 99 * GIB);
    expect(judgeCapacity({ ...full, marks }, 101 * GIB).size).toBe(125);
  });
});

describe("the threshold", () => {
  it.each([
    [79, false],
    [80, true],
    [81, true],
  ])("CAP-25: at %i GB of 100 and 80 %% it is reached: %s", (used, crossed) => {
    expect(judgeCapacity(vault(), used * GIB).crossed).toBe(crossed);
  });

  it("CAP-25: is told once for each crossing, whatever happens in between", () => {
    const uses = fc.array(fc.nat(140), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(uses, (all) => {
        let marks = none;
        let before = 0;
        for (const used of all) {
          // As a run does: marks go off at its start, and on at its end.
          marks = easedMarks(vault({ marks }), before * GIB);
          const verdict = judgeCapacity(vault({ marks }), used * GIB);
          expect(verdict.crossed).toBe(used >= 80 && before < 80);
          expect(verdict.filled).toBe(used >= 100 && before < 100);
          marks = verdict.marks;
          before = used;
        }
      }),
    );
  });

  it("CAP-25: a vault that grows is measured against its new size", () => {
    expect(judgeCapacity(vault({ autoExpand: true }), 100 * GIB)).toMatchObject({ size: 125, crossed: true });
    expect(judgeCapacity(vault({ autoExpand: true, threshold: 81 }), 100 * GIB)).toMatchObject({
      size: 125,
      crossed: false,
    });
  });
});
