/** POST checkpoints: records a run over a vault's resources, durably, and starts it. */
import { easedMarks } from "../../domain/capacity.ts";
import { fault } from "../../domain/fault.ts";
import { defaultAutomaticName, defaultManualName, memberName } from "../../domain/naming.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { isFullDue, numberSet } from "../../domain/policy.ts";
import { expiryOf } from "../../domain/retention-rule.ts";
import { GIB, type Instant } from "../../domain/values.ts";
import type { Write } from "../../ports/record-store.ts";
import { backupPolicyOf } from "../policies/show-policy.ts";
import type { Binding, Checkpoint, ExtraInfo, Member, Skipped, Vault } from "../records/entities.ts";
import { bindingKey, skippedKey } from "../records/keys.ts";
import { bindings, checkpoints, insert, insertAt, load, replace, vaults } from "../records/tables.ts";
import { policyInForce, ruleOf } from "../retention/rule-in-force.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { watchRun } from "../time/due.ts";
import { usedBytes } from "../vaults/load-vault.ts";
import { capacityOf } from "../vaults/settle-capacity.ts";
import { showVault } from "../vaults/show-vault.ts";
import { chooseMembers, unfitBinding } from "./choose-members.ts";
import { type Draft, draftMember, fullness, leased } from "./draft-member.ts";

export interface CheckpointRequest {
  readonly vaultId: string;
  readonly name?: string;
  readonly description?: string;
  readonly incremental: boolean;
  readonly autoTrigger: boolean;
  /** Absent = every resource of the vault. */
  readonly resources?: readonly { readonly id: string; readonly extraInfo?: ExtraInfo }[];
  /** Of a manual run: days after which its backups expire; absent = never. */
  readonly retentionDays?: number;
  /** Of an automatic run that somebody asked for: the policy in whose name it is made, which must be applied to the vault. */
  readonly policyId?: string;
  /** Of an automatic run: what it is made for. Asked at each attempt, on fresh state; what it throws ends the request. */
  readonly schedule?: (checkpointId: string, vault: Vault) => Promise<ScheduledFor>;
}

/** The point of a policy that a run is made for. */
export interface ScheduledFor {
  readonly policyId: string;
  readonly nominal: Instant;
  /** Every so many automatic backups of a resource one is full; see `isFullDue`. */
  readonly fullEvery: number | undefined;
  /** What is recorded in the run's own transaction, ten at most: so one point makes one run, whoever asks twice. */
  readonly writes: readonly Write[];
}

export interface CreatedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly members: readonly Member[];
  readonly skipped: readonly Skipped[];
}

/** Four writes a member; with the run's own three and a schedule's they stay within DynamoDB's 100 a transaction. */
const MEMBERS_PER_TRANSACTION = 20;
const SKIPPED_PER_TRANSACTION = 90;

/**
 * Starts one backup per chosen resource. Resources that cannot take part are listed as skipped (BKP-07); when none can,
 * the request is refused with their common code, or 0001.
 * @throws Fault 6105, 6113, 6124, 6114, 6135, 6104, 0001, 6125, 2010, 6134, 6215, 7000, 7100, 6000, 6002 …
 */
export async function createCheckpoint(
  s: Services,
  caller: Caller,
  ask: CheckpointRequest,
): Promise<CreatedCheckpoint> {
  const created = await recordCheckpoint(s, caller, ask);
  await startCheckpoint(s, created.checkpoint.id);
  return created;
}

/** Starts a run that was recorded. Whoever does not get to it is followed by the watch that was recorded with it. */
export async function startCheckpoint(s: Services, checkpointId: string): Promise<void> {
  await s.workflows.start("backup", checkpointId, { checkpointId });
}

/** The same without the start, which the caller owes. @throws as createCheckpoint */
export async function recordCheckpoint(
  s: Services,
  caller: Caller,
  ask: CheckpointRequest,
): Promise<CreatedCheckpoint> {
  const { checkpoint, members, later, skipped } = await withFreshState(() => record(s, caller, ask));
  // The run exists. A crash from here on leaves it with the members recorded so far, and the watch that was written with
  // it starts it; the request was not acknowledged.
  for (const one of later) {
    const outcome = await withFreshState(() => join(s, checkpoint, one));
    if ("status" in outcome) members.push(outcome);
    else skipped.push(outcome);
  }
  for (let i = 0; i < skipped.length; i += SKIPPED_PER_TRANSACTION) {
    const rows = skipped.slice(i, i + SKIPPED_PER_TRANSACTION);
    await s.records.transact(rows.map((row) => insertAt({ key: skippedKey(checkpoint.id, row.resourceId) }, row)));
  }
  return { checkpoint, members, skipped };
}

interface Recorded {
  readonly checkpoint: Checkpoint;
  readonly members: Member[];
  /** Members that did not fit into the first transaction. */
  readonly later: readonly Draft[];
  readonly skipped: Skipped[];
}

async function record(s: Services, caller: Caller, ask: CheckpointRequest): Promise<Recorded> {
  const { vault, bindings: bound } = await showVault(s, caller.projectId, ask.vaultId);
  refuseUnfitVault(vault, bound, ask.autoTrigger);
  const id = s.newId();
  const named = ask.policyId === undefined ? undefined : await backupPolicyOf(s, vault, ask.policyId);
  const scheduled = await ask.schedule?.(id, vault);
  const { chosen, unfit } = await chooseMembers(s, ask.resources, bound, ask.autoTrigger);

  const now = s.now();
  const random = Buffer.from(s.randomBytes(2)).readUInt16LE();
  const name =
    ask.name ?? (ask.autoTrigger ? defaultAutomaticName(vault.backupNamePrefix, random) : defaultManualName(random));
  const checkpoint: Checkpoint = {
    schema: 1,
    id,
    projectId: caller.projectId,
    vaultId: vault.id,
    vaultName: vault.name,
    name,
    description: ask.description ?? "",
    createdAt: now,
    incremental: ask.incremental,
    autoTrigger: ask.autoTrigger,
    ...(scheduled && {
      scheduled: { policyId: scheduled.policyId, nominal: scheduled.nominal, resources: bound.length },
    }),
  };
  const skipped: Skipped[] = unfit.map(({ binding, code, why }) => ({
    schema: 1,
    resourceId: binding.resourceId,
    resourceType: binding.resourceType,
    name: binding.name,
    code: `BackupService.${code}`,
    reason: why,
  }));
  // RET-38: the date is fixed now, by the policy in force now; of a manual backup by its request.
  const policy = checkpoint.autoTrigger ? await policyInForce(s.records, vault) : undefined;
  const rule = checkpoint.autoTrigger
    ? policy && ruleOf(policy.operationDefinition)
    : { retentionDays: ask.retentionDays };
  const expiredAt = rule && expiryOf(rule, now);
  const drafts = chosen.map((c, i) => {
    const every = scheduled?.fullEvery ?? numberSet(named?.operationDefinition.fullBackupInterval);
    const full = !ask.incremental || isFullDue(every, fullness(c.binding), scheduled?.nominal ?? now);
    const policyId = scheduled?.policyId ?? named?.id;
    return draftMember(
      s,
      caller,
      vault,
      checkpoint,
      { ...c, full, expiredAt, policyId },
      memberName(name, i, chosen.length),
    );
  });

  // The vault is written under the version read: whoever starts or deletes something in it meanwhile makes this begin again.
  const header: Write[] = [
    replace(vaults, { ...vault, capacity: easedMarks(capacityOf(vault), usedBytes(bound)) }),
    insert(checkpoints, checkpoint),
    watchRun(now, { workflow: "backup", name: checkpoint.id, input: { checkpointId: checkpoint.id } }),
    ...(scheduled?.writes ?? []),
  ];
  const first = drafts.slice(0, MEMBERS_PER_TRANSACTION);
  await s.records.transact([...header, ...first.flatMap((d) => d.writes)]);
  return { checkpoint, members: first.map((d) => d.member), later: drafts.slice(first.length), skipped };
}

function refuseUnfitVault(vault: Vault, bound: readonly Binding[], autoTrigger: boolean): void {
  if (vault.billing.protectType !== "backup") fault("6124", "a replication vault cannot run backups");
  refuseObstacle(autoTrigger ? "scheduled" : "backup", { vault: vault.status });
  if (usedBytes(bound) >= vault.billing.size * GIB)
    fault("6114", `the vault's ${vault.billing.size} GB are used up; expand it or delete backups`);
}

/** Adds one more member to a run that exists; a resource that became busy meanwhile is skipped instead. */
async function join(
  s: Services,
  checkpoint: Checkpoint,
  { member, binding, writes, lease }: Draft,
): Promise<Member | Skipped> {
  const fresh = await load(s.records, bindings, bindingKey(binding.vaultId, binding.resourceId));
  const unfit =
    fresh === undefined ? { code: "6135", why: "it left the vault" } : unfitBinding(fresh, checkpoint.autoTrigger);
  if (fresh !== undefined && unfit === undefined) {
    const [, ...rest] = writes;
    await s.records.transact([replace(bindings, leased(fresh, lease)), ...rest]);
    return member;
  }
  return {
    schema: 1,
    resourceId: binding.resourceId,
    resourceType: binding.resourceType,
    name: binding.name,
    code: `BackupService.${unfit?.code}`,
    reason: `while checkpoint ${checkpoint.id} was being recorded: ${unfit?.why}`,
  };
}
