/** A share of the year (docs/developer/crash-tests.md): is every point accounted for once, and is kept what has to be, for the reasons that are told? */
import { expect, test } from "vitest";
import { seeded } from "../chaos/seeded.ts";
import { settleAccounts } from "./accounts.ts";
import { runYear } from "./simulation.ts";
import { periodOf } from "./zones.ts";

const ONCE = "SCH-11, SCH-12, SCH-20: every point is done, missed or skipped, once, whatever happens";

test(`${ONCE}; RET-30, RET-31, RET-38, RET-50: vaults for all days on which clocks change`, {
  timeout: 300_000,
}, async () => {
  const year = await runYear({ days: 325, vaults: 32, seed: 20_300_101 });
  const { problems, states, kept, gone, made, asked } = await settleAccounts(year, { fatesAVault: 20 });
  year.world.end();
  expect(problems).toEqual([]);
  expect(Object.keys(states).sort()).toEqual(["done", "missed", "skipped"]);
  for (const [state, count] of Object.entries(states)) expect(count, state).toBeGreaterThan(50);
  expect(kept + gone).toBe(made);
  expect(Math.min(kept, gone, asked)).toBeGreaterThan(40);
  expect(Math.min(year.figures.outages, year.figures.setBacks, year.figures.confirmed)).toBeGreaterThan(2);
});

test(`${ONCE}: on a store that throttles, conflicts and gives short pages`, { timeout: 120_000 }, async () => {
  const manners = { conflictRate: 0.05, throttleRate: 0.02, staleReadRate: 0.5, shortPageRate: 0.3, indexLagWrites: 5 };
  const year = await runYear({ days: 20, vaults: 14, seed: 7, manners: { ...manners, random: seeded(7) } });
  const { problems, states } = await settleAccounts(year, { fatesAVault: 2, lagging: true });
  year.world.end();
  expect(problems).toEqual([]);
  expect(states.done).toBeGreaterThan(10);
  expect(states.skipped).toBeGreaterThan(10);
});

test("the tables of zones name days that have 23, 24, 25 and 24½ hours", () => {
  const hoursOf = (zone: string, date: string): number => {
    let minutes = 0;
    const around = Date.parse(`${date}T00:00Z`);
    for (let at = around - 24 * 3600_000; at < around + 48 * 3600_000; at += 15 * 60_000)
      if (periodOf(zone, at, "day") === date) minutes += 15;
    return minutes / 60;
  };
  expect(hoursOf("America/New_York", "2030-03-10")).toBe(23);
  expect(hoursOf("America/New_York", "2030-03-11")).toBe(24);
  expect(hoursOf("Europe/Berlin", "2030-10-27")).toBe(25);
  expect(hoursOf("Australia/Lord_Howe", "2030-04-07")).toBe(24.5);
  // The week of a Thursday in the next year.
  expect(periodOf("UTC+00:00", Date.parse("2030-12-31T00:00Z"), "week")).toBe("2031-W01");
});
