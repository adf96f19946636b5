/** How are backups made, restored and deleted, from request to outcome? Shared by the commands and the demo. */
import { type Client, type Row, rowOf } from "./client.ts";
import { checkpointTasks, lookAtTask, taskError, taskPercent } from "./tasks.ts";
import { cell } from "./text.ts";
import { waitUntil, waitUntilGone } from "./waiting.ts";

export interface BackupRequest {
  readonly vaultId: string;
  readonly name?: string;
  readonly description?: string;
  /** false: everything is read and stored again. */
  readonly incremental: boolean;
  /** Absent: all resources of the vault. */
  readonly resources?: readonly string[];
}

/** A restore point, whether it is finished or not. */
export interface BackupOutcome {
  readonly checkpoint_id: string;
  readonly status: string;
  readonly backups: readonly Row[];
}

const idOf = (row: Row): string => String(row.id);

/** Asks for a restore point. Answers its id at once; the work has been recorded and goes on by itself. */
export async function startBackup(client: Client, request: BackupRequest): Promise<string> {
  const answer = await client.send("POST", "/checkpoints", {
    checkpoint: {
      vault_id: request.vaultId,
      parameters: {
        auto_trigger: false,
        incremental: request.incremental,
        ...(request.name === undefined ? {} : { name: request.name }),
        ...(request.description === undefined ? {} : { description: request.description }),
        ...(request.resources === undefined ? {} : { resources: request.resources }),
      },
    },
  });
  return idOf(rowOf(answer, "checkpoint"));
}

/** The restore point as it is now, with its backups. */
export async function backupOutcome(client: Client, checkpointId: string): Promise<BackupOutcome> {
  const checkpoint = rowOf(await client.get(`/checkpoints/${checkpointId}`), "checkpoint");
  const backups = await client.list("/backups", "backups", { checkpoint_id: checkpointId });
  return { checkpoint_id: checkpointId, status: String(checkpoint.status), backups };
}

/** Waits until no backup of the restore point is running any more. */
export async function finishBackup(client: Client, vaultId: string, checkpointId: string): Promise<BackupOutcome> {
  await waitUntil<true>({ label: "backing up", lookLater: `holdfast checkpoint show ${checkpointId}` }, async () => {
    const checkpoint = rowOf(await client.get(`/checkpoints/${checkpointId}`), "checkpoint");
    if (checkpoint.status !== "protecting") return { done: true, result: true };
    const known = (await checkpointTasks(client, vaultId, checkpointId)).map((task) => taskPercent(task) ?? 0);
    return { done: false, percent: known.length === 0 ? undefined : known.reduce((a, b) => a + b) / known.length };
  });
  return backupOutcome(client, checkpointId);
}

/** Why not every backup of the restore point is good, a line each; empty when all are. */
export async function backupFailures(client: Client, vaultId: string, outcome: BackupOutcome): Promise<string[]> {
  const bad = outcome.backups.filter((backup) => backup.status !== "available");
  const failed = await checkpointTasks(client, vaultId, outcome.checkpoint_id);
  const reasons = failed.flatMap((task) => taskError(task) ?? []);
  if (reasons.length > 0) return reasons;
  if (outcome.status !== "available") return [`restore point ${outcome.checkpoint_id} is ${cell(outcome.status)}`];
  return bad.map((backup) => `backup ${idOf(backup)} is ${cell(backup.status)}`);
}

export interface RestoreRequest {
  readonly backupId: string;
  readonly target: { readonly volume_id: string } | { readonly server_id: string };
  /** Disk backup → disk; absent: every disk onto itself. */
  readonly mappings?: readonly { readonly backup_id: string; readonly volume_id: string }[];
  readonly powerOn: boolean;
}

/** Starts a restore; answers the id of its task. */
export async function startRestore(client: Client, request: RestoreRequest): Promise<string> {
  const answer = await client.send("POST", `/backups/${request.backupId}/restore`, {
    restore: {
      ...request.target,
      ...(request.mappings === undefined ? {} : { mappings: request.mappings }),
      power_on: request.powerOn,
    },
  });
  return String(answer.job_id);
}

/** Waits until the restore is over and answers its task. */
export function finishRestore(client: Client, taskId: string): Promise<Row> {
  return waitUntil({ label: "restoring", lookLater: `holdfast task show ${taskId}` }, lookAtTask(client, taskId));
}

/** Deletes a backup and, if asked, waits until it is gone. @throws CommandFailed when it came back */
export async function deleteBackup(client: Client, id: string, wait: boolean): Promise<void> {
  await client.send("DELETE", `/backups/${id}`);
  if (!wait) return;
  await waitUntilGone(
    { label: "deleting", lookLater: "holdfast task list --type delete" },
    async () => rowOf(await client.get(`/backups/${id}`), "backup"),
    ({ status }) => (status === "deleting" ? undefined : `backup ${id} was not deleted; it is ${cell(status)} again`),
  );
}
