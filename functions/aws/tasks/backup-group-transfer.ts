/** The task `backup-group.transfer` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { blocks } from "../parts/blocks.ts";
import { engine } from "../parts/engine.ts";
import { keys } from "../parts/keys.ts";
import { objects } from "../parts/objects.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup-group.transfer", { records, objects, keys, engine, blocks });
