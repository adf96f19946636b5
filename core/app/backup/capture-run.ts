/** Captures all disks of a run at one instant and plans its groups. */

import { fault } from "../../domain/fault.ts";
import type { FaultCode } from "../../domain/fault-codes.ts";
import { FAULTS } from "../../domain/fault-codes.ts";
import { CaptureRefused } from "../../ports/resource-provider.ts";
import { taskKey } from "../records/keys.ts";
import { backups, load, replace, runs, tasks } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { groupsOf, loadRun, RunClosed, type RunRef } from "./run.ts";

/**
 * Takes attempt number `attempt` (0-based) of the capture; asked again, finds it. Another attempt has results of its own:
 * two instants are never mixed in one image.
 * @returns the number of groups of the map
 * @throws RunClosed, Fault (the provider's refusal)
 */
export const captureRun = (
  s: Services,
  { attempt, ...ref }: RunRef & { readonly attempt: number },
): Promise<{ readonly groups: number }> =>
  withFreshState(async () => {
    const { backup, run } = await loadRun(s, ref);
    if (run.attempt > attempt) throw new RunClosed(`attempt ${attempt} of backup ${ref.backupId} was given up`);
    if (run.attempt === attempt && run.capture !== undefined) return { groups: groupsOf(run).length };

    // The attempt before was given up: what its capture holds is free. Before this one counts, so that no crash forgets it.
    if (run.capture !== undefined) await s.resources.release(run.capture, { keepComparable: false });
    const capture = await s.resources
      .capture({
        runId: run.id,
        attempt,
        diskIds: run.disks.map((d) => d.currentId ?? d.diskId),
        owner: { domainId: run.domainId, vaultId: run.vaultId, resourceId: run.resourceId },
      })
      .catch((error: unknown) => {
        if (error instanceof CaptureRefused) return fault(known(error.code), error.message, { cause: error });
        throw error;
      });
    const sizes = capture.disks.map((d) => d.size);
    const totalBytes = sizes.reduce((a, b) => a + b, 0);
    const task = await load(s.records, tasks, taskKey(run.taskId));
    const captured = {
      ...run,
      attempt,
      capture: { ...capture, disks: [...capture.disks] },
      disks: run.disks.map((d, i) => ({ ...d, size: sizes[i] ?? d.size })),
      mostGroups: s.tuning.mostGroups,
      heartbeat: s.now(),
    };
    await s.records.transact([
      replace(runs, captured),
      replace(backups, { ...backup, protectedAt: capture.instant, promise: capture.promise, resourceSize: totalBytes }),
      ...(task !== undefined ? [replace(tasks, { ...task, totalBytes })] : []),
    ]);
    return { groups: groupsOf(captured).length };
  });

const known = (code: string): FaultCode => (code in FAULTS ? (code as FaultCode) : "6215");
