/** The task `delete-vault.fail` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { notifier } from "../parts/notifier.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("delete-vault.fail", { records, notifier });
