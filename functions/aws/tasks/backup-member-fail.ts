/** The task `backup-member.fail` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { ec2 } from "../parts/ec2.ts";
import { notifier } from "../parts/notifier.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup-member.fail", { records, ec2, notifier });
