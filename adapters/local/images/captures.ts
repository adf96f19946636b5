/** How a capture is kept, so that an attempt that is repeated after a crash finds what it took. */
import { z } from "zod";
import { ConditionFailed, type Item, type Key, type RecordStore } from "../../../core/ports/record-store.ts";
import type { Capture } from "../../../core/ports/resource-provider.ts";
import { IMAGE_PROVIDER } from "./references.ts";

/** Longer than any run lasts; a capture that nobody released is forgotten then. */
const KEPT_SECONDS = 30 * 24 * 3600;

const stampSchema = z.object({
  path: z.string(),
  dev: z.string(),
  ino: z.string(),
  size: z.number(),
  mtimeNs: z.string(),
  ctimeNs: z.string(),
});
const snapshotSchema = z.object({
  provider: z.literal(IMAGE_PROVIDER),
  diskId: z.string(),
  snapshotId: z.string(),
  size: z.number(),
  detail: stampSchema.extend({ runId: z.string(), attempt: z.number() }),
});
const captureSchema = z.object({
  promise: z.literal("quiescent"),
  instant: z.number(),
  disks: z.array(snapshotSchema).readonly(),
});
export interface Run {
  readonly runId: string;
  readonly attempt: number;
}

const keyOf = ({ runId, attempt }: Run): Key => ({ pk: `CAP#${runId}`, sk: `${attempt}`.padStart(6, "0") });

/** What this attempt has captured already. */
export async function readCapture(records: RecordStore, run: Run): Promise<Capture | undefined> {
  const item = await records.get(keyOf(run), { consistent: true });
  return item && captureSchema.parse(item.body);
}

/** Keeps a capture; of two callers with one attempt both get the one that was kept first. `now`: epoch milliseconds. */
export async function keepCapture(records: RecordStore, run: Run, capture: Capture, now: number): Promise<Capture> {
  const disks = capture.disks.map((disk) => ({ ...disk, detail: { ...disk.detail } }));
  const item: Item = {
    ...keyOf(run),
    v: 1,
    ttl: Math.ceil(now / 1000) + KEPT_SECONDS,
    body: { promise: capture.promise, instant: capture.instant, disks },
  };
  try {
    await records.write({ op: "put", item, if: "absent" });
    return capture;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const kept = error.current ? captureSchema.parse(error.current.body) : await readCapture(records, run);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Forgets a capture. Any version may go: nothing changes a capture, and a second call finds nothing. */
export async function forgetCapture(records: RecordStore, capture: Capture): Promise<void> {
  const detail = capture.disks[0] && snapshotSchema.parse(capture.disks[0]).detail;
  if (detail !== undefined) await records.write({ op: "delete", key: keyOf(detail), if: "any" });
}
