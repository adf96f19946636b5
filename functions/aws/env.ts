/** Which variables does a function of the AWS host read? The stacks set them; a missing one stops the function at once. */
import * as z from "zod";

const text = z.string().min(1);
const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** Every variable there is. Each function gets those that its parts read ({@link variablesOf}). */
const Variables = z.object({
  /** Name of the deployment; every physical name begins with it. */
  HOLDFAST_NAME: text,
  HOLDFAST_TABLE: text,
  HOLDFAST_BUCKET: text,
  /** ARN of the KMS key that wraps domain keys, secrets and passwords. */
  HOLDFAST_KEY: text,
  /** ARN of the SNS topic that notices go to. */
  HOLDFAST_TOPIC: text,
  /** `arn:<partition>:states:<region>:<account>:stateMachine:<name>-`: a workflow's name completes it. */
  HOLDFAST_MACHINES: text,
  /** The region that the identity calls tell clients. */
  HOLDFAST_REGION_NAME: text,
  /** Milliseconds after which a unit stops at the next leaf; it must be well below the function's time-out. */
  HOLDFAST_UNIT_BUDGET_MS: whole(1, 840_000).default(720_000),
  /** Groups that the disks of a run are cut into at most. */
  HOLDFAST_MOST_GROUPS: whole(1, 200).default(100),
  /** zstd level. */
  HOLDFAST_LEVEL: whole(1, 19).default(3),
});

export type VariableName = keyof typeof Variables.shape;

/** What a function is made of besides its use case; most parts talk to one AWS service. */
export type PartName =
  | "records"
  | "objects"
  | "keys"
  | "ec2"
  | "targets"
  | "blocks"
  | "engine"
  | "workflows"
  | "notifier"
  | "identity";

const OF_PART: Readonly<Record<PartName, readonly VariableName[]>> = {
  records: ["HOLDFAST_TABLE"],
  objects: ["HOLDFAST_BUCKET"],
  keys: ["HOLDFAST_KEY"],
  ec2: [],
  targets: [],
  blocks: [],
  engine: [],
  workflows: ["HOLDFAST_MACHINES"],
  notifier: ["HOLDFAST_TOPIC"],
  identity: ["HOLDFAST_REGION_NAME"],
};

const OF_ALL: readonly VariableName[] = [
  "HOLDFAST_NAME",
  "HOLDFAST_UNIT_BUDGET_MS",
  "HOLDFAST_MOST_GROUPS",
  "HOLDFAST_LEVEL",
];

/** The variables that a function made of these parts reads. */
export function variablesOf(parts: readonly PartName[]): readonly VariableName[] {
  return [...OF_ALL, ...parts.flatMap((part) => OF_PART[part])];
}

/** The values of a function's variables. */
export type Environment = z.output<typeof Variables>;

/**
 * One variable, checked. @throws EnvironmentInvalid naming the variable and the rule
 */
export function variable<Name extends VariableName>(
  env: Readonly<Record<string, string | undefined>>,
  name: Name,
): Environment[Name] {
  const parsed = Variables.shape[name].safeParse(env[name]);
  if (parsed.success) return parsed.data as Environment[Name];
  const given = env[name] === undefined ? "is not set" : `is "${env[name]}"`;
  throw new EnvironmentInvalid(`the variable ${name} ${given}: ${parsed.error.issues[0]?.message ?? "not valid"}`);
}

/** The function was deployed without a variable that it reads, or with a bad one. */
export class EnvironmentInvalid extends Error {
  override readonly name = "EnvironmentInvalid";
}
