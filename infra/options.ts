/** What can an operator choose about a deployment, and how (context: `-c key=value`, or "context" in cdk.json)? */

/** The choices, checked. Account and region are the CLI's: `--profile`, `AWS_REGION`. */
export interface Options {
  /** First part of every physical name; two deployments in one account have two names. Default `holdfast`. */
  readonly name: string;
  /** Processor of the functions: `arm64` (default, a fifth cheaper) or `x86_64`. */
  readonly architecture: "arm64" | "x86_64";
  /**
   * Default true: table, bucket and key outlive their stack, and neither the table nor the stack can be deleted before this is
   * set to false and deployed. With false, `cdk destroy` deletes table and key, and the bucket once somebody has emptied it.
   */
  readonly retainOnDestroy: boolean;
  /** Address that alarms and notices go to, besides the topic; AWS asks it to confirm. Default none. */
  readonly alarmEmail: string | undefined;
  /**
   * Default false: the functions run outside any VPC and reach only AWS services. `vpc=vpc-…` puts them into that VPC, into
   * `subnets=subnet-…,subnet-…` (at least one; two zones are better). From there they must reach DynamoDB and S3 (gateway
   * endpoints, free), and KMS, Step Functions, SNS, EventBridge, EC2 and EBS direct (interface endpoints `kms`, `states`, `sns`,
   * `events`, `ec2`, `ebs`, or a NAT gateway). An interface endpoint's security group must admit HTTPS from the VPC.
   */
  readonly vpc: { readonly id: string; readonly subnets: readonly string[] } | undefined;
  /** Days that logs are kept; one of those that CloudWatch offers. Default 30. */
  readonly logRetentionDays: number;
  /**
   * Default false. `objectLock=30`: every object is locked for 30 days from when it was written (compliance mode): nobody, the
   * account's root user included, can remove that version earlier. Only a new bucket can get it, and it cannot be taken back.
   */
  readonly objectLock: number | undefined;
  /**
   * Default true: API, tick and data work have concurrency of their own, so that transfers cannot starve them. A fresh account
   * has too little of it (10): raise the quota "Concurrent executions" to 1,000, or set this to false until then.
   */
  readonly reservedConcurrency: boolean;
  /** Milliseconds after which a unit of data work stops at the next leaf and is called again. Default 720,000. */
  readonly unitBudgetMs: number;
  /** Groups that the disks of a run are cut into at most, 1 to 200: how much is lost when one is tried again. Default 100. */
  readonly mostGroups: number;
  /** What the API tells clients its region is called. Default: the AWS region. */
  readonly regionName: string | undefined;
  /**
   * ARNs of customer-managed KMS keys that volumes are encrypted with, with commas between. The key's own policy must admit
   * this account or these roles. Volumes under the account's `aws/ebs` key need no entry. Default none.
   */
  readonly volumeKeys: readonly string[];
  /** For tests on emulated AWS only: task functions run under a small runtime that keeps the names of errors. Default false. */
  readonly emulator: boolean;
}

/** A context value is missing, misspelt or out of range. The message names it and the rule. */
export class OptionInvalid extends Error {
  override readonly name = "OptionInvalid";
}

const refuse = (key: string, rule: string, given: unknown): never => {
  throw new OptionInvalid(`context "${key}": ${rule}; it is ${JSON.stringify(given)}`);
};

/** CloudWatch Logs API reference, PutRetentionPolicy. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
/** Object Lock's longest default retention: S3 user guide, "Object Lock considerations" (100 years). */
const LONGEST_LOCK_DAYS = 36_500;
/** The function of a unit has 870 s; what a unit does after its budget (its last leaf, its pack, its records) fits in the rest. */
const LONGEST_BUDGET_MS = 840_000;
/** More groups a run than this would pass a limit of Step Functions: core/domain/plan.ts, which infra must not import. */
const MOST_GROUPS = 200;

type Read<T> = (key: string, value: unknown) => T;

const yesOrNo: Read<boolean> = (key, value) =>
  value === true || value === "true"
    ? true
    : value === false || value === "false"
      ? false
      : refuse(key, "must be true or false", value);

const oneOf =
  <const T extends string>(...allowed: readonly T[]): Read<T> =>
  (key, value) =>
    allowed.find((one) => one === value) ?? refuse(key, `must be ${allowed.join(" or ")}`, value);

const matching =
  (pattern: RegExp, rule: string): Read<string> =>
  (key, value) =>
    typeof value === "string" && pattern.test(value) ? value : refuse(key, rule, value);

const whole =
  (least: number, most: number): Read<number> =>
  (key, value) => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    const fits = typeof number === "number" && Number.isInteger(number) && number >= least && number <= most;
    return fits ? number : refuse(key, `must be a whole number from ${least} to ${most}`, value);
  };

const listOf =
  (pattern: RegExp, rule: string): Read<readonly string[]> =>
  (key, value) => {
    const all = typeof value === "string" ? value.split(",").map((one) => one.trim()) : value;
    const good = Array.isArray(all) && all.every((one) => typeof one === "string" && pattern.test(one));
    return good ? [...new Set<string>(all)] : refuse(key, rule, value);
  };

/** `false` switches the option off. */
const orOff =
  <T>(read: Read<T>): Read<T | undefined> =>
  (key, value) =>
    value === false || value === "false" ? undefined : read(key, value);

const logRetention: Read<number> = (key, value) => {
  const days = Number(value);
  return RETENTION_DAYS.includes(days) ? days : refuse(key, `must be one of ${RETENTION_DAYS.join(", ")}`, value);
};

const READERS = {
  // No hyphen: with one, "a-b" + "-c" and "a" + "-b-c" would be one name. 20: a role is named name-function-region, 64 at most.
  name: matching(/^[a-z][a-z0-9]{1,19}$/, "must be 2 to 20 lower-case letters and digits, a letter first"),
  architecture: oneOf("arm64", "x86_64"),
  retainOnDestroy: yesOrNo,
  alarmEmail: matching(/^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/, "must be an e-mail address"),
  vpc: orOff(matching(/^vpc-[0-9a-f]{8,17}$/, 'must be false or a VPC\'s id, "vpc-…"')),
  subnets: listOf(/^subnet-[0-9a-f]{8,17}$/, 'must be subnet ids, "subnet-…", with commas between'),
  logRetentionDays: logRetention,
  objectLock: orOff(whole(1, LONGEST_LOCK_DAYS)),
  reservedConcurrency: yesOrNo,
  unitBudgetMs: whole(1, LONGEST_BUDGET_MS),
  mostGroups: whole(1, MOST_GROUPS),
  regionName: matching(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, hyphens or underscores"),
  volumeKeys: listOf(
    /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
    "must be ARNs of KMS keys (not of aliases), with commas between",
  ),
  emulator: yesOrNo,
} as const;

/** Keys of the CDK's own that have no namespace. */
const OF_THE_CDK = ["cli-telemetry", "acknowledged-issue-numbers", "notices"];

/**
 * Reads the options from the app's context. A key without a namespace that is not an option is refused: a misspelt
 * `retainOnDestory` must not be a silent default.
 * @throws OptionInvalid
 */
export function readOptions(context: Readonly<Record<string, unknown>>): Options {
  for (const key of Object.keys(context)) {
    if (key in READERS || OF_THE_CDK.includes(key)) continue;
    if (key.startsWith("holdfast:")) refuse(key, `options have no prefix; known are ${known()}`, context[key]);
    if (!/[:/@]/.test(key)) refuse(key, `is no option; known are ${known()}`, context[key]);
  }
  const get = <Key extends keyof typeof READERS>(key: Key) => {
    const value = context[key];
    return value === undefined ? undefined : (READERS[key](key, value) as ReturnType<(typeof READERS)[Key]>);
  };
  const emulator = get("emulator") ?? false;
  return {
    name: get("name") ?? "holdfast",
    // The emulator runs on the processor of this machine and looks only at the runtime.
    architecture: get("architecture") ?? (emulator ? "x86_64" : "arm64"),
    retainOnDestroy: get("retainOnDestroy") ?? true,
    alarmEmail: get("alarmEmail"),
    vpc: vpcOf(get("vpc"), get("subnets")),
    logRetentionDays: get("logRetentionDays") ?? 30,
    objectLock: get("objectLock"),
    reservedConcurrency: get("reservedConcurrency") ?? true,
    unitBudgetMs: get("unitBudgetMs") ?? 720_000,
    mostGroups: get("mostGroups") ?? 100,
    regionName: get("regionName"),
    volumeKeys: get("volumeKeys") ?? [],
    emulator,
  };
}

const known = (): string => Object.keys(READERS).join(", ");

function vpcOf(id: string | undefined, subnets: readonly string[] | undefined): Options["vpc"] {
  if (id === undefined) {
    if (subnets !== undefined) refuse("subnets", "means nothing without vpc", subnets);
    return undefined;
  }
  if (subnets === undefined || subnets.length === 0)
    return refuse("subnets", "is required with vpc: the private subnets that the functions run in", subnets ?? null);
  return { id, subnets };
}
