/** Shows that a run lives while one of its units works, and stops the unit once the run is closed. */
import { ConditionFailed } from "../ports/record-store.ts";
import { RunClosed } from "./backup/run.ts";
import { progressWriter } from "./progress.ts";
import type { Versioned } from "./records/record.ts";
import type { OpenRun } from "./records/runs.ts";
import { replace, runs } from "./records/tables.ts";
import type { Services } from "./services.ts";

/** A unit looks after its run this often: far more often than the tick's lease, rarely enough to cost nothing. */
const BEAT_EVERY_MS = 20_000;

/**
 * Does one unit of a run. Its progress is counted, its run's heart beats, and when the run was closed meanwhile (declared
 * dead, CCY-04) the unit is stopped: a zombie must not go on writing into a disk that the next restore works on.
 * @param open loads the run as it is now; throws RunClosed when it is closed
 * @throws RunClosed; what `work` throws
 */
export async function whileOpen<T>(
  s: Services,
  taskId: string,
  open: () => Promise<Versioned<OpenRun>>,
  work: (hooks: { readonly onProgress: (bytes: number) => void; readonly signal: AbortSignal }) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const progress = progressWriter(s, taskId);
  const closing = new AbortController();
  let lastBeat = s.now();
  let beating: Promise<void> | undefined;
  let closed: RunClosed | undefined;

  const look = (): void => {
    lastBeat = s.now();
    beating ??= beat(s, open)
      .catch((error: unknown) => {
        if (error instanceof RunClosed) {
          closed = error;
          closing.abort(error);
        } else s.log({ level: "warn", text: "sign of life not written", taskId, error: String(error) });
      })
      .finally(() => {
        beating = undefined;
      });
  };

  try {
    const result = await work({
      onProgress(bytes) {
        progress.add(bytes);
        if (Math.abs(s.now() - lastBeat) >= BEAT_EVERY_MS) look();
      },
      signal: signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]),
    });
    await progress.flush();
    return result;
  } catch (error) {
    throw closed ?? error;
  } finally {
    await beating;
  }
}

/** Loses to any other change of the run: that one showed that it lives. @throws RunClosed */
export async function beat(s: Services, open: () => Promise<Versioned<OpenRun>>): Promise<void> {
  const run = await open();
  await s.records.write(replace(runs, { ...run, heartbeat: s.now() })).catch((error: unknown) => {
    if (!(error instanceof ConditionFailed)) throw error;
  });
}
