/** How is our own `holdfast store` started, and what does it know? */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, run } from "./measure.ts";
import { OURS, type Program } from "./program.ts";

/** What a command of the store is started with besides its arguments. */
export interface StoreOptions {
  /** Moves its clock forward. */
  readonly clockOffsetMs?: number;
}

/** Our command line on one folder of state; made as a user would: the bundled Node runs `cli/bin.js`. */
export interface Store {
  command(args: readonly string[], options?: StoreOptions): Command;
  /** Runs it. The one JSON document that it prints, or undefined when it prints nothing. @throws when it fails */
  json(args: readonly string[], options?: StoreOptions): unknown;
  /** Ids of all backups, oldest first. */
  ids(): readonly string[];
  /** The folder that holds objects, nothing else. */
  readonly folder: string;
}

const NODE = new URL("../../node_modules/.bin/node", import.meta.url).pathname;

/** The store below `state`; its keys are kept beside it. */
export function storeIn(entry: string, state: string): Store {
  const folder = join(state, "store");
  const command = (args: readonly string[], options: StoreOptions = {}): Command => ({
    argv: [NODE, entry, "store", ...args, "--store", folder],
    env: {
      XDG_CONFIG_HOME: join(state, "config"),
      ...(options.clockOffsetMs === undefined ? {} : { HOLDFAST_CLOCK_OFFSET_MS: String(options.clockOffsetMs) }),
    },
  });
  const json = (args: readonly string[], options?: StoreOptions): unknown => {
    const printed = run(command([...args, "--json"], options)).trim();
    return printed === "" ? undefined : JSON.parse(printed);
  };
  return {
    command,
    json,
    folder,
    ids: () => (json(["list"]) as readonly { readonly id: string }[]).map(({ id }) => id),
  };
}

/** Arguments of `store backup`. Every version of an image is a version of one disk, whatever file it lies in. */
export function backupArguments(
  name: string,
  { image, changed, level }: { readonly image: string; readonly changed?: string; readonly level?: number },
): string[] {
  return [
    ...["backup", image, "--name", name],
    ...(changed === undefined ? [] : ["--changed", changed]),
    ...(level === undefined ? [] : ["--level", String(level)]),
  ];
}

/** The first run after an installation compiles TypeScript and keeps it, in every thread: that is not what a backup costs. */
function warmUp(entry: string): void {
  const state = mkdtempSync(join(tmpdir(), "holdfast-bench-warm-"));
  try {
    const image = join(state, "disk.img");
    writeFileSync(image, randomBytes(2 ** 20));
    const store = storeIn(entry, state);
    for (const args of [["init"], backupArguments("disk", { image }), ["verify"]]) run(store.command(args));
    run(store.command(["restore", "latest", join(state, "restored.img")]));
  } finally {
    rmSync(state, { recursive: true });
  }
}

/** Ourselves, encrypted as always, at level 1 unless the backup says otherwise. */
export function createHoldfast(entry: string): Program {
  return {
    name: OURS,
    settings: "defaults (zstd 1, encrypted)",
    version: () => {
      warmUp(entry);
      return `holdfast ${run({ argv: [NODE, entry, "--version"] }).trim()}`;
    },
    init: (state) => {
      mkdirSync(join(state, "config"), { recursive: true });
      return [storeIn(entry, state).command(["init"])];
    },
    backup: (state, backup) => storeIn(entry, state).command(backupArguments("disk", backup)),
    restore: (state, _label, folder, options) => {
      const store = storeIn(entry, state);
      const target = join(folder, "disk.img");
      const readBack = options?.readBack === true ? ["--read-back"] : [];
      return {
        command: store.command(["restore", store.ids().at(-1) ?? "none", target, ...readBack]),
        file: () => target,
      };
    },
    verify: (state) => storeIn(entry, state).command(["verify"]),
    stored: (state) => [storeIn(entry, state).folder],
  };
}
