/** An open backup run as its tasks see it: loaded by the backup's id, refused once it is closed. */
import { type Group, planGroups } from "../../domain/plan.ts";
import type { Backup } from "../records/entities.ts";
import { backupKey, runKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import type { OpenRun } from "../records/runs.ts";
import { backups, load, runs } from "../records/tables.ts";
import type { Services } from "../services.ts";

/** The run is closed for ever (ended, or declared dead): whatever this task still does counts for nothing. */
export class RunClosed extends Error {
  override readonly name = "RunClosed";
}

/** Names a task's run: a new fence or attempt makes older tasks strangers. */
export interface RunRef {
  readonly backupId: string;
  readonly fence: number;
}

/** @throws RunClosed */
export async function loadRun(
  s: Services,
  { backupId, fence }: RunRef,
): Promise<{ backup: Versioned<Backup>; run: Versioned<OpenRun> }> {
  const backup = await load(s.records, backups, backupKey(backupId));
  if (backup === undefined) throw new RunClosed(`backup ${backupId} is gone`);
  const run = await load(s.records, runs, runKey(backup.domainId, backupId));
  if (run === undefined || run.fence !== fence) throw new RunClosed(`the run of backup ${backupId} is closed`);
  return { backup, run };
}

/** The groups of a run: of the disks as they were captured, or as they are to be restored. */
export const groupsOf = (run: OpenRun): readonly Group[] =>
  planGroups(
    run.disks.map((d) => d.size),
    run.mostGroups,
  );
