/** When policies run: the vectors S1–S6 of the behaviour reference, and what must hold for every schedule. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beganLate,
  isLate,
  isTold,
  latestPoint,
  nextPoint,
  pointsBetween,
  type Schedule,
  scheduleOf,
  startDelay,
} from "../../core/domain/schedule.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday. */
const MONDAY = Date.parse("2030-01-07T00:00:00Z");
const at = (day: number, time: string): number => MONDAY + day * DAY + Date.parse(`1970-01-01T${time}:00Z`);

function first(n: number, patterns: readonly string[], created: number): number[] {
  const schedule = scheduleOf(patterns, created);
  const points: number[] = [];
  while (points.length < n) points.push(nextPoint(schedule, points.at(-1) ?? created));
  return points;
}

describe("vectors", () => {
  const mondaysAndWednesdays = ["FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=14;BYMINUTE=00"];

  it("S1: a weekly policy made before its hour runs the same day, then on each of its days", () => {
    expect(first(3, mondaysAndWednesdays, at(0, "10:00"))).toEqual([at(0, "14:00"), at(2, "14:00"), at(7, "14:00")]);
  });

  it("S2: made after its hour it runs on its next day", () => {
    expect(first(2, mondaysAndWednesdays, at(0, "15:00"))).toEqual([at(2, "14:00"), at(7, "14:00")]);
  });

  it("S3: a daily policy whose hour has passed begins tomorrow", () => {
    expect(first(2, ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00"], at(0, "10:00"))).toEqual([
      at(1, "02:00"),
      at(2, "02:00"),
    ]);
  });

  it("S4: every three days, the first run on the day of creation while its hour is ahead", () => {
    expect(first(3, ["FREQ=DAILY;INTERVAL=3;BYHOUR=22;BYMINUTE=00"], at(0, "10:00"))).toEqual([
      at(0, "22:00"),
      at(3, "22:00"),
      at(6, "22:00"),
    ]);
  });

  it("S5, SCH-06: every three days, else in the next cycle and not tomorrow", () => {
    expect(first(2, ["FREQ=DAILY;INTERVAL=3;BYHOUR=02;BYMINUTE=00"], at(0, "10:00"))).toEqual([
      at(3, "02:00"),
      at(6, "02:00"),
    ]);
  });

  it("S6: several points a day are the union of their patterns (SCH-13)", () => {
    const hours = ["00", "01", "02"].map((hour) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${hour};BYMINUTE=00`);
    expect(first(4, hours, at(0, "10:00"))).toEqual([at(1, "00:00"), at(1, "01:00"), at(1, "02:00"), at(2, "00:00")]);
  });

  it("SCH-06: a point at the very instant of creation is not ahead any more", () => {
    expect(first(1, ["FREQ=DAILY;INTERVAL=1;BYHOUR=10;BYMINUTE=00"], at(0, "10:00"))).toEqual([at(1, "10:00")]);
  });

  it("SCH-04: a schedule knows no daylight saving: a year of days is a year of points", () => {
    const daily = scheduleOf(["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30"], MONDAY);
    const points = [...pointsBetween(daily, MONDAY, MONDAY + 365 * DAY)];
    expect(points).toHaveLength(365);
    expect(new Set(points.map((point) => point % DAY))).toEqual(new Set([2.5 * HOUR]));
  });
});

const weekly = fc
  .tuple(fc.subarray(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], { minLength: 1 }), fc.nat(59))
  .map(([days, minute]) => ({ rule: `FREQ=WEEKLY;BYDAY=${days.join(",")}`, minute }));
const daily = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(59)).map(([interval, minute]) => ({
  rule: `FREQ=DAILY;INTERVAL=${interval}`,
  minute,
}));
/** Hours at least two apart with one minute for all: never less than an hour from each other. */
const schedules: fc.Arbitrary<Schedule> = fc
  .tuple(
    fc.oneof(weekly, daily),
    fc.subarray([...Array(12).keys()], { minLength: 1 }),
    fc.integer({ min: MONDAY, max: MONDAY + 400 * DAY }),
  )
  .map(([{ rule, minute }, hours, anchor]) =>
    scheduleOf(
      hours.map((hour) => `${rule};BYHOUR=${hour * 2};BYMINUTE=${minute}`),
      anchor,
    ),
  );
const instants = fc.integer({ min: MONDAY - 50 * DAY, max: MONDAY + 600 * DAY });

/** Straight from the definition, minute by minute. */
function isPoint({ patterns, anchor }: Schedule, instant: number): boolean {
  const date = new Date(instant);
  const days = Math.floor(instant / DAY) - Math.floor(anchor / DAY);
  return (
    instant > anchor &&
    instant % 60_000 === 0 &&
    patterns.some(
      (p) =>
        p.minuteOfDay === date.getUTCHours() * 60 + date.getUTCMinutes() &&
        (p.form === "weekly" ? p.days.includes(date.getUTCDay()) : days % p.interval === 0),
    )
  );
}

describe("every schedule", () => {
  it("SCH-13: the next point is a point, it is ahead, and nothing lies before it", () => {
    fc.assert(
      fc.property(schedules, instants, (schedule, now) => {
        const next = nextPoint(schedule, now);
        expect(next).toBeGreaterThan(now);
        expect(isPoint(schedule, next)).toBe(true);
        const from = Math.max(now, schedule.anchor, next - 3 * DAY);
        for (let t = Math.floor(from / 60_000 + 1) * 60_000; t < next; t += 60_000)
          if (isPoint(schedule, t)) throw new Error(`${new Date(t).toISOString()} was left out`);
      }),
      { numRuns: 60 },
    );
  });

  it("a later look never finds an earlier point", () => {
    fc.assert(
      fc.property(schedules, instants, fc.nat(40 * DAY), (schedule, now, later) => {
        expect(nextPoint(schedule, now + later)).toBeGreaterThanOrEqual(nextPoint(schedule, now));
      }),
    );
  });

  it("looking back finds the point that looking forward found, and nothing before the anchor", () => {
    fc.assert(
      fc.property(schedules, instants, (schedule, now) => {
        const last = latestPoint(schedule, now);
        if (last === undefined) {
          expect(nextPoint(schedule, now)).toBe(nextPoint(schedule, schedule.anchor));
          return;
        }
        expect(last).toBeLessThanOrEqual(now);
        expect(isPoint(schedule, last)).toBe(true);
        expect(nextPoint(schedule, last)).toBeGreaterThan(now);
      }),
    );
  });

  it("windows that follow each other count every point exactly once", () => {
    fc.assert(
      fc.property(schedules, instants, fc.array(fc.nat(20 * DAY), { maxLength: 20 }), (schedule, start, lengths) => {
        // A window is (after, until]; between() leaves both ends out, so `until` is added when it is a point.
        const cuts = [start];
        for (const length of lengths) cuts.push((cuts.at(-1) ?? start) + length);
        const end = cuts.at(-1) ?? start;
        const whole = [...pointsBetween(schedule, start, end + 1)];
        const parts = cuts.slice(1).flatMap((cut, i) => [...pointsBetween(schedule, cuts[i] ?? start, cut + 1)]);
        expect(parts).toEqual(whole);
      }),
    );
  });

  it("SCH-02: two points are at least an hour apart", () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const points = [...pointsBetween(schedule, schedule.anchor, schedule.anchor + 90 * DAY)];
        for (const [i, point] of points.entries()) expect(point - (points[i - 1] ?? 0)).toBeGreaterThanOrEqual(HOUR);
      }),
    );
  });
});

describe("a promised start", () => {
  it("that passed is late within two minutes; a look that fails in the second one is told of", () => {
    const shown = [0, 60_000, 89_999, 90_000, 120_000].map((ms) => isLate(MONDAY, MONDAY + ms));
    expect(shown).toEqual([false, false, false, true, true]);
    // Looks are a minute apart: one of them lies in here, whenever the first one was.
    expect([0, 59_999, 60_000, 119_999].map((ms) => isTold(MONDAY, MONDAY + ms))).toEqual([false, false, true, true]);
    expect([120_000, 120_001].map((ms) => beganLate(MONDAY, MONDAY + ms))).toEqual([false, true]);
  });
});

describe("startDelay", () => {
  it("SCH-08: is the same for one vault, below three minutes, and spreads many vaults evenly", () => {
    const ids = [...Array(6000).keys()].map((i) => `${String(i).padStart(8, "0")}-0000-4000-8000-000000000000`);
    const delays = ids.map(startDelay);
    expect(ids.map(startDelay)).toEqual(delays);
    for (const minute of [0, 1, 2])
      expect(delays.filter((delay) => Math.floor(delay / 60_000) === minute).length).toBeGreaterThan(1500);
    expect(Math.max(...delays)).toBeLessThan(180_000);
  });
});
