/** The contract of checkpoints and backups (cbr-api 7.4). */
import { z } from "zod";
import { createCheckpointBody, renameBackupBody, restoreBody } from "../schemas/backups.ts";
import { page, uuid } from "./answers.ts";
import { backup, checkpoint, metadata } from "./backup-answers.ts";
import { instant, paging, text, texts } from "./parameters.ts";

export const backupOperations = {
  CreateCheckpoint: {
    summary: "Backs up the resources of a vault now",
    body: createCheckpointBody,
    answers: { 200: z.strictObject({ checkpoint }) },
  },
  ShowCheckpoint: {
    summary: "Shows what one run over a vault made",
    answers: { 200: z.strictObject({ checkpoint }) },
  },
  ListBackups: {
    summary: "Lists backups, the newest first",
    query: {
      ...paging,
      sort: text.max(255).meta({ description: "keys with :asc or :desc, comma-joined" }),
      id: texts,
      checkpoint_id: text,
      parent_id: text,
      vault_id: text,
      resource_id: text,
      status: texts,
      name: text,
      image_type: text,
      resource_name: text,
      resource_type: text,
      resource_az: text,
      start_time: instant,
      end_time: instant,
      enterprise_project_id: text,
      own_type: z.enum(["private", "shared", "all_granted"]),
      used_percent: z.int().min(1).max(100),
      incremental: z.boolean(),
    },
    answers: { 200: z.strictObject({ backups: z.array(backup), ...page }) },
  },
  ShowBackup: {
    summary: "Shows a backup, with its disks if it is of a server",
    answers: { 200: z.strictObject({ backup }) },
  },
  UpdateBackup: {
    summary: "Renames a backup",
    body: renameBackupBody,
    answers: { 200: z.strictObject({ backup }) },
  },
  DeleteBackup: { summary: "Deletes a backup", answers: { 204: null } },
  RestoreBackup: {
    summary: "Restores a backup",
    body: restoreBody,
    answers: { 202: z.strictObject({ job_id: uuid.meta({ description: "the task: poll it" }) }) },
  },
  ShowMetadata: {
    summary: "Shows the resource as it was at backup time",
    answers: { 200: metadata },
  },
} as const;
