/** Collection is safe however its actors interleave. The other half of the schedules: model-more.test.ts. */
import { test } from "vitest";
import "./support-model-mocks.ts";
import { playMany } from "./support-model-run.ts";

test("whatever happens in which order, every backup stays and all garbage goes", { timeout: 3_600_000 }, async () => {
  await playMany(1, 10_000);
});
