/** What is stored of runs that should happen: the ledger, and the due work that makes them happen. */
import { z } from "zod";
import { POLICY_TYPES } from "../../domain/policy.ts";
import { SCHEDULED_STATES } from "../../domain/statuses.ts";
import { type Instant, sortableTime } from "../../domain/values.ts";
import type { Key } from "../../ports/record-store.ts";
import { shardOf } from "../time/due.ts";
import { dueKey } from "./keys.ts";
import type { Placement } from "./record.ts";

const id = z.string().min(1).max(64);
const instant = z.number().int();

/** One point of a policy in one vault, and what became of it. There is exactly one for each point that has passed. */
export const ScheduledRun = z.object({
  schema: z.literal(1),
  projectId: id,
  vaultId: id,
  vaultName: z.string(),
  policyId: id,
  policyName: z.string(),
  operationType: z.enum(POLICY_TYPES),
  /** The point of the policy. */
  nominal: instant,
  /** When it starts: the point, and the vault's share of the spread. */
  plannedAt: instant,
  /** When people were told that it has not started; until it has. */
  toldAt: instant.optional(),
  state: z.enum(SCHEDULED_STATES),
  /** Why it was missed, skipped or failed, or what it left out. */
  reason: z.string().optional(),
  /** Four digits of the refusal's code. */
  code: z.string().optional(),
  checkpointId: id.optional(),
  startedAt: instant.optional(),
  endedAt: instant.optional(),
  /** Of a run that has ended. */
  counts: z.object({ available: z.number(), failed: z.number(), skipped: z.number() }).optional(),
});
export type ScheduledRun = z.infer<typeof ScheduledRun>;

type Place = Pick<ScheduledRun, "vaultId" | "operationType" | "policyId" | "nominal">;

/** A partition of its own: whoever looks at a vault reads the whole of the vault's, and this one grows with time. */
export const scheduledRunKey = ({ vaultId, operationType, policyId, nominal }: Place): Key => ({
  pk: `L#${vaultId}`,
  sk: `${sortableTime(nominal)}#${operationType}#${policyId}`,
});
export const runsOfProject = (projectId: string, nominal: Instant, of: string): Key => ({
  pk: `P#${projectId}#L`,
  sk: `${sortableTime(nominal)}#${of}`,
});
export const runsOfPolicy = (policyId: string, nominal: Instant, vaultId: string): Key => ({
  pk: `POL#${policyId}#L`,
  sk: `${sortableTime(nominal)}#${vaultId}`,
});

/** A year's worth of evidence and some. */
const KEPT_SECONDS = 400 * 24 * 3600;

/** Where a run stands in the table. */
export const scheduledRuns = {
  schema: ScheduledRun,
  place: (run: ScheduledRun): Placement => ({
    key: scheduledRunKey(run),
    g1: runsOfProject(run.projectId, run.nominal, `${run.vaultId}#${run.operationType}#${run.policyId}`),
    g2: runsOfPolicy(run.policyId, run.nominal, run.vaultId),
    ...(run.state !== "expected" && { ttl: Math.floor(run.nominal / 1000) + KEPT_SECONDS }),
  }),
};

/** Due work: the next point of a policy in a vault. It counts while the link says the same. */
export const PointDue = z.object({ schema: z.literal(1), policyId: id, vaultId: id, nominal: instant });
export type PointDue = z.infer<typeof PointDue>;
export const pointDueKey = ({ policyId, vaultId }: Pick<PointDue, "policyId" | "vaultId">, plannedAt: Instant): Key =>
  dueKey(shardOf(vaultId), plannedAt, "point", `${vaultId}#${policyId}`);

/** What kind of due work a row is: `<time>#<kind>#<key>`. */
export const kindOf = ({ sk }: Key): string | undefined => sk.split("#", 2)[1];
/** Whether it is the point of a policy. */
export const isPoint = (key: Key): boolean => kindOf(key) === "point";

/** Due work: points between two instants, both excluded, that nobody ran and that have no rows yet. */
export const GapDue = z.object({
  schema: z.literal(1),
  projectId: id,
  vaultId: id,
  vaultName: z.string(),
  policyId: id,
  policyName: z.string(),
  operationType: z.enum(POLICY_TYPES),
  /** The policy's as they were then: it may say something else by now, or be gone. */
  patterns: z.array(z.string()),
  anchor: instant,
  after: instant,
  before: instant,
  reason: z.string(),
});
export type GapDue = z.infer<typeof GapDue>;
export const gapDueKey = (gap: GapDue): Key =>
  dueKey(shardOf(gap.vaultId), gap.before, "gap", `${gap.vaultId}#${gap.policyId}`);

/** Due work: a policy was changed or deleted, and its vaults may not know yet. */
export const PolicyDue = z.object({
  schema: z.literal(1),
  projectId: id,
  operationType: z.enum(POLICY_TYPES),
  policyId: id,
  /** The change: its due work is done once every vault knows of this one or a later one. */
  since: instant,
});
export type PolicyDue = z.infer<typeof PolicyDue>;
export const policyDueKey = ({ policyId, since }: PolicyDue): Key =>
  dueKey(shardOf(policyId), since, "policy", policyId);
