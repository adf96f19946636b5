/** What are people told of a policy's point that did not come to a run in its time? */
import { beganLate, startDelay } from "../../domain/schedule.ts";
import { type Instant, wireTime } from "../../domain/values.ts";
import type { Notice } from "../../ports/notifier.ts";
import type { ScheduledRun } from "../records/scheduled-runs.ts";
import type { Claim } from "./claim-point.ts";

const about = ({ policy, vault, latest }: Claim, topic: string, message: string): Notice => ({
  severity: "warning",
  topic,
  projectId: vault.projectId,
  message,
  facts: { policy_id: policy.id, vault_id: vault.id, nominal: wireTime(latest) },
});

/** The point came and the run could not be. */
export const skippedNotice = (claim: Claim, reason: string): Notice =>
  about(claim, "run.skipped", `policy ${claim.policy.name} did nothing in vault ${claim.vault.name}: ${reason}`);

/** The run should have started and has not, and this look did not change that. */
export const unstartedNotice = ({ policyId, policyName, vaultId, vaultName, ...run }: ScheduledRun): Notice => ({
  severity: "critical",
  topic: "run.late",
  projectId: run.projectId,
  message: `policy ${policyName} has not started in vault ${vaultName}: it was to start at ${wireTime(run.plannedAt)}; the log says why`,
  facts: { policy_id: policyId, vault_id: vaultId, nominal: wireTime(run.nominal), planned: wireTime(run.plannedAt) },
});

/** Points that nobody saw, and a run that starts long after its time. */
export function overdue(claim: Claim, now: Instant): readonly Notice[] {
  const { policy, vault, latest, missed } = claim;
  const notices: Notice[] = [];
  if (missed !== undefined) {
    const span = `from ${wireTime(missed)} up to ${wireTime(latest)}`;
    notices.push(about(claim, "run.missed", `policy ${policy.name} missed its runs in vault ${vault.name} ${span}`));
  }
  if (beganLate(latest + startDelay(vault.id), now)) {
    const minutes = Math.floor((now - latest) / 60_000);
    notices.push(about(claim, "run.late", `policy ${policy.name} came ${minutes} minutes late to vault ${vault.name}`));
  }
  return notices;
}
