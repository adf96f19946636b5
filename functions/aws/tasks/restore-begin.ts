/** The task `restore.begin` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { ec2 } from "../parts/ec2.ts";
import { engine } from "../parts/engine.ts";
import { keys } from "../parts/keys.ts";
import { objects } from "../parts/objects.ts";
import { records } from "../parts/records.ts";
import { targets } from "../parts/targets.ts";

export const handler = taskHandler("restore.begin", { records, objects, keys, engine, ec2, targets });
