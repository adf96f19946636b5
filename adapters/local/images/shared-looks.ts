/** How do many who ask at once share one look at all processes of the machine? */
import { setImmediate } from "node:timers/promises";
import type { FileIdentity, Openers, Processes } from "./openers.ts";

/** Turns of the event loop that a look waits at most: on a busy service somebody asks in every one. */
const MOST_TURNS = 32;

interface Waiting {
  readonly files: readonly FileIdentity[];
  readonly resolve: (openers: Openers) => void;
  readonly reject: (error: unknown) => void;
}

const nameOf = ({ dev, ino, path }: FileIdentity): string => `${dev}:${ino}:${path}`;

/**
 * The same view; a look costs up to half a second of processor on a busy machine, however many files it is about. Who asks while one
 * is under way waits for the next, so that every answer comes from a look that began after it was asked for: what an answer
 * promises does not change. A thousand runs that start together cost some looks, not a thousand.
 */
export function sharedLooks(processes: Processes): Processes {
  let waiting: Waiting[] = [];
  let looking = false;

  /** Runs that start together stat their images first, some at a time: as long as each turn brings more who ask, up to a bound. */
  async function allHaveCome(): Promise<void> {
    let known = 0;
    for (let turns = 0; turns < MOST_TURNS && waiting.length > known; turns++) {
      known = waiting.length;
      await setImmediate();
    }
  }

  async function look(): Promise<void> {
    looking = true;
    while (waiting.length > 0) {
      await allHaveCome();
      const asked = waiting;
      waiting = [];
      try {
        const files = new Map(asked.flatMap((one) => one.files.map((file) => [nameOf(file), file])));
        const { byFile, gap } = await processes.openersOf([...files.values()]);
        const found = new Map([...files.keys()].map((name, i) => [name, byFile[i] ?? []]));
        for (const one of asked) one.resolve({ byFile: one.files.map((file) => found.get(nameOf(file)) ?? []), gap });
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    looking = false;
  }

  return {
    openersOf: (files) =>
      new Promise((resolve, reject) => {
        waiting.push({ files, resolve, reject });
        if (!looking) void look();
      }),
  };
}
