/** A point has come: its run is started or skipped, points that nobody saw are missed, and the next one is promised. */
import { Fault } from "../../domain/fault.ts";
import { isLate, latestPoint, nextPoint, scheduleOf, startDelay } from "../../domain/schedule.ts";
import { type Instant, wireTime } from "../../domain/values.ts";
import type { Notice } from "../../ports/notifier.ts";
import { TransactionRefused, type Write } from "../../ports/record-store.ts";
import { createCheckpoint } from "../backup/create-checkpoint.ts";
import type { Task, Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { linkKey, loadLink, loadPolicy, type Policy, type PolicyLink, policyLinks } from "../records/policies.ts";
import type { Versioned } from "../records/record.ts";
import type { PointDue, ScheduledRun } from "../records/scheduled-runs.ts";
import { insert, load, replace, tasks, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { loadBindings } from "../vaults/load-vault.ts";
import { settleLink } from "./bindings.ts";
import { aboutRun, dropPoint, leaveGap, promise, runAt, saysNow, writeRun } from "./points.ts";

/** Another tick was faster, or the policy says something else by now: there is nothing to do. */
class NoLongerDue extends Error {
  override readonly name = "NoLongerDue";
}

/** What firing a point came to, and what people are told of it once it is recorded. */
export interface Fired {
  readonly outcome: "started" | "running" | "ended";
  readonly notices: readonly Notice[];
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
  const policy = await loadPolicy(s.records, link.projectId, link.operationType, policyId);
  const vault = await load(s.records, vaults, vaultKey(vaultId));
  if (policy === undefined || vault === undefined || link.since !== policy.trigger.since) {
    await settleLink(s, policyId, vaultId);
    return NOTHING;
  }
  try {
    return policy.operationType === "backup" ? await backUp(s, due, vault, now) : await skipReplication(s, due, now);
  } catch (error) {
    if (error instanceof NoLongerDue) return NOTHING;
    throw error;
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

async function backUp(s: Services, due: PointDue, vault: Vault, now: Instant): Promise<Fired> {
  const caller: Caller = { projectId: vault.projectId, userId: vault.userId, requestId: `req-${s.newId()}` };
  let claim: Claim | undefined;
  try {
    await createCheckpoint(s, caller, {
      vaultId: vault.id,
      incremental: true,
      autoTrigger: true,
      schedule: async () => {
        claim = await claimPoint(s, due, now);
        const { policy, latest } = claim;
        const writes = await claim.writes({ state: "started", startedAt: now });
        return {
          policyId: policy.id,
          nominal: latest,
          fullEvery: policy.operationDefinition.fullBackupInterval,
          writes: (checkpointId) => writes(checkpointId),
        };
      },
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return skip(s, due, now, { code: error.code, reason: error.detail }, caller);
  }
  return { outcome: "started", notices: claim === undefined ? [] : overdue(claim, now) };
}

const skipReplication = (s: Services, due: PointDue, now: Instant): Promise<Fired> =>
  skip(s, due, now, { reason: "replication is not built yet" }, undefined);

/** SCH-24, BKP-06: a run that cannot be is recorded, with a task for a backup. SCH-10: an empty vault has none. */
const skip = (
  s: Services,
  due: PointDue,
  now: Instant,
  why: { readonly code?: string; readonly reason: string },
  caller: Caller | undefined,
): Promise<Fired> =>
  withFreshState(async () => {
    const claim = await claimPoint(s, due, now);
    const empty = (await loadBindings(s.records, claim.vault.id)).length === 0;
    const writes = await claim.writes({ state: "skipped", endedAt: now, ...why });
    const task = caller === undefined || empty ? [] : [insert(tasks, skippedTask(s, claim, caller, why, now))];
    await s.records.transact([...writes(undefined), ...task]);
    return { outcome: "ended", notices: empty ? [] : [skippedNotice(claim, why), ...overdue(claim, now)] };
  });

interface Claim {
  readonly policy: Versioned<Policy>;
  readonly vault: Vault;
  /** The point that runs: the last one that has come. */
  readonly latest: Instant;
  /** The first point that nobody saw, when it is not the one that runs. */
  readonly missed: Instant | undefined;
  /** The writes of this point, with what became of it: seven at most. */
  readonly writes: (
    is: Pick<ScheduledRun, "state"> & Partial<ScheduledRun>,
  ) => Promise<(checkpointId: string | undefined) => readonly Write[]>;
}

/**
 * What stands between the promised point and now, on fresh state: points before the last one are missed (design §7).
 * @throws NoLongerDue
 */
async function claimPoint(s: Services, { policyId, vaultId, nominal }: PointDue, now: Instant): Promise<Claim> {
  const link = await loadLink(s.records, policyId, vaultId);
  if (link?.next !== nominal) throw new NoLongerDue();
  const policy = await loadPolicy(s.records, link.projectId, link.operationType, policyId);
  const vault = await load(s.records, vaults, vaultKey(vaultId));
  if (policy === undefined || vault === undefined || link.since !== policy.trigger.since) throw new NoLongerDue();
  const said = saysNow(policy);
  const schedule = scheduleOf(said.texts, said.anchor);
  const latest = Math.max(nominal, latestPoint(schedule, now - startDelay(vaultId)) ?? nominal);
  const next = nextPoint(schedule, latest);
  const about = aboutRun(policy, vault);
  const reason = "the service did not run at that time; the latest point ran instead";
  return {
    policy,
    vault,
    latest,
    missed: latest > nominal ? nominal : undefined,
    writes: async (is) => {
      const writes: Write[] = [
        // The claim: of two ticks one moves the link on. The policy is not checked: thousands of vaults may share it, and
        // whoever changes it writes every link afterwards.
        replace(policyLinks, { ...link, accounted: latest, next }),
        dropPoint(link, nominal),
        ...(await promise(s, about, next)),
      ];
      if (latest > nominal) {
        writes.push(await writeRun(s, runAt(about, nominal, { state: "missed", reason, endedAt: now })));
        writes.push(...leaveGap(about, said, { after: nominal, before: latest, reason }));
      }
      const runs = await writeRun(s, runAt(about, latest, is));
      return (checkpointId) => [
        ...writes,
        checkpointId === undefined ? runs : { ...runs, item: { ...runs.item, body: { ...runs.item.body, checkpointId } } },
      ];
    },
  };
}

function skippedTask(
  s: Services,
  { policy, vault }: Claim,
  caller: Caller,
  why: { readonly code?: string; readonly reason: string },
  now: Instant,
): Task {
  return {
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
  };
}

const facts = ({ policy, vault, latest }: Claim) => ({
  policy_id: policy.id,
  vault_id: vault.id,
  nominal: wireTime(latest),
});

const skippedNotice = (claim: Claim, why: { readonly reason: string }): Notice => ({
  severity: "warning",
  topic: "run.skipped",
  projectId: claim.vault.projectId,
  message: `policy ${claim.policy.name} did nothing in vault ${claim.vault.name}: ${why.reason}`,
  facts: facts(claim),
});

/** Points that nobody saw, and a run that starts long after its time. */
function overdue(claim: Claim, now: Instant): readonly Notice[] {
  const { policy, vault, latest, missed } = claim;
  const about = { severity: "warning", projectId: vault.projectId, facts: facts(claim) } as const;
  const minutes = Math.floor((now - latest) / 60_000);
  const late = isLate(latest + startDelay(vault.id), now);
  return [
    ...(missed === undefined
      ? []
      : [
          {
            ...about,
            topic: "run.missed",
            message: `policy ${policy.name} missed its runs in vault ${vault.name} from ${wireTime(missed)} up to ${wireTime(latest)}`,
            facts: { ...about.facts, missed_since: wireTime(missed) },
          },
        ]),
    ...(late
      ? [{ ...about, topic: "run.late", message: `policy ${policy.name} ran ${minutes} minutes late in vault ${vault.name}` }]
      : []),
  ];
}
