/** Mutated requests: the share of `npm run test:fuzz` that every run does. */
import { expect, it } from "vitest";
import { fuzz } from "./run.ts";

it("no mutated request is answered with 5xx or a defect, and no refused one changes anything", async () => {
  const { statuses, authenticated, failures, requests } = await fuzz(4_000, 20_261_130);
  expect(failures).toEqual([]);
  expect(requests).toBe(4_000);
  expect(authenticated).toBeGreaterThan(0.3);
  // Some do what they ask, most are refused: otherwise they test nothing.
  expect(statuses[200] ?? 0).toBeGreaterThan(50);
  expect(statuses[400] ?? 0).toBeGreaterThan(60);
}, 120_000);
