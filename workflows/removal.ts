/** The edges of delete-backup, remove-resource and delete-vault: what each of their tasks is given. */
import { z } from "zod";
import { caught, id } from "./edges.ts";

export const removeBackup = z.object({ backupId: id, taskId: id });
export const failBackup = z.object({ backupId: id, taskId: id, error: caught });
export const batch = z.object({ taskId: id, round: z.number().int().min(0) });
export const failBatch = z.object({ taskId: id, error: caught });
