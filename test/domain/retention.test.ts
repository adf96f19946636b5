/** Does every backup get a decision with its reasons, and does nothing go that must stay? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planRetention, type RetainedBackup } from "../../core/domain/retention.ts";
import { reasonText } from "../../core/domain/retention-reasons.ts";
import type { RetentionRule } from "../../core/domain/retention-rule.ts";

const DAY_MS = 24 * 3600 * 1000;
const at = (iso: string): number => Date.parse(iso);
const NOW = at("2026-11-04T12:00Z");

const backup = (id: string, createdAt: number, more: Partial<RetainedBackup> = {}): RetainedBackup => ({
  id,
  createdAt,
  automatic: true,
  status: "available",
  ...more,
});
/** Newest first: d0 is of today, d1 of yesterday … */
const days = (n: number, more: Partial<RetainedBackup> = {}) =>
  Array.from({ length: n }, (_, i) => backup(`d${i}`, NOW - i * DAY_MS - 3600_000, more));
const said = (backups: readonly RetainedBackup[], rule: RetentionRule | undefined, locked = false) =>
  Object.fromEntries(
    planRetention(backups, { rule, now: NOW, locked }).map((d) => [
      d.id,
      d.keep ? d.reasons.map(reasonText).join("; ") : `gone: ${reasonText(d.reason)}`,
    ]),
  );

describe("a decision says why", () => {
  it("by count, and by the day, week, month and year that the backup is the newest of (RET-30, RET-31)", () => {
    const rule = {
      maxBackups: 1,
      dayBackups: 2,
      weekBackups: 2,
      monthBackups: 2,
      yearBackups: 1,
      timezone: "UTC+08:00",
    };
    // 4 November 2026 is a Wednesday: d2 is of Monday, d3 of the Sunday before, d4 of 31 October.
    expect(said(days(6), rule)).toEqual({
      d0: "number 1 of the newest 1; newest of day 2026-11-04; newest of week 2026-W45; newest of month 2026-11; newest of year 2026",
      d1: "newest of day 2026-11-03",
      d2: "gone: not among the newest 1, nor the newest of the last 2 days, 2 weeks, 2 months, 1 year",
      d3: "newest of week 2026-W44",
      d4: "newest of month 2026-10",
      d5: "gone: not among the newest 1, nor the newest of the last 2 days, 2 weeks, 2 months, 1 year",
    });
  });

  it("for what no rule is for: manual, held, imaged, shared, busy ones (RET-10, RET-11, RET-14)", () => {
    const old = NOW - 100 * DAY_MS;
    const all = [
      backup("new", NOW),
      backup("manual", old, { automatic: false }),
      backup("image", old, { exemptions: [{ kind: "image" }] }),
      backup("hold", old, { exemptions: [{ kind: "hold", why: "asked by the auditor" }] }),
      backup("share", old, { exemptions: [{ kind: "foreign", origin: "share" }] }),
      backup("restoring", old, { status: "restoring" }),
      backup("deleting", old, { status: "deleting" }),
    ];
    expect(said(all, { maxBackups: 1 })).toEqual({
      new: "number 1 of the newest 1",
      manual: "made by hand: no rule deletes it",
      image: "an image was made from it",
      hold: "held: asked by the auditor",
      share: "it came here by share; no rule is for it",
      restoring: "it is restoring",
      deleting: "it is deleting",
    });
  });

  it("for dates: before, after, and without a rule in force (RET-21, RET-23, RET-40, RET-51)", () => {
    const all = [
      backup("none", NOW),
      backup("later", NOW - 1, { expiredAt: at("2026-11-05T00:00Z") }),
      backup("past", NOW - 2, { expiredAt: at("2026-11-04T11:59Z") }),
    ];
    const later = "expires on 2026-11-05 00:00 UTC";
    const past = "gone: expired on 2026-11-04 11:59 UTC";
    const unlimited = "it has no expiry date, and the rule in force does not limit it";
    expect(said(all, { retentionDays: 1 })).toEqual({ none: unlimited, later, past });
    expect(said(all, {})).toEqual({ none: unlimited, later, past });
    const noRule = "it has no expiry date, and no enabled policy is in force";
    expect(said(all, undefined)).toEqual({ none: noRule, later, past });
    expect(said(all, { maxBackups: 1 }).later).toBe("gone: not among the newest 1");
  });

  it("for a date that comes at this very instant (RET-21)", () => {
    const all = [
      backup("new", NOW),
      backup("now", NOW - 1, { expiredAt: NOW }),
      backup("soon", NOW - 2, { expiredAt: NOW + 1 }),
    ];
    expect(said(all, {})).toMatchObject({
      now: "gone: expired on 2026-11-04 12:00 UTC",
      soon: "expires on 2026-11-04 12:00 UTC",
    });
  });

  it("VLT-54: in a locked vault no count takes a backup before its recorded date", () => {
    const all = [backup("new", NOW), backup("dated", NOW - 1, { expiredAt: NOW + DAY_MS }), backup("counted", NOW - 2)];
    const inLocked = said(all, { maxBackups: 1 }, true);
    expect(inLocked.dated).toBe(
      "the vault is locked: not before 2026-11-05 12:00 UTC; expires on 2026-11-05 12:00 UTC",
    );
    expect(inLocked.counted).toBe("gone: not among the newest 1");
  });

  it("for failed ones: ten, for a month, and not counted (RET-13, BKP-27)", () => {
    const failed = Array.from({ length: 12 }, (_, i) =>
      backup(`f${String(i).padStart(2, "0")}`, NOW - i * 4 * DAY_MS, { status: "error" }),
    );
    const plan = said([...failed, backup("good", NOW - DAY_MS), backup("old", NOW - 50 * DAY_MS)], { maxBackups: 1 });
    expect(plan.f00).toBe("number 1 of the newest 10 failed ones");
    expect(plan.f07).toBe("number 8 of the newest 10 failed ones");
    expect(plan.f08).toBe("gone: failed more than 31 days ago");
    expect(plan.f11).toBe("gone: failed, and not among the newest 10 failed ones");
    expect(plan.good).toBe("number 1 of the newest 1");
    expect(plan.old).toBe("gone: not among the newest 1");
    expect(said([backup("mine", 0, { status: "error", automatic: false })], undefined).mine).toContain("by hand");
  });

  it("for one whose deletion failed half way: it is tried again", () => {
    const all = [backup("new", NOW), backup("half", NOW - 1, { status: "error", leaving: true })];
    expect(said(all, undefined).half).toBe("gone: its deletion was begun before and failed");
  });
});

describe("an unclear rule deletes nothing (RET-34)", () => {
  it.each<[string, RetentionRule]>([
    ["days, weeks … without max_backups", { weekBackups: 1, timezone: "UTC+00:00" }],
    ["time and count at once (RET-02)", { maxBackups: 1, retentionDays: 1 }],
    ["time and days at once (RET-02)", { dayBackups: 1, retentionDays: 1, timezone: "UTC+00:00" }],
    ["periods without a timezone (RET-03)", { maxBackups: 1, dayBackups: 1 }],
    ["a timezone that does not exist", { maxBackups: 1, dayBackups: 1, timezone: "UTC+25:00" }],
    ["a timezone in other words", { maxBackups: 1, dayBackups: 1, timezone: "eight hours ahead" }],
  ])("%s", (_why, rule) => {
    expect(Object.values(said(days(5), rule)).every((why) => why.startsWith("the rule is not clear"))).toBe(true);
  });

  it("numbers that are 0 or -1 are not set (RET-01)", () => {
    const unset = { maxBackups: -1, retentionDays: 0, dayBackups: 0, weekBackups: -1 };
    expect(Object.values(said(days(3), unset)).every((why) => why.includes("does not limit it"))).toBe(true);
    expect(said(days(2), { ...unset, maxBackups: 1 }).d1).toContain("gone");
  });
});

describe("the last good backup of a resource", () => {
  it("never expires, even when the clock runs ten years ahead (design 7, hazard A13)", () => {
    const all = days(5, { expiredAt: NOW - 1 });
    const plan = said(all, { retentionDays: 3 });
    expect(plan.d0).toBe("the last good backup of its resource");
    expect(Object.values(plan).filter((why) => why.startsWith("gone"))).toHaveLength(4);
  });

  it("is no failed one, and may be one that a person made", () => {
    const failed = backup("failed", NOW, { status: "error" });
    const old = backup("old", NOW - 9 * DAY_MS, { expiredAt: NOW - DAY_MS });
    expect(said([failed, old], undefined).old).toBe("the last good backup of its resource");
    const manual = backup("manual", NOW - DAY_MS, { automatic: false });
    expect(said([failed, manual, old], undefined).old).toContain("expired");
  });

  it("stays while the next one is being made (RET-15)", () => {
    const running = backup("running", NOW, { status: "protecting" });
    const newest = backup("newest", NOW - DAY_MS, { expiredAt: NOW - 1 });
    expect(said([running, newest], undefined).newest).toBe("the last good backup of its resource");
  });
});

const instants = fc.integer({ min: at("2024-12-20T00:00Z"), max: NOW });
const backups: fc.Arbitrary<RetainedBackup[]> = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    createdAt: instants,
    automatic: fc.boolean(),
    status: fc.constantFrom(...(["available", "available", "available", "error", "restoring", "protecting"] as const)),
    expiredAt: fc.option(fc.integer({ min: NOW - 90 * DAY_MS, max: NOW + 90 * DAY_MS }), { nil: undefined }),
    exemptions: fc.constantFrom([], [], [], [{ kind: "image" as const }]),
  }),
  { selector: ({ id }) => id, maxLength: 50 },
);
const zone = fc.constantFrom("UTC+00:00", "UTC+08:00", "UTC-09:30", "UTC+14:00");
const number = fc.integer({ min: 1, max: 8 });
const countRules = fc.record({
  maxBackups: number,
  dayBackups: fc.nat(8),
  weekBackups: fc.nat(5),
  monthBackups: fc.nat(4),
  yearBackups: fc.nat(2),
  timezone: zone,
});
const rules: fc.Arbitrary<RetentionRule | undefined> = fc.oneof(
  countRules,
  fc.record({ maxBackups: number }),
  fc.record({ retentionDays: number }),
  fc.constant({}),
  fc.constant(undefined),
  fc.record({ dayBackups: number, timezone: zone }),
);
const gone = (all: readonly RetainedBackup[], rule: RetentionRule | undefined): string[] =>
  planRetention(all, { rule, now: NOW }).flatMap((d) => (d.keep ? [] : [d.id]));

describe("whatever the backups and the rule", () => {
  it("each backup gets exactly one decision, and each kept one a reason", () => {
    fc.assert(
      fc.property(backups, rules, (all, rule) => {
        const plan = planRetention(all, { rule, now: NOW });
        expect(plan.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted());
        for (const d of plan) if (d.keep) expect(d.reasons.length, d.id).toBeGreaterThan(0);
      }),
    );
  });

  it("the order in which they are given does not matter", () => {
    const shuffled = backups.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, rules, ([all, other], rule) => {
        expect(planRetention(other, { rule, now: NOW })).toEqual(planRetention(all, { rule, now: NOW }));
      }),
    );
  });

  it("the newest good backup stays", () => {
    fc.assert(
      fc.property(backups, rules, (all, rule) => {
        const good = all.filter(({ status }) => status === "available" || status === "restoring");
        const newest = good.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))[0];
        if (newest !== undefined) expect(gone(all, rule)).not.toContain(newest.id);
      }),
    );
  });

  it("manual backups without a date, images and busy ones stay (RET-10, RET-11)", () => {
    fc.assert(
      fc.property(backups, rules, (all, rule) => {
        const going = new Set(gone(all, rule));
        for (const b of all) {
          const untouchable =
            (b.exemptions ?? []).length > 0 ||
            b.status === "restoring" ||
            b.status === "protecting" ||
            (!b.automatic && b.expiredAt === undefined);
          if (untouchable && b.status !== "error") expect(going.has(b.id), b.id).toBe(false);
        }
      }),
    );
  });

  it("what is kept is the union of what each set keeps (RET-30)", () => {
    fc.assert(
      fc.property(backups, countRules, (all, rule) => {
        const { maxBackups, timezone } = rule;
        const one = (more: RetentionRule) => new Set(gone(all, { maxBackups, timezone, ...more }));
        const each = [
          one({}),
          one({ dayBackups: rule.dayBackups }),
          one({ weekBackups: rule.weekBackups }),
          one({ monthBackups: rule.monthBackups }),
          one({ yearBackups: rule.yearBackups }),
        ];
        const inNone = all.map(({ id }) => id).filter((id) => each.every((set) => set.has(id)));
        expect(gone(all, rule).toSorted()).toEqual(inNone.toSorted());
      }),
    );
  });

  it("a larger number never deletes more", () => {
    const field = fc.constantFrom("maxBackups", "dayBackups", "weekBackups", "monthBackups", "yearBackups");
    fc.assert(
      fc.property(backups, countRules, field, number, (all, rule, which, more) => {
        const before = new Set(gone(all, rule));
        for (const id of gone(all, { ...rule, [which]: rule[which as "dayBackups"] + more }))
          expect(before.has(id), id).toBe(true);
      }),
    );
  });

  it("what is kept is kept again, when nothing has changed", () => {
    fc.assert(
      fc.property(backups, rules, (all, rule) => {
        const going = new Set(gone(all, rule));
        const left = all.filter(({ id }) => !going.has(id));
        expect(gone(left, rule)).toEqual([]);
      }),
    );
  });

  it("no rule deletes more than dates do, unless it counts", () => {
    fc.assert(
      fc.property(
        backups,
        fc.constantFrom<RetentionRule>({}, { retentionDays: 1 }, { yearBackups: 1 }),
        (all, rule) => {
          expect(gone(all, rule)).toEqual(gone(all, undefined));
        },
      ),
    );
  });
});
