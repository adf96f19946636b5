/** A point has come: its run is started or skipped, points that nobody saw are missed, and the next one is promised. */
import { Fault } from "../../domain/fault.ts";
import { numberSet } from "../../domain/policy.ts";
import { startDelay } from "../../domain/schedule.ts";
import type { Instant } from "../../domain/values.ts";
import type { Notice } from "../../ports/notifier.ts";
import { TransactionRefused, type Write } from "../../ports/record-store.ts";
import { asVault, byItself } from "../audit/by-itself.ts";
import { type TraceAbout, traceWrite } from "../audit/record-trace.ts";
import { recordCheckpoint } from "../backup/create-checkpoint.ts";
import type { Task, Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { linkKey, loadLink, type PolicyLink } from "../records/policies.ts";
import type { Versioned } from "../records/record.ts";
import type { PointDue } from "../records/scheduled-runs.ts";
import { insert, load, tasks, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { loadBindings } from "../vaults/load-vault.ts";
import { associateDue, type LeftOut } from "./associate-due.ts";
import { settleLink } from "./bindings.ts";
import { type Claim, claimPoint, NoLongerDue } from "./claim-point.ts";
import { dropPoint } from "./points.ts";
import { overdue, skippedNotice } from "./run-notices.ts";

/** What firing a point came to, and what people are told of it now that it is recorded. */
export interface Fired {
  readonly outcome: "started" | "running" | "ended";
  readonly notices: readonly Notice[];
  /** The run that the caller is to start: first all that is due is recorded, then all of it begins to work. */
  readonly start?: string;
}

const NOTHING: Fired = { outcome: "ended", notices: [] };

/**
 * Fires the point, once: everything that follows from it is recorded in the run's own transaction, and whoever comes second
 * finds that the link has moved on. A refusal is recorded as a skipped run, with its reason (CCY-03).
 */
export async function firePoint(s: Services, due: PointDue): Promise<Fired> {
  const { policyId, vaultId, nominal } = due;
  const now = s.now();
  // At start-up the tick looks ahead; nobody's backup starts before its time.
  if (nominal + startDelay(vaultId) > now) return { outcome: "running", notices: [] };
  const link = await loadLink(s.records, policyId, vaultId);
  if (link?.next !== nominal) return dropStale(s, due, link);
  try {
    if (link.operationType === "backup") return await backUp(s, due, link, now);
    return await skip(s, due, now, { reason: "replication is not built yet" });
  } catch (error) {
    if (!(error instanceof NoLongerDue)) throw error;
    // Where policy or vault are gone, or say something else, the link does not know yet.
    await settleLink(s, policyId, vaultId);
    return NOTHING;
  }
}

/** Due work that the link does not name, whoever left it. */
async function dropStale(s: Services, due: PointDue, link: Versioned<PolicyLink> | undefined): Promise<Fired> {
  const key = linkKey(due.policyId, due.vaultId);
  try {
    await s.records.transact([
      { op: "check", key, if: link === undefined ? "absent" : { v: link.v } },
      dropPoint(due, due.nominal),
    ]);
  } catch (error) {
    // Somebody promises this very point again right now: then the due work is theirs.
    if (!(error instanceof TransactionRefused)) throw error;
  }
  return NOTHING;
}

async function backUp(s: Services, due: PointDue, link: PolicyLink, now: Instant): Promise<Fired> {
  const caller = { projectId: link.projectId, userId: `policy-${due.policyId}`, requestId: `req-${s.newId()}` };
  // A crash between this and the run is harmless: the next try finds bound what is bound.
  const left = await associateDue(s, link);
  let claim: Claim | undefined;
  try {
    const { checkpoint } = await recordCheckpoint(s, caller, {
      vaultId: due.vaultId,
      incremental: true,
      autoTrigger: true,
      schedule: async (checkpointId, vault) => {
        claim = await claimPoint(s, due, now, vault);
        const trace = await traceWrite(s, traceOf(vault, caller), { outcome: "success" });
        return {
          policyId: claim.policy.id,
          nominal: claim.latest,
          fullEvery: numberSet(claim.policy.operationDefinition.fullBackupInterval),
          writes: [...(await claim.writes({ state: "started", startedAt: now, checkpointId, ...left })), trace],
        };
      },
    });
    return { outcome: "started", notices: claim === undefined ? [] : overdue(claim, now), start: checkpoint.id };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return skip(s, due, now, { code: error.code, reason: error.detail, caller, left });
  }
}

const traceOf = (vault: Vault, caller: Caller): TraceAbout => byItself("createVaultBackup", asVault(vault), caller);

interface Why {
  readonly code?: string;
  readonly reason: string;
  /** Of a backup: its task is in this name. */
  readonly caller?: Caller;
  /** What found no vault just before it. */
  readonly left?: LeftOut | undefined;
}

/** Of a vault that is empty because all was too large for it (ABD-07) that is the reason. */
const reasonOf = ({ code, reason, left }: Why, empty: boolean): Pick<Why, "code" | "reason"> => {
  if (left !== undefined && empty) return left;
  return { ...(code !== undefined && { code }), reason: left === undefined ? reason : `${reason}; ${left.reason}` };
};

/** SCH-24, BKP-06: a run that cannot be is recorded, with a task for a backup. SCH-10: an empty vault has none. */
const skip = (s: Services, due: PointDue, now: Instant, why: Why): Promise<Fired> =>
  withFreshState(async () => {
    const claim = await claimPoint(s, due, now, await load(s.records, vaults, vaultKey(due.vaultId)));
    const empty = (await loadBindings(s.records, claim.vault.id)).length === 0;
    const told = reasonOf(why, empty);
    const writes = await claim.writes({ state: "skipped", endedAt: now, ...told });
    const refused = why.caller === undefined || empty ? [] : await refusal(s, claim, why.caller, told, now);
    await s.records.transact([...writes, ...refused]);
    return {
      outcome: "ended",
      notices: [...(empty ? [] : [skippedNotice(claim, told.reason)]), ...overdue(claim, now)],
    };
  });

/** What a person who asked for the same would find: a task, and a trace. */
async function refusal(
  s: Services,
  claim: Claim,
  caller: Caller,
  why: Pick<Why, "code" | "reason">,
  now: Instant,
): Promise<readonly Write[]> {
  const end = { outcome: "refused", ...(why.code !== undefined && { code: `BackupService.${why.code}` }) } as const;
  return [
    insert(tasks, skippedTask(s, claim, caller, why, now)),
    await traceWrite(s, traceOf(claim.vault, caller), end),
  ];
}

const skippedTask = (
  s: Services,
  { policy, vault }: Claim,
  caller: Caller,
  why: Pick<Why, "code" | "reason">,
  now: Instant,
): Task => ({
  schema: 1,
  id: s.newId(),
  projectId: vault.projectId,
  type: "backup",
  status: "skipped",
  requestId: caller.requestId,
  vaultId: vault.id,
  vaultName: vault.name,
  policyId: policy.id,
  createdAt: now,
  startedAt: now,
  endedAt: now,
  updatedAt: now,
  error: { code: why.code ?? "", message: why.reason },
});
