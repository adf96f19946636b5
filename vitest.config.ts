/** How tests run: where they are, how long one may take, and which need an emulated AWS. */
import { defineConfig } from "vitest/config";
import { ByPath } from "./test/support/by-path.ts";

/** cli/bin.js says why: tests start and end threads more often than any service. */
const execArgv = ["--no-memory-protection-keys"];

export default defineConfig({
  test: {
    sequence: { sequencer: ByPath },
    // All cores: one is left idle otherwise, which is half of a small machine.
    maxWorkers: "100%",
    projects: [
      {
        // `npm test`: everything that runs on this machine alone.
        test: {
          name: "local",
          execArgv,
          include: ["test/**/*.test.ts"],
          exclude: ["test/emulator/**"],
          // Real disks, real processes: a loaded machine with two cores must not turn a good test red.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // `npm run test:aws`: docs/developer/emulators.md.
        test: {
          name: "aws",
          execArgv,
          include: ["test/emulator/**/*.test.ts"],
          globalSetup: ["test/emulator/global-setup.ts"],
          setupFiles: ["test/emulator/setup.ts"],
          // One set of emulators, one deployed stack: files take turns.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
