/** What do the policies allow that no test on emulators calls, and why? The list fails when it is out of date (zz-iam.test.ts). */
import type { Unused } from "../compare-calls.ts";

/** What undoing a restore takes: putting volumes back, starting the server, deleting what was made. */
const UNDO = [
  "ec2:AttachVolume",
  "ec2:CreateTags",
  "ec2:DeleteSnapshot",
  "ec2:DeleteTags",
  "ec2:DeleteVolume",
  "ec2:ModifyInstanceAttribute",
  "ec2:StartInstances",
] as const;

export const UNUSED: readonly Unused[] = [
  {
    functions: "every",
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    reason: "the Lambda service writes the log with the function's role",
  },
  {
    functions: ["admin"],
    actions: ["dynamodb:Query", "dynamodb:DeleteItem"],
    sometimes: true,
    reason: "accounts are changed in the tests of the use cases and of the command (test/app/accounts*, test/cli)",
  },
  {
    functions: ["tick", "sweep"],
    actions: ["sqs:SendMessage"],
    reason: "the Lambda service leaves an event that failed in the queue, with the function's role",
  },
  {
    functions: ["tick"],
    actions: [
      ...["GetItem", "BatchGetItem", "PutItem", "DeleteItem", "ConditionCheckItem"].map(
        (operation) => `dynamodb:${operation}`,
      ),
      "states:StartExecution",
      "states:DescribeExecution",
      ...["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes", ...UNDO],
      ...["sns:Publish", "events:PutEvents", "kms:GenerateDataKey"],
    ],
    sometimes: true,
    reason:
      "it starts what was not started and ends what ended badly, from ten minutes after a run began on (test/app/tick*), and at a policy's points (test/app/policies*)",
  },
  {
    functions: ["tick"],
    actions: ["dynamodb:ConditionCheckItem", "kms:Encrypt"],
    sometimes: true,
    reason: "an hour of the audit trail is sealed ten minutes after its end (test/app/audit*)",
  },
  {
    functions: ["sweep"],
    actions: [
      ...["dynamodb:GetItem", "kms:Decrypt"],
      ...["ec2:DescribeSnapshots", "ec2:DescribeVolumes", "ec2:DeleteSnapshot", "ec2:DeleteVolume"],
    ],
    sometimes: true,
    reason: "it runs each hour, and frees only what is an hour old (test/app, test/adapters/aws)",
  },
  {
    functions: ["backup-conclude"],
    actions: ["dynamodb:DeleteItem", "s3:DeleteObject", "s3:GetBucketVersioning", "s3:PutObject"],
    sometimes: true,
    reason: "a root that was deleted while a run held it, or that a failed run left, goes at the run's end",
  },
  {
    functions: ["backup-conclude"],
    actions: ["dynamodb:PutItem"],
    sometimes: true,
    reason:
      "writes the vault only when its threshold was crossed or it has grown (test/app/capacity*), and the ledger only of a run that a policy made (test/app/policies*)",
  },
  {
    functions: ["admin"],
    actions: ["sns:Publish", "events:PutEvents", "kms:GenerateDataKey"],
    sometimes: true,
    reason: "tells of a vault that is frozen or released (test/app/freeze*)",
  },
  {
    functions: ["backup-conclude"],
    actions: ["s3:GetObject", "s3:ListBucket"],
    sometimes: true,
    reason: "asks whose object it is, when the answer to its put was lost",
  },
  {
    functions: ["backup-group-transfer"],
    actions: ["dynamodb:DeleteItem"],
    sometimes: true,
    reason: "takes a result back, when a collection came between its packs and its confirmation (test/app/collect*)",
  },
  {
    functions: ["collect-plan"],
    actions: ["s3:DeleteObject", "s3:GetBucketVersioning"],
    sometimes: true,
    reason: "hides roots that were let go of and that nothing pins any more; most went when they were deleted",
  },
  {
    functions: ["collect-plan", "collect-finish"],
    actions: ["sns:Publish", "events:PutEvents", "kms:GenerateDataKey"],
    sometimes: true,
    reason: "tells of damaged maps, missing packs and orphans: made in the tests of the use cases (test/app/collect*)",
  },
  {
    functions: ["backup-member-capture"],
    actions: ["ec2:DeleteSnapshot"],
    sometimes: true,
    reason: "only of two calls that captured at once, or of an attempt that was given up",
  },
  {
    functions: ["restore-conclude"],
    actions: UNDO,
    sometimes: true,
    reason: "a restore that succeeded has nothing left to undo, unless one before it died half-way",
  },
  {
    functions: ["restore-fail"],
    actions: [
      ...["GetItem", "BatchGetItem", "PutItem", "DeleteItem"].map((operation) => `dynamodb:${operation}`),
      ...["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes", ...UNDO],
      ...["sns:Publish", "events:PutEvents", "kms:GenerateDataKey", "kms:Decrypt"],
    ],
    sometimes: true,
    reason:
      "restores fail in tests of the adapter and of the use case, where each step can be made to (test/app, test/adapters/aws)",
  },
  {
    functions: ["restore-replace"],
    actions: ["ec2:DescribeSnapshots"],
    reason: "looks snapshots up by their tags when it died between making them and writing them down",
  },
  {
    functions: ["restore-swap"],
    actions: ["ec2:CreateReplaceRootVolumeTask", "ec2:DescribeReplaceRootVolumeTasks"],
    reason: "only when the root volume alone is restored: no emulator replaces one, tested against a fake",
  },
  {
    functions: ["restore-swap"],
    actions: ["ec2:ModifyInstanceAttribute"],
    reason: "no volume of the scenarios ends with its server",
  },
  {
    functions: ["restore-swap"],
    actions: ["ec2:DescribeSnapshots", "dynamodb:PutItem"],
    sometimes: true,
    reason: "only after a death half-way, or when EC2 takes minutes to swap",
  },
  {
    functions: ["delete-backup-remove"],
    actions: ["s3:PutObject", "s3:DeleteObject", "s3:GetBucketVersioning", "kms:GenerateDataKey"],
    sometimes: true,
    reason: "what can be restored from goes to the trash; only failed backups let go of their roots at once",
  },
  {
    functions: ["delete-vault-batch"],
    actions: ["s3:GetObject", "s3:ListBucket"],
    sometimes: true,
    reason: "reads roots when a backup between two others goes",
  },
  {
    functions: ["remove-resource-batch"],
    actions: [
      ...["GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem"].map((operation) => `dynamodb:${operation}`),
      ...["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:GetBucketVersioning"],
      ...["kms:Decrypt", "kms:GenerateDataKey"],
    ],
    sometimes: true,
    reason: "no scenario removes a resource; a batch of it does what a batch of delete-vault does, which is called",
  },
  {
    functions: ["delete-backup-fail", "delete-vault-fail", "remove-resource-fail"],
    actions: ["dynamodb:GetItem", "dynamodb:PutItem", "kms:Decrypt"],
    sometimes: true,
    reason: "deletions fail in the tests of their use cases only",
  },
  {
    functions: ["delete-backup-fail", "delete-vault-fail"],
    actions: ["sns:Publish", "events:PutEvents", "kms:GenerateDataKey"],
    sometimes: true,
    reason: "tell of a deletion that failed, which is made to in the tests of the use cases (test/app/events*)",
  },
  {
    functions: ["delete-vault-fail", "remove-resource-fail"],
    actions: ["dynamodb:Query"],
    sometimes: true,
    reason: "deletions fail in the tests of their use cases only",
  },
];
