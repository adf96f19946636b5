/** The task `backup-member.seal` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { ec2 } from "../parts/ec2.ts";
import { engine } from "../parts/engine.ts";
import { keys } from "../parts/keys.ts";
import { notifier } from "../parts/notifier.ts";
import { objects } from "../parts/objects.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup-member.seal", { records, objects, keys, engine, ec2, notifier });
