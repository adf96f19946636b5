/** Work that a clock which was ahead put off by as much comes back to where it belongs, once the clock is right (clock-set-back.ts). */
import { type Instant, sortableTime } from "../../domain/values.ts";
import { type Item, TransactionRefused, type Write } from "../../ports/record-store.ts";
import { Due } from "../records/entities.ts";
import { backupKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { kindOf } from "../records/scheduled-runs.ts";
import { backups, load } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { firstMetering } from "./metering.ts";

/** What a tick looks at by itself; points and gaps belong to their policies. */
const KINDS = ["run", "migrate", "collect", "expiry", "retention", "purge", "meter"];

/**
 * Looking early is harmless for all of it: it promises its next look by the clock that is right. Otherwise a run that nobody started,
 * or a resource that is on its way to another vault, would wait for as long as the clock had been wrong. Loses to whoever did it.
 */
export async function bringForward(s: RecordServices, item: Item, now: Instant): Promise<void> {
  if (!KINDS.includes(kindOf(item) ?? "")) return;
  const moved = await movedTo(s, item, now);
  if (moved.item.sk >= item.sk) return;
  try {
    await s.records.transact([{ op: "delete", key: { pk: item.pk, sk: item.sk }, if: "present" }, moved]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

async function movedTo(s: RecordServices, item: Item, now: Instant): Promise<Extract<Write, { op: "put" }>> {
  const { workflow, name } = parseItem(Due, item);
  if (workflow === "meter") return firstMetering(name, now);
  // The date of a backup is its own; what comes back is the look at one that was kept beyond it.
  const date = workflow === "expiry" ? (await load(s.records, backups, backupKey(name)))?.expiredAt : undefined;
  const sk = sortableTime(Math.max(now, date ?? now)) + item.sk.slice(item.sk.indexOf("#"));
  return { op: "put", item: { ...item, sk }, if: "absent" };
}
