/** Runs that should have started and have not: people are told, once each, and the ledger shows them as late. */
import { isTold } from "../../domain/schedule.ts";
import { sortableTime } from "../../domain/values.ts";
import type { Item } from "../../ports/record-store.ts";
import { inBatches } from "../in-batches.ts";
import { DUE_SHARDS, dueKey } from "../records/keys.ts";
import { loadLink } from "../records/policies.ts";
import { parseItem } from "../records/record.ts";
import { isPoint, PointDue, type ScheduledRun, scheduledRunKey, scheduledRuns } from "../records/scheduled-runs.ts";
import { load, replace } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tell } from "../tell.ts";
import { unstartedNotice } from "./run-notices.ts";

const TOLD_AT_ONCE = 64;
/** Of each shard: whoever is told of 3,200 runs knows enough. */
const ROWS_A_SHARD = 200;

/**
 * Of a point that could not be fired just now. What was told is written down first, so two ticks tell it once; a crash between the
 * two costs the notice, and the row is late all the same. When even this fails, the log says so, and the next look tries again.
 * @param item the point's due work, which may not be readable
 */
export async function tellUnstarted(s: Services, item: Item): Promise<void> {
  try {
    const due = parseItem(PointDue, item);
    const run = await withFreshState(() => note(s, due));
    if (run !== undefined) await tell(s, unstartedNotice(run));
  } catch (error) {
    s.log({ level: "error", text: "nobody was told of a late run", item: item.sk, error: String(error) });
  }
}

/** Loses to whoever starts the run or takes its promise back, and then finds nothing to tell. */
async function note(s: Services, { policyId, vaultId, nominal }: PointDue): Promise<ScheduledRun | undefined> {
  const link = await loadLink(s.records, policyId, vaultId);
  if (link?.next !== nominal) return undefined;
  const run = await load(s.records, scheduledRuns, scheduledRunKey({ ...link, nominal }));
  const now = s.now();
  if (run?.state !== "expected" || run.toldAt !== undefined || !isTold(run.plannedAt, now)) return undefined;
  await s.records.write(replace(scheduledRuns, { ...run, toldAt: now }));
  return run;
}

/** Of points that a tick did not get to: its minute was over before. */
export async function tellUnreached(s: Services): Promise<void> {
  const to = sortableTime(s.now());
  for (let shard = 0; shard < DUE_SHARDS; shard++) {
    const { pk } = dueKey(shard, 0, "", "");
    const page = await s.records.query({ pk, sk: { to }, limit: ROWS_A_SHARD, consistent: true });
    await inBatches(page.items.filter(isPoint), TOLD_AT_ONCE, (item) => tellUnstarted(s, item));
  }
}
