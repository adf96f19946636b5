/** The task `backup-member.ready` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { ec2 } from "../parts/ec2.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup-member.ready", { records, ec2 });
