/** The task `backup-member.open` as a Lambda function. */
import { taskHandler } from "../kit/task-handler.ts";
import { ec2 } from "../parts/ec2.ts";
import { records } from "../parts/records.ts";

export const handler = taskHandler("backup-member.open", { records, ec2 });
