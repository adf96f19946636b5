/** The task `backup.prepare` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup.prepare", { records });
