/** The task `restore.swap` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { records } from "../parts/records.ts";
import { targets } from "../parts/targets.ts";

export const handler = taskHandler("restore.swap", { records, targets });
