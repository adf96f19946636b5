/** Do days, weeks, months and years begin where the rule's zone says? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calendarOf } from "../../core/domain/calendar.ts";

const at = (iso: string): number => Date.parse(iso);
const label = (zone: string, iso: string, period: "day" | "week" | "month" | "year") =>
  calendarOf(zone)?.(at(iso), period);

describe("a calendar", () => {
  it("has its borders at midnight of the zone (RET-31, SCH-03)", () => {
    expect(label("UTC+08:00", "2026-12-31T15:59:59.999Z", "day")).toBe("2026-12-31");
    expect(label("UTC+08:00", "2026-12-31T16:00:00.000Z", "day")).toBe("2027-01-01");
    expect(label("UTC+08:00", "2026-12-31T16:00:00.000Z", "month")).toBe("2027-01");
    expect(label("UTC+08:00", "2026-12-31T16:00:00.000Z", "year")).toBe("2027");
    expect(label("UTC-09:30", "2027-01-01T09:29:59.999Z", "year")).toBe("2026");
    expect(label("UTC+14:00", "2026-03-01T10:00:00Z", "day")).toBe("2026-03-02");
    expect(label("UTC", "2026-03-01T10:00:00Z", "day")).toBe("2026-03-01");
  });

  it.each([
    ["2024-12-29", "2024-W52"],
    ["2024-12-30", "2025-W01"],
    ["2025-01-01", "2025-W01"],
    ["2026-12-31", "2026-W53"],
    ["2027-01-03", "2026-W53"],
    ["2027-01-04", "2027-W01"],
    ["2021-01-03", "2020-W53"],
  ])("has ISO weeks from Monday on: %s is in %s (G-7)", (date, week) => {
    expect(label("UTC+00:00", `${date}T12:00:00Z`, "week")).toBe(week);
  });

  it("counts Berlin's day of 25 hours as one day", () => {
    // Clocks went back on 26 October 2025: that day ran from 22:00Z on the 25th to 23:00Z on the 26th.
    expect(label("Europe/Berlin", "2025-10-25T21:59:59Z", "day")).toBe("2025-10-25");
    expect(label("Europe/Berlin", "2025-10-25T22:00:00Z", "day")).toBe("2025-10-26");
    expect(label("Europe/Berlin", "2025-10-26T22:59:59Z", "day")).toBe("2025-10-26");
    expect(label("Europe/Berlin", "2025-10-26T23:00:00Z", "day")).toBe("2025-10-27");
  });

  it("is none where there is no such zone", () => {
    for (const zone of ["UTC+15:00", "UTC+08:60", "UTC+8", "Mars/Olympus", ""])
      expect(calendarOf(zone), zone).toBeUndefined();
  });

  it("puts seven days in a row into at most two weeks, and never an earlier day into a later period", () => {
    const zone = fc.constantFrom("UTC+00:00", "UTC+05:45", "UTC-11:00", "America/Sao_Paulo", "Pacific/Apia");
    const instant = fc.integer({ min: at("2000-01-01T00:00Z"), max: at("2100-01-01T00:00Z") });
    fc.assert(
      fc.property(zone, instant, fc.nat(400 * 86_400_000), (name, first, ms) => {
        const calendar = calendarOf(name);
        if (calendar === undefined) throw new Error(`there is no zone ${name}`);
        for (const period of ["day", "week", "month", "year"] as const)
          expect(calendar(first, period) <= calendar(first + ms, period)).toBe(true);
        const weeks = new Set(Array.from({ length: 7 }, (_, i) => calendar(first + i * 86_400_000, "week")));
        expect(weeks.size).toBeLessThanOrEqual(2);
      }),
    );
  });
});
