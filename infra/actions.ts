/** Which IAM actions does a call of the AWS SDK need? The Service Authorization Reference's names are not always the API's. */

/** What a call needs. */
export interface Needs {
  /** Each of these. */
  readonly all: readonly string[];
  /** And at least one of these: which, depends on what was in the call. */
  readonly some?: readonly string[];
  /** These may be asked for as well, by the service or depending on what was in the call: allowing them is no waste. */
  readonly also?: readonly string[];
}

const one = (...all: readonly string[]): Needs => ({ all });

/** Reading and writing encrypted things uses the key in the caller's name, behind the call. */
const encrypted = (also: readonly string[], ...all: readonly string[]): Needs => ({ all, also });
const OPEN = ["kms:Decrypt"];
const SEAL = ["kms:GenerateDataKey"];
/** What may be asked for when a volume has a key of its own: EBS user guide, "Requirements for Amazon EBS encryption". */
const VOLUME_KEY = [
  "kms:CreateGrant",
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
];

/** Operations whose action has another name than `service:Operation`, or that need more than it. */
const SPECIAL: Readonly<Record<string, Needs>> = {
  // DynamoDB guide, "Using IAM with DynamoDB transactions": the actions of the parts.
  "dynamodb:TransactWriteItems": {
    all: [],
    some: ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"],
    also: OPEN,
  },
  ...Object.fromEntries(
    ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"].map((operation) => [
      `dynamodb:${operation}`,
      encrypted(OPEN, `dynamodb:${operation}`),
    ]),
  ),
  // S3 user guide, "Required permissions for Amazon S3 API operations".
  "s3:GetObject": encrypted([...OPEN, "s3:ListBucket"], "s3:GetObject"),
  "s3:HeadObject": encrypted([...OPEN, "s3:ListBucket"], "s3:GetObject"),
  "s3:PutObject": encrypted([...SEAL, ...OPEN], "s3:PutObject"),
  "s3:ListObjectsV2": one("s3:ListBucket"),
  "s3:HeadBucket": one("s3:ListBucket"),
  // SNS guide, "Key management" of encrypted topics.
  "sns:Publish": encrypted([...SEAL, ...OPEN], "sns:Publish"),
  // EC2 user guide, "Grant permission to tag Amazon EC2 resources during creation".
  "ec2:CreateSnapshot": encrypted(["ec2:CreateTags"], "ec2:CreateSnapshot"),
  "ec2:CreateSnapshots": encrypted(["ec2:CreateTags"], "ec2:CreateSnapshots"),
  "ec2:CreateVolume": encrypted(["ec2:CreateTags", ...VOLUME_KEY], "ec2:CreateVolume"),
  "ec2:AttachVolume": encrypted(VOLUME_KEY, "ec2:AttachVolume"),
  "ec2:StartInstances": encrypted(VOLUME_KEY, "ec2:StartInstances"),
  "ec2:CreateReplaceRootVolumeTask": encrypted(["ec2:CreateTags", ...VOLUME_KEY], "ec2:CreateReplaceRootVolumeTask"),
  "ebs:StartSnapshot": encrypted(["ec2:CreateTags", ...VOLUME_KEY], "ebs:StartSnapshot"),
  "ebs:PutSnapshotBlock": encrypted(VOLUME_KEY, "ebs:PutSnapshotBlock"),
  "ebs:GetSnapshotBlock": encrypted(VOLUME_KEY, "ebs:GetSnapshotBlock"),
};

/** The SDK's client → the prefix of its actions. */
const PREFIXES: Readonly<Record<string, string>> = {
  dynamodb: "dynamodb",
  s3: "s3",
  kms: "kms",
  sns: "sns",
  ec2: "ec2",
  ebs: "ebs",
  sfn: "states",
  eventbridge: "events",
  cloudwatch: "cloudwatch",
};

/** A call of a service that this file does not know. */
export class CallUnknown extends Error {
  override readonly name = "CallUnknown";
}

/** What a recorded call needs. @throws CallUnknown */
export function needsOf(service: string, operation: string): Needs {
  const prefix = PREFIXES[service];
  if (prefix === undefined) throw new CallUnknown(`infra/actions.ts knows no actions of the client ${service}`);
  const action = `${prefix}:${operation}`;
  return SPECIAL[action] ?? one(action);
}
