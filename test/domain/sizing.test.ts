/** Is the advice on the size of a vault the published one? */
import { expect, it } from "vitest";
import { advisedSize } from "../../core/domain/sizing.ts";

it.each([
  ["800 GB, kept for 30 days, 10 GB a day", { diskGb: 800, kept: { days: 30, dailyGb: 10 } }, 1320],
  ["a disk of which nothing changes", { diskGb: 100, kept: { days: 30, dailyGb: 0 } }, 120],
  ["what does not come out whole", { diskGb: 33, kept: { days: 7, dailyGb: 0.5 } }, 44],
  ["the size alone", { diskGb: 40 }, 80],
])("advises for %s (CAP-21)", (_what, ask, gb) => {
  expect(advisedSize(ask)).toBe(gb);
});
