/** The task `delete-backup.remove` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { engine } from "../parts/engine.ts";
import { keys } from "../parts/keys.ts";
import { notifier } from "../parts/notifier.ts";
import { objects } from "../parts/objects.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("delete-backup.remove", { records, objects, keys, engine, notifier });
