/** How a run that should happen, or should have happened, looks on the wire (an extension of ours). */
import type { ShownRun } from "../../../core/app/policies/list-runs.ts";
import { wireTime } from "../../../core/domain/values.ts";

const timeOrNull = (at: number | undefined) => (at === undefined ? null : wireTime(at));

/** `nominal_at` is the policy's point, `planned_at` when the vault's turn comes after it. Times are null for "not yet". */
export function scheduledRunView({ run, state }: ShownRun) {
  return {
    vault_id: run.vaultId,
    vault_name: run.vaultName,
    policy_id: run.policyId,
    policy_name: run.policyName,
    operation_type: run.operationType,
    state,
    nominal_at: wireTime(run.nominal),
    planned_at: wireTime(run.plannedAt),
    started_at: timeOrNull(run.startedAt),
    ended_at: timeOrNull(run.endedAt),
    reason: run.reason ?? null,
    error_code: run.code === undefined ? null : `BackupService.${run.code}`,
    checkpoint_id: run.checkpointId ?? null,
    backups: run.counts ?? null,
  };
}
