/** After the last read: was what was read the state that was captured? */
import { SourceChanged } from "../../ports/blocks.ts";
import type { Services } from "../services.ts";
import { loadRun, RunClosed, type RunRef } from "./run.ts";

/** A source that changes while it is read is tried twice more; then the backup ends in an error, never in a torn image. */
const MAX_ATTEMPTS = 3;

/**
 * @returns `unchanged`, or that another attempt with a new capture is due
 * @throws SourceChanged when no attempt is left; RunClosed
 */
export async function confirmSource(
  s: Services,
  { attempt, ...ref }: RunRef & { readonly attempt: number },
): Promise<{ readonly unchanged: boolean; readonly number: number }> {
  const { run } = await loadRun(s, ref);
  if (run.capture === undefined || run.attempt !== attempt)
    throw new RunClosed(`attempt ${attempt} of backup ${ref.backupId} was given up`);
  const verdict = await s.resources.confirm(run.capture);
  if (verdict.unchanged) return { unchanged: true, number: attempt };
  s.log({
    level: "warn",
    text: "source changed while it was read",
    backupId: ref.backupId,
    attempt,
    reason: verdict.reason,
  });
  return retryOrGiveUp(attempt, verdict.reason);
}

/** Another attempt, or the end. @throws SourceChanged when this was the last one */
function retryOrGiveUp(attempt: number, reason: string): { readonly unchanged: false; readonly number: number } {
  if (attempt + 1 >= MAX_ATTEMPTS)
    throw new SourceChanged(`the source changed during each of ${MAX_ATTEMPTS} attempts; last: ${reason}`);
  return { unchanged: false, number: attempt + 1 };
}
