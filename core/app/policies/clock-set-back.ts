/** The clock was years ahead and is right again: what was promised for then comes back to where it belongs. */
import { type Instant, sortableTime, wireTime } from "../../domain/values.ts";
import { inBatches } from "../in-batches.ts";
import { CLOCK_KEY, DUE_SHARDS, dueKey, vaultKey } from "../records/keys.ts";
import { loadLink, loadPolicy, policyLinks } from "../records/policies.ts";
import { parseItem } from "../records/record.ts";
import { isPoint, PointDue } from "../records/scheduled-runs.ts";
import { load, replace, vaults } from "../records/tables.ts";
import { clocks } from "../records/trash.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tell } from "../tell.ts";
import { bringForward } from "../time/bring-forward.ts";
import { pointAfter } from "./bindings.ts";
import { aboutRun, promise, takeBack } from "./points.ts";

/** Clocks are corrected by seconds all the time, and by an hour by people who know nothing of zones. */
const SET_BACK_MS = 2 * 3600 * 1000;
const LINKS_AT_ONCE = 32;

/**
 * When the last tick was more than two hours ahead of now, every vault is promised its next point anew, and all other work is looked
 * at: otherwise a clock that was set right would leave them without backups for as long as it had been wrong. Called before this tick is noted
 * (core/app/time/clock.ts): one that dies in here is followed by one that does it again.
 */
export async function mendPoints(s: Services): Promise<void> {
  const now = s.now();
  const last = (await load(s.records, clocks, CLOCK_KEY))?.last;
  if (last !== undefined && last - now > SET_BACK_MS) {
    const message = `the clock was set back from ${wireTime(last)} to ${wireTime(now)}: policies go on from now`;
    for (const projectId of await promiseAnew(s, now))
      await tell(s, { severity: "critical", topic: "policies.clock", projectId, message, facts: {} });
  }
}

/**
 * Everything promised is due work with its time in its key, so what lies ahead is found without a scan.
 * @returns the projects whose vaults were promised another point
 */
async function promiseAnew(s: Services, now: Instant): Promise<ReadonlySet<string>> {
  const projects = new Set<string>();
  for (let shard = 0; shard < DUE_SHARDS; shard++) {
    const { pk } = dueKey(shard, 0, "", "");
    let cursor: string | undefined;
    do {
      const page = await s.records.query({
        pk,
        sk: { from: sortableTime(now) },
        limit: 500,
        consistent: true,
        ...(cursor !== undefined && { cursor }),
      });
      const points = page.items.filter(isPoint);
      const moved = await inBatches(points, LINKS_AT_ONCE, (item) => bringBack(s, parseItem(PointDue, item), now));
      for (const projectId of moved) if (projectId !== undefined) projects.add(projectId);
      await inBatches(page.items, LINKS_AT_ONCE, (item) => bringForward(s, item, now));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return projects;
}

/** Loses to whoever changes the link meanwhile, and looks again. @returns the project, when there was something to do */
const bringBack = (s: Services, due: PointDue, now: Instant): Promise<string | undefined> =>
  withFreshState(async () => {
    const link = await loadLink(s.records, due.policyId, due.vaultId);
    if (link?.next === undefined || link.next !== due.nominal) return undefined;
    const policy = await loadPolicy(s.records, link.projectId, link.operationType, link.policyId);
    const vault = await load(s.records, vaults, vaultKey(link.vaultId));
    if (policy === undefined || vault === undefined) return undefined;
    // Changes that were made while the clock was wrong lie ahead as well.
    const next = pointAfter(policy, now);
    if (next === undefined || next >= link.next) return undefined;
    await s.records.transact([
      replace(policyLinks, { ...link, accounted: now, next }),
      ...(await takeBack(s, link, undefined, now, "the clock was set back")),
      ...(await promise(s, aboutRun(policy, vault), next)),
    ]);
    return policy.projectId;
  });
