/**
 * Who reads or writes this store right now? One file a process in DIR/runs: collection takes nothing from under those that
 * are open (docs/developer/collection.md). A process that dies leaves its file, which then counts no more.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, type ProcessIdentity, thisProcess } from "../../adapters/local/data-folder/processes.ts";
import { codeOf } from "../../adapters/local/files/failures.ts";

/** A run of another host cannot be looked at: it counts as open for so long (milliseconds). */
const FOREIGN_MS = 7 * 24 * 3600 * 1000;
/**
 * A store on read-only media, another user's, or on a full disk (which may be why somebody restores) is read without saying so: its packs
 * cannot be collected, or only with 14 days of trash.
 */
const NOT_FOR_US: ReadonlySet<string | undefined> = new Set(["EROFS", "EACCES", "EPERM", "ENOSPC", "EDQUOT"]);

export type RunKind = "backup" | "restore" | "verify" | "move";

/** The file that a restore makes: what is left of it when the restore is killed can be told from a file of the user's. */
export interface RunTarget {
  readonly path: string;
  /** Undefined until the file is made. */
  readonly file?: MadeFile | undefined;
}
export interface MadeFile {
  readonly dev: string;
  readonly ino: string;
  /** Time of birth, nanoseconds: inode numbers come again. */
  readonly born: string;
}

export interface StoreRun extends ProcessIdentity {
  readonly id: string;
  readonly kind: RunKind;
  /** Ids of the roots that it reads: its pins. */
  readonly roots: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly target?: RunTarget | undefined;
}

export interface HeldRun {
  /** Undefined when the store cannot be written, and nobody else can know of this run. */
  readonly id: string | undefined;
  /** Tells which file it makes. */
  note(target: RunTarget): void;
  /** Calling it again does nothing. */
  close(): void;
}

/** Of a reader that cannot or need not say that it reads. */
export const UNSEEN: HeldRun = { id: undefined, note: () => undefined, close: () => undefined };

/**
 * Opens a run before the first look at what it reads; `close` ends it. Not durable: a machine that goes down takes the
 * process along. @throws the system's error
 */
export function openRun(store: string, run: Pick<StoreRun, "kind" | "roots" | "at" | "target">): HeldRun {
  const id = randomBytes(8).toString("hex");
  const path = pathOf(store, id);
  const write = (target: RunTarget | undefined): void => {
    try {
      writeFileSync(`${path}.tmp`, `${JSON.stringify({ ...thisProcess(), ...run, id, target })}\n`, { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      rmSync(`${path}.tmp`, { force: true });
      throw error;
    }
  };
  const unlessReader = (error: unknown): void => {
    if (run.kind === "backup" || run.kind === "move" || !NOT_FOR_US.has(codeOf(error))) throw error;
  };
  try {
    mkdirSync(join(store, "runs"), { recursive: true, mode: 0o700 });
    write(run.target);
  } catch (error) {
    unlessReader(error);
    return UNSEEN;
  }
  // Without a note the run stands all the same; only what a killed restore leaves is then told from a user's file by nobody.
  const note = (target: RunTarget): void => {
    try {
      write(target);
    } catch (error) {
      unlessReader(error);
    }
  };
  return { id, note, close: () => rmSync(path, { force: true }) };
}

/**
 * The runs that are open. Files of dead processes of this host are removed, unless they name a target: that one is told apart
 * by the next restore to it. `keepDead`: nothing is removed. @throws the system's error: unknown runs are not no runs
 */
export function openRuns(store: string, now: number): readonly StoreRun[] {
  const open: StoreRun[] = [];
  for (const { path, run } of runFiles(store)) {
    if (isOpen(run, now)) open.push(run);
    else if (run.target === undefined || now - run.at > FOREIGN_MS) rmSync(path, { force: true });
  }
  return open;
}

/** Targets of restores that died on this host; `forget` removes their records. */
export function deadTargets(store: string, now: number): readonly { readonly target: RunTarget; forget(): void }[] {
  return runFiles(store).flatMap(({ path, run }) =>
    run.target === undefined || isOpen(run, now)
      ? []
      : [{ target: run.target, forget: () => rmSync(path, { force: true }) }],
  );
}

function isOpen(run: StoreRun, now: number): boolean {
  return run.host === thisProcess().host ? isAlive(run) : now - run.at < FOREIGN_MS;
}

const pathOf = (store: string, id: string): string => join(store, "runs", `${id}.json`);

function runFiles(store: string): readonly { readonly path: string; readonly run: StoreRun }[] {
  const folder = join(store, "runs");
  const names = unlessAbsent(() => readdirSync(folder)) ?? [];
  return names.flatMap((name) => {
    const path = join(folder, name);
    // Half-written ones are not open yet: what they name is looked at after the file is there.
    if (!name.endsWith(".json")) return [];
    const text = unlessAbsent(() => readFileSync(path, "utf8"));
    return text === undefined ? [] : [{ path, run: parseRun(path, text) }];
  });
}

/** A file that is damaged says that there is a run, and nothing else. */
function parseRun(path: string, text: string): StoreRun {
  try {
    const run = JSON.parse(text) as StoreRun;
    const whole =
      [run.id, run.host, run.started, run.kind].every((field) => typeof field === "string") &&
      [run.pid, run.at].every(Number.isSafeInteger) &&
      Array.isArray(run.roots);
    if (whole) return run;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${path} is damaged: remove it when no process uses this store`);
}

function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
