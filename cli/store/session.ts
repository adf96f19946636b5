/** One command on a store: how it is opened, watched, stopped and ended. */
import { availableParallelism } from "node:os";
import type { WorkerDataPlane } from "../../local/data-plane/pool.ts";
import { type OpenStore, openStore } from "../../local/store/open.ts";
import type { Watch } from "../../local/store/watch.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import type { StoreCall } from "./call.ts";
import { createProgress, type Progress } from "./progress.ts";

/** More threads than this pay off on no disk that was measured, and each takes some 60 MiB. */
const DEFAULT_WORKERS = 2;
/** Work that does not stop within this time after Ctrl-C is left to its end by the process, ms. */
const STOP_MS = 900;
/** A terminal sends Ctrl-C to a wrapper too, which hands it on: so soon after the first one it is the same. */
const SAME_MS = 150;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface Session {
  readonly store: OpenStore;
  readonly plane: WorkerDataPlane;
  readonly watch: Watch;
}

export const text = ({ options }: StoreCall, name: string): string | undefined => {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
};
export const number = ({ options }: StoreCall, name: string): number | undefined => {
  const value = options[name];
  return typeof value === "number" ? value : undefined;
};
export const flag = ({ options }: StoreCall, name: string): boolean => options[name] === true;

/** The folder of the store. @throws UsageError */
export function storeDir(call: StoreCall): string {
  const dir = text(call, "store") ?? process.env.HOLDFAST_STORE ?? "";
  if (dir === "") throw new UsageError("which store? Name its folder with --store DIR, or set HOLDFAST_STORE");
  return dir;
}

/** The result, once per command: the value as JSON with --json, else the text for people. */
export function print(call: StoreCall, value: unknown, words: string): void {
  process.stdout.write(`${flag(call, "json") ? JSON.stringify(value) : words}\n`);
}

export const remark = (words: string): void => void process.stderr.write(`holdfast: ${words}\n`);

/** Ended by a signal: nothing is wrong, and nothing was finished. */
class Stopped extends CommandFailed {
  override readonly exitCode: number;
  constructor(signal: keyof typeof SIGNALS) {
    super(signal === "SIGINT" ? "interrupted" : `stopped (${signal})`);
    this.exitCode = SIGNALS[signal];
  }
}

export interface SessionOptions {
  /** Starts threads at once, while the store is being opened. */
  readonly threads: boolean;
  /** Progress is shown. */
  readonly progress?: boolean;
  /** It makes room on the disk, and may use what backups keep in reserve for it. */
  readonly frees?: boolean;
}

/**
 * Runs `work` on the store of the command line, and ends what was begun, however it ends. On Ctrl-C or SIGTERM the work is stopped
 * and cleans up; a second one ends the process at once.
 */
export async function onStore(
  call: StoreCall,
  options: SessionOptions,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const dir = storeDir(call);
  const { storeClock } = await import("../../local/store/clock.ts");
  const terminal = process.stderr.isTTY === true;
  const mode = options.progress !== true ? "none" : flag(call, "json") ? "json" : terminal ? "terminal" : "none";
  const progress = createProgress(mode);
  const stop = onSignals(progress);
  const keyFile = text(call, "key-file");
  const frees = options.frees === true;
  let plane: WorkerDataPlane | undefined;
  let finished = false;
  try {
    const { io, createPlane } = await import("./plane.ts");
    const opening = openStore({
      dir,
      keyFile,
      recoveryCode: text(call, "recovery-code"),
      domain: text(call, "domain"),
      env: process.env,
      now: storeClock(process.env),
      ...(frees && { reserveBytes: 0 }),
      ...(process.stdin.isTTY === true && terminal && { ask: () => askCode(stop.signal) }),
    });
    opening.catch(() => undefined);
    plane = createPlane(io(dir, frees), workersOf(call), options.threads);
    const store = await opening;
    const watch: Watch = {
      onProgress: progress.add,
      onTotal: progress.total,
      onRemark: (words) => (mode === "none" ? remark(words) : progress.say(words)),
      signal: stop.signal,
    };
    await work({ store, plane, watch });
    finished = true;
  } catch (error) {
    throw stop.signal.aborted ? (stop.signal.reason as Error) : error;
  } finally {
    progress.end(finished);
    await plane?.close();
    stop.done();
  }
}

function workersOf(call: StoreCall): number {
  return number(call, "workers") ?? Math.min(DEFAULT_WORKERS, availableParallelism());
}

async function askCode(signal: AbortSignal): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // At a prompt Ctrl-C is a character.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const closed = new Promise<never>((_, reject) => {
    terminal.once("close", () => reject(new CommandFailed("no recovery code was given")));
  });
  try {
    const question = terminal.question("There is no key for this store here. Recovery code: ", { signal });
    return await Promise.race([question, closed]);
  } finally {
    closed.catch(() => undefined);
    terminal.close();
  }
}

function onSignals(progress: Progress): { readonly signal: AbortSignal; done(): void } {
  const controller = new AbortController();
  let first = 0;
  let hard: NodeJS.Timeout | undefined;
  const handlers = Object.keys(SIGNALS).map((name) => {
    const signal = name as keyof typeof SIGNALS;
    const handler = (): void => {
      const now = performance.now();
      const end = (): never => {
        progress.end(false);
        process.exit(SIGNALS[signal]);
      };
      if (controller.signal.aborted) {
        if (now - first > SAME_MS) process.exit(SIGNALS[signal]);
        return;
      }
      first = now;
      hard = setTimeout(end, STOP_MS);
      hard.unref();
      controller.abort(new Stopped(signal));
    };
    process.on(signal, handler);
    return () => process.removeListener(signal, handler);
  });
  return {
    signal: controller.signal,
    done() {
      clearTimeout(hard);
      for (const remove of handlers) remove();
    },
  };
}
