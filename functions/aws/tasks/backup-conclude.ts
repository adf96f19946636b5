/** The task `backup.conclude` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { notifier } from "../parts/notifier.ts";
import { objects } from "../parts/objects.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup.conclude", { records, objects, notifier });
