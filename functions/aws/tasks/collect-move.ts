/** The task `collect.move` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { engine } from "../parts/engine.ts";
import { keys } from "../parts/keys.ts";
import { objects } from "../parts/objects.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("collect.move", { records, objects, keys, engine });
