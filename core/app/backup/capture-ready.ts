/** Waits until a capture can be read: at once for an image, after minutes or hours for a snapshot that is being copied. */
import { fault } from "../../domain/fault.ts";
import { CaptureRefused } from "../../ports/resource-provider.ts";
import { beat } from "../lifeline.ts";
import type { Services } from "../services.ts";
import { loadRun, RunClosed, type RunRef } from "./run.ts";

/** A snapshot of 64 TiB takes long, but not this long; and the workflow's history has an end. */
const LONGEST_WAIT_MS = 48 * 3600 * 1000;

/** @throws RunClosed; Fault 6215 when the capture never becomes readable */
export async function captureReady(
  s: Services,
  { attempt, ...ref }: RunRef & { readonly attempt: number },
): Promise<{ readonly ready: boolean }> {
  const { run } = await loadRun(s, ref);
  if (run.capture === undefined || run.attempt !== attempt)
    throw new RunClosed(`attempt ${attempt} of backup ${ref.backupId} was given up`);
  if (s.now() - run.openedAt > LONGEST_WAIT_MS) fault("6215", "the snapshot was not complete after 48 hours");
  const ready = await s.resources.ready(run.capture).catch((error: unknown) => {
    if (error instanceof CaptureRefused) return fault("6215", error.message, { cause: error });
    throw error;
  });
  await beat(s, async () => (await loadRun(s, ref)).run);
  return { ready };
}
