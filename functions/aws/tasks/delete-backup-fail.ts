/** The task `delete-backup.fail` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { notifier } from "../parts/notifier.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("delete-backup.fail", { records, notifier });
