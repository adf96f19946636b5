/** Frees what captures and restores left with the provider and nobody needs: found by its tags, judged by the records. */
import type { HeldCapture } from "../../ports/resource-provider.ts";
import type { HeldTarget } from "../../ports/restore-targets.ts";
import type { Binding } from "../records/entities.ts";
import { runKey } from "../records/keys.ts";
import type { OpenRun } from "../records/runs.ts";
import { load, runs } from "../records/tables.ts";
import { projectOf } from "../repository/keyring.ts";
import type { Services } from "../services.ts";
import { bindingNamed } from "../vaults/home.ts";

/** Nothing younger is judged: its run may have been written a moment after this look. */
const YOUNG_MS = 60 * 60 * 1000;

export interface Fate {
  readonly keep: boolean;
  readonly reason: string;
}

type Known = { readonly run: OpenRun | undefined; readonly binding: Binding | undefined; readonly now: number };

/** Does anybody need this capture? */
export function fateOfCapture(held: HeldCapture, { run, binding, now }: Known): Fate {
  if (now - held.takenAt < YOUNG_MS) return { keep: true, reason: "younger than an hour" };
  if (run !== undefined) return { keep: true, reason: `run ${held.runId} is open` };
  const kept = Object.values(binding?.kept ?? {}).some((k) => k.snapshotId === held.snapshotId);
  if (kept) return { keep: true, reason: `the next backup of ${held.diskId} is compared with it` };
  return { keep: false, reason: `run ${held.runId} is closed and no baseline names it` };
}

/** Does anybody need what this restore made? */
export function fateOfTarget(held: HeldTarget, { run, binding, now }: Known): Fate {
  if (now - held.madeAt < YOUNG_MS) return { keep: true, reason: "younger than an hour" };
  if (run !== undefined) return { keep: true, reason: `restore ${held.restoreId} is open` };
  if (held.kind === "undo") {
    if (held.keepUntil === undefined || now < held.keepUntil) return { keep: true, reason: "the undo of a restore" };
    return { keep: false, reason: `replaced by restore ${held.restoreId}, kept for undo until its time was over` };
  }
  if (Object.values(binding?.replaced ?? {}).includes(held.id)) return { keep: true, reason: "it is in place" };
  return { keep: false, reason: `restore ${held.restoreId} is closed` };
}

interface SweepReport {
  readonly kept: number;
  readonly released: number;
  readonly failed: number;
}

/** One look at everything; what cannot be freed now is logged and met again next time. */
export async function sweepProvider(s: Services): Promise<SweepReport> {
  const report = { kept: 0, released: 0, failed: 0 };
  const settle = async (
    held: { readonly domainId: string; readonly vaultId: string; readonly resourceId: string },
    runId: string,
    what: string,
    judge: (known: Known) => Fate,
    free: () => Promise<void>,
  ): Promise<void> => {
    let reason: string | undefined;
    try {
      // The run first: it ends in one transaction with what its binding keeps, so a closed run's baseline is seen.
      const run = await load(s.records, runs, runKey(held.domainId, runId));
      // What it made stays its own when the resource moves to another vault.
      const binding = await bindingNamed(s.records, { ...held, projectId: projectOf(held.domainId) });
      const fate = judge({ run, binding, now: s.now() });
      if (fate.keep) {
        report.kept++;
        return;
      }
      reason = fate.reason;
      await free();
      report.released++;
      s.log({ level: "info", text: "freed what nobody needs", what, reason });
    } catch (error) {
      // The others do not wait for it.
      report.failed++;
      s.log({ level: "warn", text: "could not be judged or freed", what, reason, error: String(error) });
    }
  };
  for await (const held of s.resources.held())
    await settle(
      held,
      held.runId,
      held.snapshotId,
      (known) => fateOfCapture(held, known),
      () => s.resources.releaseKept([held.snapshotId]),
    );
  for await (const held of s.targets.held())
    await settle(
      held,
      held.restoreId,
      held.id,
      (known) => fateOfTarget(held, known),
      () => s.targets.discard(held),
    );
  return report;
}
