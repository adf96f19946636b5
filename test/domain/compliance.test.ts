/** Do the compliance rules judge as the managed ones do (MON-04)? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeFrequency, judgeRetention, longestGapHours } from "../../core/domain/compliance.ts";
import { pointsBetween, scheduleOf } from "../../core/domain/schedule.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONDAY = Date.parse("2030-01-07T00:00:00Z");
const schedule = (...patterns: string[]) => scheduleOf(patterns, MONDAY);
const weekly = (days: string, hour = 22) => `FREQ=WEEKLY;BYDAY=${days};BYHOUR=${hour};BYMINUTE=00`;
const daily = (interval: number, hour = 2) => `FREQ=DAILY;INTERVAL=${interval};BYHOUR=${hour};BYMINUTE=00`;

describe("the longest gap", () => {
  it.each([
    ["MON-04: Tuesday, Thursday, Saturday at 22:00", [weekly("TU,TH,SA")], 72],
    ["every day", [daily(1)], 24],
    ["one day a week", [weekly("MO")], 168],
    ["two hours of each day", [daily(1, 2), daily(1, 14)], 12],
    ["two hours of each day, one of them early", [daily(1, 0), daily(1, 1)], 23],
    ["every 30 days", [daily(30)], 720],
    ["every second day, with Sundays between", [daily(2), weekly("SU", 14)], 48],
    ["every second and every third day", [daily(2, 2), daily(3, 3)], 48],
  ])("%s", (_, patterns, hours) => {
    expect(longestGapHours(schedule(...patterns))).toBe(hours);
  });

  it("of intervals that meet once in thousands of years is the most frequent one's", () => {
    const rare = [7, 11, 13, 17, 19, 23, 29].map((interval, i) => daily(interval, i * 2));
    expect(longestGapHours(schedule(...rare))).toBe(7 * 24);
  });

  it("is what a walk through a long time finds", () => {
    const one = fc.oneof(
      fc.integer({ min: 1, max: 6 }).map((interval) => `FREQ=DAILY;INTERVAL=${interval}`),
      fc
        .subarray(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], { minLength: 1 })
        .map((days) => `FREQ=WEEKLY;BYDAY=${days.join(",")}`),
    );
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), fc.nat(30 * DAY), (rules, later) => {
        const made = scheduleOf(
          rules.map((rule, i) => `${rule};BYHOUR=${i * 5};BYMINUTE=0`),
          MONDAY + later,
        );
        const points = [...pointsBetween(made, made.anchor, made.anchor + 3 * 420 * DAY)];
        const gaps = points.slice(1).map((point, i) => point - (points[i] ?? 0));
        expect(longestGapHours(made) * HOUR).toBe(Math.max(...gaps));
      }),
      { numRuns: 50 },
    );
  });
});

describe("policy frequency (MON-04)", () => {
  const gapHours = longestGapHours(schedule(weekly("TU,TH,SA")));
  it.each([
    [72, true, undefined],
    [71, true, "its points lie up to 72 hours apart, more than 71"],
    [720, false, "the policy is disabled"],
  ])("at most %i hours, enabled %s: %s", (hours, enabled, reason) => {
    const verdict = judgeFrequency({ enabled, gapHours }, hours);
    expect(verdict).toEqual(reason === undefined ? { compliant: true } : { compliant: false, reason });
  });
});

describe("vault retention (MON-04)", () => {
  it.each([
    ["no policy", undefined, "the vault follows no backup policy"],
    ["a disabled one", { enabled: false, retentionDays: 90 }, "its policy is disabled"],
    ["too few days", { enabled: true, retentionDays: 29 }, "its policy keeps backups 29 days, less than 30"],
    ["enough days", { enabled: true, retentionDays: 30 }, undefined],
    ["a rule without days", { enabled: true, retentionDays: undefined }, undefined],
  ])("of a vault with %s", (_, policy, reason) => {
    const verdict = judgeRetention(policy, 30);
    expect(verdict).toEqual(reason === undefined ? { compliant: true } : { compliant: false, reason });
  });
});
