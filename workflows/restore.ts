/** The edges of restore.asl.json: what each of its tasks is given. */
import { z } from "zod";
import { caught, cursor, group, id } from "./edges.ts";

export const begin = z.object({ backupId: id, taskId: id });
export const write = z.object({ backupId: id, taskId: id, group, cursor });
export const conclude = z.object({ backupId: id, taskId: id });
export const fail = z.object({ backupId: id, taskId: id, error: caught });
