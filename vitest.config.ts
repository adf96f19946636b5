/** How tests run: where they are, how long one may take. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real disks, real processes: a loaded machine with two cores must not turn a good test red.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
