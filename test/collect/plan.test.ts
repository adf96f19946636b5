/** What becomes of a pack: rules that hold whatever was seen. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Avoided } from "../../core/engine/avoid-set.ts";
import type { LivePack } from "../../core/engine/collect/marks.ts";
import { BELT_MS, type PlanFacts, plan, YOUNG_MS } from "../../core/engine/collect/plan.ts";

const NOW = 1_800_000_000_000;
const RUNS = ["r1", "r2", "r3"] as const;
const id = fc.integer({ min: 0, max: 11 }).map((n) => n.toString(16).padStart(32, "0"));
const instant = fc.integer({ min: -3 * BELT_MS, max: 3 * BELT_MS }).map((ms) => NOW + ms);
const live: fc.Arbitrary<LivePack> = fc
  .integer({ min: 1, max: 8 })
  .map((count) => ({ frames: 8, bits: Uint8Array.of(2 ** count - 1), count, bytes: count * 100 }));
const avoided: fc.Arbitrary<Avoided> = fc.record({
  condemned: fc.boolean(),
  quarantined: fc.boolean(),
  doomed: fc.boolean(),
  since: fc.integer({ min: 1, max: 5 }),
  at: instant,
});
const facts: fc.Arbitrary<PlanFacts> = fc.record({
  now: fc.constant(NOW),
  packs: fc.uniqueArray(
    fc
      .record({ pack: id, size: fc.constant(800) })
      .chain((pack) =>
        fc.option(instant, { nil: undefined }).map((at) => (at === undefined ? pack : { ...pack, modifiedAt: at })),
      ),
    { selector: ({ pack }) => pack },
  ),
  live: fc.dictionary(id, live).map((entries) => new Map(Object.entries(entries))),
  avoid: fc.record({
    epoch: fc.integer({ min: 5, max: 9 }),
    packs: fc.dictionary(id, avoided).map((entries) => new Map(Object.entries(entries))),
    unreadable: fc.constant(false),
  }),
  open: fc.subarray([...RUNS]),
  waits: fc
    .dictionary(fc.integer({ min: 1, max: 5 }).map(String), fc.subarray([...RUNS]))
    .map((entries) => new Map(Object.entries(entries).map(([epoch, runs]) => [Number(epoch), runs]))),
  below: fc.constant(0.3),
});

const always = (property: (f: PlanFacts, p: ReturnType<typeof plan>) => void) =>
  fc.assert(
    fc.property(facts, (f) => property(f, plan(f))),
    { numRuns: 2000 },
  );

describe("the plan of a collection", () => {
  test("says one thing of each pack that is there or avoided, each with a reason, in order of ids", () => {
    always((f, { decisions }) => {
      const ids = [...new Set([...f.packs.map(({ pack }) => pack), ...f.avoid.packs.keys()])].sort();
      expect(decisions.map(({ pack }) => pack)).toEqual(ids);
      for (const { reason } of decisions) expect(reason).toMatch(/\w/);
    });
  });

  test("dooms nothing that is referred to, that was not condemned before, or whose belt is not over", () => {
    always((f, { next }) => {
      for (const [pack, after] of next?.packs ?? []) {
        const before = f.avoid.packs.get(pack);
        if (!after.doomed || before?.doomed === true) continue;
        expect(f.live.has(pack)).toBe(false);
        expect(before?.condemned).toBe(true);
        expect(NOW - (before?.at ?? NOW)).toBeGreaterThanOrEqual(BELT_MS);
      }
    });
  });

  test("dooms nothing while a run is open that was open when it was condemned, or may have been", () => {
    always((f, { next, unnoted }) => {
      for (const [pack, after] of next?.packs ?? []) {
        const before = f.avoid.packs.get(pack);
        if (!after.doomed || before === undefined || before.doomed) continue;
        const waits = f.waits.get(before.since) ?? f.open;
        expect(waits.filter((run) => f.open.includes(run))).toEqual([]);
      }
      for (const epoch of unnoted) expect(f.waits.has(epoch)).toBe(false);
    });
  });

  test("never takes a verdict back", () => {
    always((f, { next, contradictions }) => {
      const there = new Set(f.packs.map(({ pack }) => pack));
      for (const [pack, before] of f.avoid.packs) {
        if (!before.doomed || !there.has(pack)) continue;
        if (next !== undefined) expect(next.packs.get(pack)).toEqual(before);
        expect(contradictions.includes(pack)).toBe(f.live.has(pack));
      }
    });
  });

  test("pardons what is referred to, keeps what was found damaged avoided, and forgets only what is gone", () => {
    always((f, { next }) => {
      const there = new Set(f.packs.map(({ pack }) => pack));
      for (const [pack, before] of f.avoid.packs) {
        const after = next === undefined ? before : next.packs.get(pack);
        if (!there.has(pack)) expect(after).toBeUndefined();
        else if (before.quarantined) expect(after?.quarantined).toBe(true);
        if (f.live.has(pack) && !before.doomed && next !== undefined) expect(after?.condemned ?? false).toBe(false);
      }
    });
  });

  test("leaves young packs alone, and condemns every other one that nothing refers to", () => {
    always((f, { decisions }) => {
      for (const { pack, modifiedAt } of f.packs) {
        if (f.live.has(pack) || f.avoid.packs.has(pack)) continue;
        const young = modifiedAt !== undefined && Math.abs(NOW - modifiedAt) < YOUNG_MS;
        expect(decisions.find((each) => each.pack === pack)?.verdict).toBe(young ? "young" : "condemn");
      }
    });
  });

  test("publishes nothing when nothing changes: planned again, the plan is to wait", () => {
    always((f, { next }) => {
      const avoid = { ...f.avoid, ...(next !== undefined && next) };
      const waits = new Map([...f.waits, ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((epoch) => [epoch, f.open] as const)]);
      const again = plan({ ...f, avoid, waits });
      const changed = again.decisions.filter(({ verdict }) => !["keep", "young", "wait", "doom"].includes(verdict));
      // Only a verdict that became due by other waits is new.
      expect(changed.filter(({ verdict }) => verdict !== "pardon" && verdict !== "forget")).toEqual([]);
    });
  });

  test("after the avoid-set was lost, condemns everything unmarked afresh, young or not, and dooms nothing", () => {
    always((f) => {
      const { next } = plan({ ...f, avoid: { epoch: f.avoid.epoch, packs: new Map(), unreadable: true } });
      expect(next?.epoch).toBe(f.avoid.epoch + 1);
      for (const { pack } of f.packs) {
        const after = next?.packs.get(pack);
        expect(after?.condemned ?? false).toBe(!f.live.has(pack));
        expect(after?.doomed ?? false).toBe(false);
      }
    });
  });

  test("marks packs of little live share for moving, but none that is avoided", () => {
    always((f, { decisions }) => {
      for (const { pack, live: share, move } of decisions) {
        const wanted = share !== undefined && share < 0.3 && !f.avoid.packs.has(pack);
        expect(move ?? false).toBe(wanted);
      }
    });
  });

  test("starts the belt again when the clock was set back behind it", () => {
    const before = { condemned: true, quarantined: false, doomed: false, since: 3, at: NOW + 10 * BELT_MS };
    const pack = "0".repeat(32);
    const { next, decisions } = plan({
      now: NOW,
      packs: [{ pack, size: 1 }],
      live: new Map(),
      avoid: { epoch: 3, packs: new Map([[pack, before]]), unreadable: false },
      open: [],
      waits: new Map([[3, []]]),
      below: 0.3,
    });
    expect(decisions[0]?.verdict).toBe("wait");
    expect(next?.packs.get(pack)?.at).toBe(NOW);
  });
});
