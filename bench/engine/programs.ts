/** Which programs are measured, and with which exact commands? */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createHoldfast } from "./holdfast.ts";
import { type Command, run } from "./measure.ts";
import type { Program, Restore } from "./program.ts";

/** The commands of restic 0.14: its defaults (repository version 2, which compresses "auto"). */
const restic: Program = {
  name: "restic",
  settings: "defaults (compression auto, encrypted)",
  version: () => run({ argv: ["restic", "version"] }).trim(),
  init: (state) => [resticCommand(state, ["init", "-q"])],
  backup: (state, { image }) => resticCommand(state, ["backup", "-q", image]),
  restore: (state, _image, folder): Restore => ({
    command: resticCommand(state, ["restore", "-q", "latest", "--target", folder]),
    // restic restores below the whole path of what was backed up.
    file: (image) => join(folder, resolve(image)),
  }),
  verify: (state) => resticCommand(state, ["check", "-q", "--read-data"]),
  stored: (state) => [join(state, "repository")],
};

function resticCommand(state: string, args: readonly string[]): Command {
  return {
    argv: ["restic", ...args],
    env: {
      RESTIC_PASSWORD: "bench",
      RESTIC_REPOSITORY: join(state, "repository"),
      RESTIC_CACHE_DIR: join(state, "cache"),
    },
  };
}

/** borg 1.2 without encryption, lz4; `create` and `extract` are further options of these commands. */
function borg(name: string, settings: string, create: readonly string[], extract: readonly string[]): Program {
  const command = (state: string, args: readonly string[], cwd?: string): Command => ({
    argv: ["borg", ...args],
    env: {
      BORG_BASE_DIR: join(state, "base"),
      BORG_REPO: join(state, "repository"),
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes",
    },
    ...(cwd === undefined ? {} : { cwd }),
  });
  return {
    name,
    settings,
    version: () => run({ argv: ["borg", "--version"] }).trim(),
    init: (state) => [command(state, ["init", "--encryption", "none"])],
    backup: (state, { image, label }) => command(state, ["create", ...create, `::${label}`, image]),
    restore: (state, label, folder) => ({
      command: command(state, ["extract", ...extract, `::${label}`], folder),
      file: (image) => join(folder, resolve(image)),
    }),
    verify: (state) => command(state, ["check", "--verify-data"]),
    stored: (state) => [join(state, "repository")],
  };
}

/** casync of Debian 12: no encryption; `make` are further options of that command. */
function casync(name: string, settings: string, make: readonly string[]): Program {
  const store = (state: string): string => `--store=${join(state, "store.castr")}`;
  const index = (state: string, label: string): string => join(state, `${label}.caibx`);
  return {
    name,
    settings,
    version: () => run({ argv: ["casync", "--version"] }).split("\n")[0] ?? "",
    init: () => [],
    backup: (state, { image, label }) => ({
      argv: ["casync", "make", store(state), ...make, index(state, label), image],
    }),
    restore: (state, label, folder) => ({
      command: { argv: ["casync", "extract", store(state), index(state, label), join(folder, "disk.img")] },
      file: () => join(folder, "disk.img"),
    }),
    // It has no check of a store; its digest reads and decodes every chunk of one backup.
    verify: (state, label) => ({ argv: ["casync", "digest", store(state), index(state, label)] }),
    stored: (state) =>
      readdirSync(state)
        .filter((entry) => /\.ca(str|ibx)$/.test(entry))
        .map((entry) => join(state, entry)),
  };
}

/** Everyone, ourselves first. `entry` is the program that is run as `holdfast`. */
export function allPrograms(entry: string): readonly Program[] {
  const fixed = ["--chunker-params", "fixed,524288", "--compression", "lz4", "--sparse"];
  return [
    createHoldfast(entry),
    restic,
    borg("borg", "defaults (lz4, buzhash), not encrypted", [], []),
    borg("borg-fixed", "fixed 512 KiB, lz4, sparse, not encrypted: its fastest", fixed, ["--sparse"]),
    casync("casync", "defaults (zstd, 64 KiB), not encrypted", []),
    casync("casync-fixed", "fixed 512 KiB, zstd, not encrypted", ["--chunk-size=524288:524288:524288"]),
  ];
}

/** Its version, or why it cannot be measured here. */
export function presence(program: Program): { readonly version: string } | { readonly missing: string } {
  try {
    return { version: program.version() };
  } catch (error) {
    return { missing: (error as Error).message.trim().split("\n").slice(0, 2).join(": ") };
  }
}

/** What `holdfast` is started with: the command line of this checkout unless another is named. */
export function entryOf(named: string | undefined): string {
  const entry = resolve(named ?? new URL("../../cli/bin.js", import.meta.url).pathname);
  if (!existsSync(entry)) throw new Error(`--holdfast ${entry}: no such file`);
  return entry;
}
