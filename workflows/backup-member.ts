/** The edges of backup-member.asl.json: what each of its tasks is given. */
import { z } from "zod";
import { attempt, caught, fence, id } from "./edges.ts";

export const open = z.object({ backupId: id });
export const capture = z.object({ backupId: id, fence, attempt });
export const ready = z.object({ backupId: id, fence, attempt });
export const confirm = z.object({ backupId: id, fence, attempt });
export const seal = z.object({ backupId: id, fence });
export const fail = z.object({ backupId: id, error: caught });
