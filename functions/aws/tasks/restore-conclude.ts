/** The task `restore.conclude` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { notifier } from "../parts/notifier.ts";
import { records } from "../parts/records.ts";
import { targets } from "../parts/targets.ts";

export const handler = taskHandler("restore.conclude", { records, targets, notifier });
