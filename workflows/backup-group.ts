/** The edge of backup-group.asl.json: what its task is given. */
import { z } from "zod";
import { attempt, cursor, fence, group, id } from "./edges.ts";

export const transfer = z.object({ backupId: id, fence, attempt, group, cursor });
