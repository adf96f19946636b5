/** Which commands does `holdfast store` have? One table, for the quick way in (quick.ts) and for commander (commands/store.ts). */

import type { StoreCommand, StoreOption } from "./call.ts";

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new Error(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };
}

function filled(text: string): string {
  if (text === "") throw new Error("It must not be empty.");
  return text;
}

/** Cores that work pays off on: two saturate a fast disk, and leave memory below 250 MiB. */
const MOST_WORKERS = 64;

/** What every command takes. */
const COMMON: readonly StoreOption[] = [
  { flags: "--store <dir>", text: "folder of the store (default: HOLDFAST_STORE)", parse: filled },
  {
    flags: "--key-file <file>",
    text: "key file (default: by the store's id, below ~/.config/holdfast)",
    parse: filled,
  },
];
const CODE: StoreOption = {
  flags: "--recovery-code <code>",
  text: "open the store with a recovery code instead of its key file",
  parse: filled,
};
const DOMAIN: StoreOption = {
  flags: "--domain <id>",
  text: "of a stopped service's data folder with several domains: which one",
  parse: filled,
};
const WORKERS: StoreOption = {
  flags: "--workers <number>",
  text: "threads that work (default: as many as there are cores, at most 2)",
  parse: whole(1, MOST_WORKERS),
};
const DRY_RUN: StoreOption = { flags: "--dry-run", text: "only say what would be done, and why" };

const reading = [...COMMON, CODE, DOMAIN];
const writing = [...COMMON, CODE];

export const storeCommands: readonly StoreCommand[] = [
  {
    name: "init",
    args: [],
    text: "make a store and its key; prints the recovery code, once",
    options: COMMON,
    examples: ["holdfast store init --store /srv/backups"],
    run: async (call) => (await import("./init.ts")).run(call),
  },
  {
    name: "backup",
    args: ["<source>"],
    text: "back up a raw image or an NBD export",
    options: [
      { flags: "--name <name>", text: "which disk it is (default: the source's absolute path)", parse: filled },
      {
        flags: "--parent <id>",
        text: "compare with this backup, or with none (default: the newest of this name)",
        parse: filled,
      },
      {
        flags: "--changed <file>",
        text: "numbers of the 512 KiB blocks that may differ from the parent, one a line",
        parse: filled,
      },
      { flags: "--bitmap <name>", text: "NBD: the dirty bitmap that was begun at the parent's instant", parse: filled },
      { flags: "--level <number>", text: "zstd level, 1 to 19 (default: 1)", parse: whole(1, 19) },
      WORKERS,
      ...writing,
    ],
    examples: ["holdfast store backup disk.img --store /srv/backups --name web-1"],
    run: async (call) => (await import("./backup.ts")).run(call),
  },
  {
    name: "list",
    args: [],
    text: "list all backups, the newest last",
    options: reading,
    examples: ["holdfast store list --store /srv/backups"],
    run: async (call) => (await import("./list.ts")).run(call),
  },
  {
    name: "show",
    args: ["<id>"],
    text: "show all that is known of one backup; ID may be shortened, or be latest or NAME@latest",
    options: reading,
    examples: ["holdfast store show web-1@latest --store /srv/backups"],
    run: async (call) => (await import("./show.ts")).run(call),
  },
  {
    name: "restore",
    args: ["<id>", "<target>"],
    text: "bring a backup back into a new file, to an NBD export, or to standard output (-)",
    options: [
      { flags: "--overwrite", text: "the target may exist: it becomes exactly the backup" },
      { flags: "--read-back", text: "read everything back from the target and compare it" },
      WORKERS,
      ...reading,
    ],
    examples: ["holdfast store restore web-1@latest disk.img --store /srv/backups"],
    run: async (call) => (await import("./restore.ts")).run(call),
  },
  {
    name: "verify",
    args: ["[ids...]"],
    text: "read, decode and compare everything that is stored for some or all backups",
    options: [{ flags: "--quick", text: "only look whether everything is there and authentic" }, WORKERS, ...reading],
    examples: ["holdfast store verify --store /srv/backups"],
    run: async (call) => (await import("./verify.ts")).run(call),
  },
  {
    name: "delete",
    args: ["<ids...>"],
    text: "delete backups; gc frees their room later",
    options: writing,
    examples: ["holdfast store delete 1h7k2m9x0a3c --store /srv/backups"],
    run: async (call) => (await import("./delete.ts")).run(call),
  },
  {
    name: "gc",
    args: [],
    text: "free what no backup needs, in steps over some days",
    options: [DRY_RUN, ...writing],
    examples: ["holdfast store gc --store /srv/backups --dry-run"],
    run: async (call) => (await import("./gc.ts")).run(call),
  },
  {
    name: "compact",
    args: [],
    text: "empty packs of which little is needed, so that gc can free them",
    options: [
      {
        flags: "--below <percent>",
        text: "packs of which less than this is needed (default: 50)",
        parse: whole(1, 100),
      },
      DRY_RUN,
      ...writing,
    ],
    examples: ["holdfast store compact --store /srv/backups"],
    run: async (call) => (await import("./gc.ts")).runCompact(call),
  },
  {
    name: "stat",
    args: [],
    text: "how much is stored, and how much of it is needed",
    options: reading,
    examples: ["holdfast store stat --store /srv/backups"],
    run: async (call) => (await import("./stat.ts")).run(call),
  },
  {
    name: "keys",
    args: ["[action]"],
    text: 'what opens this store; "keys recovery" makes one more recovery code',
    options: reading,
    examples: ["holdfast store keys --store /srv/backups", "holdfast store keys recovery --store /srv/backups"],
    run: async (call) => (await import("./keys.ts")).run(call),
  },
];
