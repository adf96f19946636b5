/** Collection is safe however its actors interleave: as model.test.ts, so that two cores share the work. */
import { test } from "vitest";
import "./support-model-mocks.ts";
import { playMany } from "./support-model-run.ts";

test("whatever happens in which order, every backup stays and all garbage goes", { timeout: 3_600_000 }, async () => {
  await playMany(2, 10_000);
});
