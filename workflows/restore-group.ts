/** The edge of restore-group.asl.json and compare-group.asl.json: what their tasks are given. */
import { z } from "zod";
import { cursor, group, id } from "./edges.ts";

export const unit = z.object({ backupId: id, taskId: id, group, cursor });
