/** Every task of every workflow, under the name that its state calls it by: `${workflow.state}`. */
import { captureReady } from "../../core/app/backup/capture-ready.ts";
import { captureRun } from "../../core/app/backup/capture-run.ts";
import { confirmSource } from "../../core/app/backup/confirm-source.ts";
import { failRun } from "../../core/app/backup/fail-run.ts";
import { openRun } from "../../core/app/backup/open-run.ts";
import { concludeCheckpoint, prepareCheckpoint } from "../../core/app/backup/run-checkpoint.ts";
import { sealRun } from "../../core/app/backup/seal-run.ts";
import { transferGroup } from "../../core/app/backup/transfer-group.ts";
import { failDelete, runDelete } from "../../core/app/delete/run-delete.ts";
import {
  failCollection,
  finishCollection,
  moveCollected,
  planCollection,
  trashCollected,
} from "../../core/app/repository/run-collection.ts";
import { compareGroup } from "../../core/app/restore/compare-group.ts";
import { finishRestore } from "../../core/app/restore/finish-restore.ts";
import { replaceDisks, swapDisks } from "../../core/app/restore/replace-disks.ts";
import { beginRestore, concludeRestore, failRestore, restoreGroup } from "../../core/app/restore/run-restore.ts";
import { deleteVaultBatch, failRemoval, removeResourceBatch } from "../../core/app/vaults/run-removal.ts";
import * as backup from "../../workflows/backup.ts";
import * as backupGroup from "../../workflows/backup-group.ts";
import * as member from "../../workflows/backup-member.ts";
import * as collect from "../../workflows/collect.ts";
import * as removal from "../../workflows/removal.ts";
import * as restore from "../../workflows/restore.ts";
import * as restoreGroups from "../../workflows/restore-group.ts";
import { type TaskFunction, task } from "./task.ts";

/** Group numbers for the items of a map. */
const numbered = (groups: number): { readonly groups: readonly number[] } => ({
  groups: Array.from({ length: groups }, (_, i) => i),
});

export const TASKS = {
  "backup.prepare": task(backup.prepare, prepareCheckpoint),
  "backup.conclude": task(backup.conclude, (s, { error, ...input }) =>
    concludeCheckpoint(s, { ...input, ...(error !== undefined && { error }) }),
  ),

  "backup-member.open": task(member.open, openRun),
  "backup-member.capture": task(member.capture, async (s, input) => numbered((await captureRun(s, input)).groups)),
  "backup-member.ready": task(member.ready, captureReady),
  "backup-member.confirm": task(member.confirm, confirmSource),
  "backup-member.seal": task(member.seal, sealRun),
  "backup-member.fail": task(member.fail, failRun),
  "backup-group.transfer": task(backupGroup.transfer, transferGroup),

  "restore.begin": task(restore.step, async (s, input) => numbered((await beginRestore(s, input)).groups)),
  "restore.finish": task(restore.step, async (s, input) => {
    const { done, groups } = await finishRestore(s, input);
    return { done, ...numbered(groups) };
  }),
  "restore.replace": task(restore.step, replaceDisks),
  "restore.swap": task(restore.step, swapDisks),
  "restore.conclude": task(restore.step, concludeRestore),
  "restore.fail": task(restore.fail, failRestore),
  "restore-group.write": task(restoreGroups.unit, restoreGroup),
  "compare-group.compare": task(restoreGroups.unit, compareGroup),

  "delete-backup.remove": task(removal.removeBackup, runDelete),
  "delete-backup.fail": task(removal.failBackup, failDelete),

  "remove-resource.batch": task(removal.batch, async (s, { taskId, round }) => ({
    ...(await removeResourceBatch(s, { taskId })),
    round: round + 1,
  })),
  "remove-resource.fail": task(removal.failBatch, failRemoval),

  "delete-vault.batch": task(removal.batch, async (s, { taskId, round }) => ({
    ...(await deleteVaultBatch(s, { taskId })),
    round: round + 1,
  })),
  "delete-vault.fail": task(removal.failBatch, failRemoval),

  "collect.plan": task(collect.plan, planCollection),
  "collect.trash": task(collect.trash, trashCollected),
  "collect.move": task(collect.move, moveCollected),
  "collect.finish": task(collect.finish, finishCollection),
  "collect.fail": task(collect.fail, failCollection),
} satisfies Readonly<Record<string, TaskFunction>>;

/** A task of a workflow, `<workflow>.<state>`. */
export type TaskName = keyof typeof TASKS;
