/** How does a command wait for work of the service? It looks again and again; the work does not depend on it. */
import { setTimeout as pause } from "node:timers/promises";
import cliProgress from "cli-progress";
import { ApiError, CommandFailed, exitCodes, ServiceUnreachable } from "./failure.ts";

/** First and longest pause between two looks, in ms: short work is noticed at once, long work costs little. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** A service that restarts is back within seconds; after this long without an answer, waiting ends. */
const PATIENCE_MS = 60_000;

/** What a look found out. */
export type Look<T> =
  | { readonly done: true; readonly result: T }
  /** 0 to 100; undefined when the service does not say. */
  | { readonly done: false; readonly percent: number | undefined };

export interface Waiting {
  /** What is being done, in a word or two. */
  readonly label: string;
  /** The command that shows this work later: printed when the user does not want to wait any longer. */
  readonly lookLater: string;
}

/**
 * Looks until the work is done. The bar is drawn on a terminal only. Ctrl-C ends the command, not the work.
 * @throws whatever `look` throws, except for a service that is away for less than a minute
 */
export async function waitUntil<T>({ label, lookLater }: Waiting, look: () => Promise<Look<T>>): Promise<T> {
  const bar = new cliProgress.SingleBar(
    { format: `${label} [{bar}] {percentage} % | {duration_formatted}`, hideCursor: true, stream: process.stderr },
    cliProgress.Presets.legacy,
  );
  const interrupted = (): void => {
    bar.stop();
    process.stderr.write(`The work goes on in the service. Look at it with: ${lookLater}\n`);
    process.exit(exitCodes.failed);
  };
  process.once("SIGINT", interrupted);
  bar.start(100, 0);
  try {
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
      const found = await patiently(look);
      if (found.done) {
        bar.update(100);
        return found.result;
      }
      bar.update(Math.floor(found.percent ?? 0));
      await pause(wait);
    }
  } finally {
    bar.stop();
    process.removeListener("SIGINT", interrupted);
  }
}

/** One look that survives a restart of the service. */
async function patiently<T>(look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      const away = error instanceof ServiceUnreachable || (error instanceof ApiError && error.status >= 500);
      if (!away || Date.now() > deadline) throw error;
      await pause(LONGEST_PAUSE_MS);
    }
  }
}

/** Looks until `get` answers 404. `failed` says what is wrong when the thing will never go. */
export async function waitUntilGone<T>(
  waiting: Waiting,
  get: () => Promise<T>,
  failed: (found: T) => string | undefined,
): Promise<void> {
  await waitUntil<true>(waiting, async () => {
    try {
      const reason = failed(await get());
      if (reason !== undefined) throw new CommandFailed(reason);
      return { done: false, percent: undefined };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return { done: true, result: true };
      throw error;
    }
  });
}
