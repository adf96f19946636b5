/** What is written into bench/results/engine.json, and how do sections that were measured apart come together there? */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { ChurnResult } from "./churn.ts";
import type { ClonesResult } from "./clones.ts";
import type { HugeResult } from "./huge.ts";
import type { ImagesResult } from "./images.ts";
import type { ServiceResult } from "./service.ts";

/** The sections by the names that `--only` takes. */
export interface Sections {
  readonly images?: ImagesResult;
  readonly churn?: ChurnResult;
  readonly clones?: ClonesResult;
  readonly huge?: HugeResult;
  readonly service?: ServiceResult;
}

/** Where and with what a section was measured. */
export interface Setting {
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGib: number;
    readonly kernel: string;
    readonly system: string;
  };
  readonly node: string;
  /** The commit of this repository, with "+" when files differed from it. */
  readonly commit: string;
  /** Version and settings by program; what was not there says so. */
  readonly programs: Readonly<Record<string, string>>;
}

/** The whole file: the sections, each with its own setting. */
export interface Report extends Sections {
  readonly settings: Readonly<Partial<Record<keyof Sections, Setting>>>;
}

const FILE = new URL("../results/engine.json", import.meta.url);

/** The setting of now, without paths or names of this machine. */
export function settingOf(programs: Readonly<Record<string, string>>): Setting {
  const system = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const git = (...args: string[]): string =>
    execFileSync("git", args, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? "",
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      system: /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? process.platform,
    },
    node: process.version,
    commit: git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "-uno") === "" ? "" : "+"),
    programs,
  };
}

/** The file with `sections` in the place of older ones, also written. */
export function record(sections: Sections, setting: Setting): Report {
  const before: Report = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : { settings: {} };
  const settings = Object.fromEntries(Object.keys(sections).map((name) => [name, setting]));
  const report = { ...before, ...sections, settings: { ...before.settings, ...settings } };
  mkdirSync(new URL(".", FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(report, undefined, 1)}\n`);
  return report;
}
