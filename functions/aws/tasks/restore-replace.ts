/** The task `restore.replace` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { records } from "../parts/records.ts";
import { targets } from "../parts/targets.ts";

export const handler = taskHandler("restore.replace", { records, targets });
