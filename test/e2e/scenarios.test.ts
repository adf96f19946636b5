/** The scenarios that every host must pass, on one machine. test/emulator runs the same ones on the emulated AWS. */
import { vi } from "vitest";
import { scenarios } from "./scenarios/all.ts";
import { openLocalHost } from "./scenarios/local-host.ts";

vi.setConfig({ testTimeout: 120_000 });

scenarios("one machine", openLocalHost);
