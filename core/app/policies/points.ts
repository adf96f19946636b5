/** Which writes promise a vault's next point, and which take the promise back. The link's version decides who may. */
import { nextPoint, scheduleOf, startDelay } from "../../domain/schedule.ts";
import type { Instant } from "../../domain/values.ts";
import type { Key, Write } from "../../ports/record-store.ts";
import type { Vault } from "../records/entities.ts";
import type { Policy, PolicyLink } from "../records/policies.ts";
import { toItem } from "../records/record.ts";
import {
  type GapDue,
  gapDueKey,
  type PointDue,
  pointDueKey,
  type ScheduledRun,
  scheduledRunKey,
  scheduledRuns,
} from "../records/scheduled-runs.ts";
import { insert, load, remove, replace } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";

/** What a policy says, or said, about time. */
interface Said {
  readonly texts: readonly string[];
  readonly anchor: Instant;
}

export const saysNow = ({ trigger }: Policy): Said => ({ texts: trigger.patterns, anchor: trigger.startTime });

type About = Pick<ScheduledRun, "projectId" | "vaultId" | "vaultName" | "policyId" | "policyName" | "operationType">;

export const aboutRun = (
  policy: Pick<Policy, "projectId" | "id" | "name" | "operationType">,
  vault: Pick<Vault, "id" | "name">,
): About => ({
  projectId: policy.projectId,
  vaultId: vault.id,
  vaultName: vault.name,
  policyId: policy.id,
  policyName: policy.name,
  operationType: policy.operationType,
});

/** The run of a point, with its state. */
export const runAt = (
  about: About,
  nominal: Instant,
  is: Pick<ScheduledRun, "state"> & Partial<ScheduledRun>,
): ScheduledRun => ({ schema: 1, ...about, nominal, plannedAt: nominal + startDelay(about.vaultId), ...is });

/** Due work may be put and deleted by anybody any number of times: it counts while the link says the same. */
const putDue = (key: Key, due: PointDue | GapDue): Write => ({ op: "put", item: toItem({ key }, due, 0), if: "any" });
export const dropPoint = (
  { policyId, vaultId }: Pick<PolicyLink, "policyId" | "vaultId">,
  nominal: Instant,
): Write => ({
  op: "delete",
  key: pointDueKey({ policyId, vaultId }, nominal + startDelay(vaultId)),
  if: "any",
});

/**
 * Stores a run over the one that stands there. Normally none does; after a clock that was years ahead has been set right,
 * the rows of points that had not come yet do. Loses to whoever changes the row meanwhile.
 */
export async function writeRun(s: RecordServices, run: ScheduledRun): Promise<Write> {
  const standing = await load(s.records, scheduledRuns, scheduledRunKey(run));
  return standing === undefined ? insert(scheduledRuns, run) : replace(scheduledRuns, { ...run, v: standing.v });
}

/** Promises this point: its run is expected, and due. */
export async function promise(s: RecordServices, about: About, nominal: Instant): Promise<readonly Write[]> {
  const run = runAt(about, nominal, { state: "expected" });
  const due: PointDue = { schema: 1, policyId: about.policyId, vaultId: about.vaultId, nominal };
  return [await writeRun(s, run), putDue(pointDueKey(due, run.plannedAt), due)];
}

/** Accounts for the points after one instant and before another, if there are any; the tick writes their rows. */
export function leaveGap(about: About, { texts, anchor }: Said, gap: GapOf): readonly Write[] {
  if (nextPoint(scheduleOf(texts, anchor), gap.after) >= gap.before) return [];
  const due: GapDue = { schema: 1, ...about, patterns: [...texts], anchor, ...gap };
  return [putDue(gapDueKey(due), due)];
}
type GapOf = Pick<GapDue, "after" | "before" | "reason">;

/**
 * Takes the promised point back, because from `until` on the policy says something else or nothing. A point that is still
 * ahead is expected no more; one that had passed without a run is skipped, and those after it are accounted for as well.
 * @param patterns what the policy said until then; undefined when nobody knows any more
 */
export async function takeBack(
  s: RecordServices,
  link: PolicyLink,
  patterns: Said | undefined,
  until: Instant,
  reason: string,
): Promise<readonly Write[]> {
  if (link.next === undefined) return [];
  const writes: Write[] = [dropPoint(link, link.next)];
  const run = await load(s.records, scheduledRuns, scheduledRunKey({ ...link, nominal: link.next }));
  if (run?.state !== "expected") return writes;
  if (link.next > until) return [...writes, remove(scheduledRuns, run)];
  writes.push(replace(scheduledRuns, { ...run, state: "skipped", reason, endedAt: s.now() }));
  if (patterns === undefined) return writes;
  const { projectId, vaultId, vaultName, policyId, policyName, operationType } = run;
  const about = { projectId, vaultId, vaultName, policyId, policyName, operationType };
  return [...writes, ...leaveGap(about, patterns, { after: link.next, before: until + 1, reason })];
}

/** Is the vault's promise the one that the policy makes now? */
export const knows = (link: PolicyLink, policy: Policy): boolean => link.since === policy.trigger.since;

/** The patterns that chose the link's next point. */
export function saidFor(link: PolicyLink, policy: Policy | undefined): Said | undefined {
  const texts = policy && (knows(link, policy) ? policy.trigger.patterns : policy.trigger.before);
  return texts && { texts, anchor: policy.trigger.startTime };
}
