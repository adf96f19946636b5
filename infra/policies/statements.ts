/** What is one grant of a policy, for each thing of a deployment that a function may use? */
import { recordsTable } from "../../adapters/aws/dynamodb/table.ts";
import type { Names } from "../names.ts";

/** One grant. Plain data: the stacks turn it into IAM, the tests compare it with the calls that were recorded. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Conditions;
  /** Default: allows. */
  readonly deny?: true;
}

/** IAM condition operator → condition key → values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** What a policy is about: this deployment and nothing else of the account. */
export interface Scope {
  readonly names: Names;
  /** ARN of the deployment's KMS key. */
  readonly keyArn: string;
  /** ARNs of the keys that volumes are encrypted with. */
  readonly volumeKeys: readonly string[];
}

/** A function's policy. */
export type Policy = (scope: Scope) => readonly Statement[];

/** Ways to use the table; `g1` to `g3` are queries of that index. */
type RecordUse = "get" | "getMany" | "query" | "put" | "add" | "delete" | "check" | "g1" | "g2" | "g3";

/**
 * A transaction needs the actions of its parts, there is none of its own (DynamoDB guide, "Using IAM with DynamoDB
 * transactions").
 */
const RECORD_ACTIONS = {
  get: "GetItem",
  getMany: "BatchGetItem",
  query: "Query",
  put: "PutItem",
  add: "UpdateItem",
  delete: "DeleteItem",
  check: "ConditionCheckItem",
} as const;

/** The table, in these ways; and its key, as DynamoDB uses it for the caller. */
export function records({ names, keyArn }: Scope, ...uses: readonly RecordUse[]): readonly Statement[] {
  const actions = uses.flatMap((use) => (use in RECORD_ACTIONS ? [RECORD_ACTIONS[use as "get"]] : []));
  const indexes = uses.flatMap((use) => (use in recordsTable.indexes ? [recordsTable.indexes[use as "g1"].name] : []));
  return [
    { actions: actions.map((action) => `dynamodb:${action}`), resources: [names.tableArn] },
    ...(indexes.length === 0
      ? []
      : [
          {
            actions: ["dynamodb:Query"],
            resources: indexes.map((index) => `${names.tableArn}/index/${index}`),
          },
        ]),
    {
      // DynamoDB guide, "DynamoDB encryption at rest usage notes": the table's key is opened on behalf of who calls.
      actions: ["kms:Decrypt"],
      resources: [keyArn],
      conditions: {
        StringEquals: {
          "kms:ViaService": via(names, "dynamodb"),
          "kms:EncryptionContext:aws:dynamodb:tableName": names.table,
        },
      },
    },
  ];
}

/** Kinds of objects, by the second segment of their names (docs/format.md). */
type ObjectKind = "packs" | "roots" | "intents" | "keys" | "hooks" | "avoid" | "maps";

/** Reads objects of any kind. ListBucket is what makes S3 answer 404 instead of 403 for one that is not there. */
export function readObjects({ names, keyArn }: Scope): readonly Statement[] {
  return [
    { actions: ["s3:GetObject"], resources: [`${names.bucketArn}/*`] },
    { actions: ["s3:ListBucket"], resources: [names.bucketArn] },
    { actions: ["kms:Decrypt"], resources: [keyArn], conditions: forBucket(names) },
  ];
}

/** Reads objects, and writes objects of these kinds. No role may change or lock one, or touch a version. */
export function writeObjects(scope: Scope, ...kinds: readonly ObjectKind[]): readonly Statement[] {
  const { names, keyArn } = scope;
  return [
    ...readObjects(scope),
    { actions: ["s3:PutObject"], resources: kinds.map((kind) => objectsOf(names, kind)) },
    { actions: ["kms:GenerateDataKey"], resources: [keyArn], conditions: forBucket(names) },
  ];
}

/** Puts a delete marker over objects of these kinds; what it hides stays for 14 days (data stack). Looks first that there are versions. */
export const trashObjects = ({ names }: Scope, ...kinds: readonly ObjectKind[]): readonly Statement[] => [
  { actions: ["s3:GetBucketVersioning"], resources: [names.bucketArn] },
  { actions: ["s3:DeleteObject"], resources: kinds.map((kind) => objectsOf(names, kind)) },
];

/** `<key domain>/<kind>/<name>`. */
const objectsOf = (names: Names, kind: ObjectKind): string => `${names.bucketArn}/*/${kind}/*`;

/** With a bucket key the encryption context is the bucket's ARN (S3 guide, "Reducing the cost of SSE-KMS"). */
const forBucket = (names: Names): Conditions => ({
  StringEquals: { "kms:ViaService": via(names, "s3"), "kms:EncryptionContext:aws:s3:arn": names.bucketArn },
});

/** What a small secret is for: the `purpose` of its encryption context. */
type Purpose = "domain-key" | "secret-access-key" | "temporary-secret-key" | "initial-password" | "audit-batch";

const secrets =
  (action: "kms:Encrypt" | "kms:Decrypt") =>
  ({ keyArn }: Scope, ...purposes: readonly Purpose[]): readonly Statement[] => [
    {
      actions: [action],
      resources: [keyArn],
      conditions: { StringEquals: { "kms:EncryptionContext:purpose": purposes } },
    },
  ];

/** Wraps secrets of these purposes. */
export const wrap = secrets("kms:Encrypt");
/** Opens secrets of these purposes. */
export const unwrap = secrets("kms:Decrypt");

/** Starts these workflows. */
export const start = ({ names }: Scope, ...workflows: readonly string[]): readonly Statement[] => [
  { actions: ["states:StartExecution"], resources: workflows.map(names.machineArn) },
];

/** Asks how executions of these workflows ended. */
export const status = ({ names }: Scope, ...workflows: readonly string[]): readonly Statement[] => [
  { actions: ["states:DescribeExecution"], resources: workflows.map(names.executionArns) },
];

/** Publishes notices, on the topic and on the account's bus. */
export const notices = ({ names, keyArn }: Scope): readonly Statement[] => [
  { actions: ["sns:Publish"], resources: [names.topicArn] },
  { actions: ["events:PutEvents"], resources: [names.eventBusArn] },
  {
    // SNS guide, "Configuring Amazon SNS encryption": who publishes needs both.
    actions: ["kms:GenerateDataKey", "kms:Decrypt"],
    resources: [keyArn],
    conditions: { StringEquals: { "kms:ViaService": via(names, "sns") } },
  },
];

/** Writes the function's own log. */
export const logs = ({ names }: Scope, fn: string): Statement => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [names.arn("logs", `log-group:${names.functionLogs(fn)}:log-stream:*`)],
});

/** Leaves an event that failed in the queue of dead letters. */
export const deadLetters = ({ names }: Scope): Statement => ({
  actions: ["sqs:SendMessage"],
  resources: [names.deadLettersArn],
});

/** A service as KMS names it, when that service uses a key for its caller. */
export const via = ({ place }: Names, service: string): string => `${service}.${place.region}.${place.urlSuffix}`;
