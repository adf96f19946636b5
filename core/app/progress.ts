/** A task's progress in bytes, written at most once a second from whatever pace the work reports. */
import { taskProgressKey } from "./records/keys.ts";
import type { Services } from "./services.ts";

const EVERY_MS = 1000;

export interface ProgressWriter {
  /** More bytes of disk have been worked through. */
  readonly add: (bytes: number) => void;
  /** Resolves when everything added so far is written or given up. */
  readonly flush: () => Promise<void>;
}

/**
 * Progress is a hint: a write that fails is logged and its bytes go with the next one, and units done twice count twice
 * (readers cap at 99 until the task has ended).
 */
export function progressWriter(s: Services, taskId: string): ProgressWriter {
  let pending = 0;
  let lastAt = s.now();
  let writing: Promise<void> = Promise.resolve();
  let busy = false;

  const write = (): void => {
    if (pending === 0 || busy) return;
    const bytes = pending;
    pending = 0;
    busy = true;
    lastAt = s.now();
    writing = s.records
      .write({ op: "add", key: taskProgressKey(taskId), counters: { bytes }, if: "any" })
      .catch((error: unknown) => {
        pending += bytes;
        s.log({ level: "warn", text: "progress not written", taskId, error: String(error) });
      })
      .finally(() => {
        busy = false;
      });
  };

  return {
    add(bytes) {
      pending += bytes;
      if (s.now() - lastAt >= EVERY_MS) write();
    },
    async flush() {
      await writing;
      write();
      await writing;
    },
  };
}
