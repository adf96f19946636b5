/** The edges of restore.asl.json: what each of its tasks is given. */
import { z } from "zod";
import { caught, id } from "./edges.ts";

/** Begin, Finish, Replace, Swap and Conclude. */
export const step = z.object({ backupId: id, taskId: id });
export const fail = z.object({ backupId: id, taskId: id, error: caught });
