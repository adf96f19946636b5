/** How are the real stacks deployed by the real `cdk`, as an operator would, and how is the first account made? */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { inject } from "vitest";
import type { InitialCredentials } from "../../core/app/identity/bootstrap.ts";
import { EMULATED_ACCOUNT } from "../support/emulators/start.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A deployment, ready to be called. */
export interface Deployed {
  /** Its name: the first part of every physical name. */
  readonly name: string;
  /** Outputs of all its stacks: ApiUrl, ApiId, TableName, BucketName, AdminFunction … */
  readonly outputs: Readonly<Record<string, string>>;
  readonly credentials: InitialCredentials;
}

/** A command ended with an error; the message holds what it said. */
class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** `cdk` and `holdfast` under the Node that runs the tests, in the repository. @returns standard output */
function run(script: string, args: readonly string[], cwd = ROOT): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`, CI: "true" },
  });
  let out = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    all += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new CommandFailed(`${script} ${args.join(" ")} ended with ${code}:\n${all.slice(-6_000)}`));
    });
  });
}

const CDK = "node_modules/aws-cdk/bin/cdk";

/** `cdk` in the repository. @returns standard output @throws CommandFailed, with all that it said */
export const cdk = (...args: readonly string[]): Promise<string> => run(CDK, args);

/** The `holdfast` command. @returns standard output @throws CommandFailed, with all that it said */
export const holdfast = (...args: readonly string[]): Promise<string> => run("cli/bin.js", args);

/** Options of a deployment as `cdk` takes them. */
export function contextOf(name: string, context: Readonly<Record<string, string>> = {}): string[] {
  const { kind } = inject("aws");
  const emulated = kind === "emulators" ? { emulator: "true", reservedConcurrency: "false" } : {};
  const all = { name, retainOnDestroy: "false", ...emulated, ...context };
  return Object.entries(all).flatMap(([key, value]) => ["--context", `${key}=${value}`]);
}

/** Where a deployment's templates and code were written by its last deploy: what `cdk --app` takes instead of making them. */
export const assemblyOf = (name: string): string => join(inject("aws").logs, `${name}.cdk.out`);

/** Once for each test file: the second time takes as long as the first and changes nothing. */
let bootstrapped: Promise<string> | undefined;

/** Deploys all stacks; again with the same name changes what differs. @returns the outputs of all of them */
export async function deployStacks(
  name: string,
  context: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const { kind, logs } = inject("aws");
  // In a folder without cdk.json: nothing of ours is synthesised for it.
  if (kind === "emulators")
    bootstrapped ??= run(CDK, ["bootstrap", `aws://${EMULATED_ACCOUNT}/${process.env.AWS_REGION}`], logs);
  await bootstrapped;
  const outputsFile = join(logs, `${name}.outputs.json`);
  await cdk(
    ...["deploy", "--all", "--require-approval", "never", "--progress", "events"],
    ...["--outputs-file", outputsFile, "--output", assemblyOf(name)],
    ...contextOf(name, context),
  );
  const stacks = JSON.parse(readFileSync(outputsFile, "utf8")) as Record<string, Record<string, string>>;
  return Object.assign({}, ...Object.values(stacks)) as Record<string, string>;
}

/** Makes the account of a new deployment; its secrets are told once. */
export async function firstCredentials(name: string): Promise<InitialCredentials> {
  const file = join(inject("aws").logs, `${name}.credentials.json`);
  await holdfast("admin", "bootstrap", "--stack", name, "--out", file);
  return JSON.parse(readFileSync(file, "utf8")) as InitialCredentials;
}

/**
 * The deployment that test files share: made by the first that asks. Units of work stop after every leaf, so that every
 * disk of several leaves is transferred in several calls.
 */
export function sharedDeployment(): Promise<Deployed> {
  shared ??= deployShared();
  return shared;
}

/** Within this test file: one that failed is not tried again by every test. */
let shared: Promise<Deployed> | undefined;

async function deployShared(): Promise<Deployed> {
  const name = "hfshared";
  const file = join(inject("aws").logs, `${name}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Deployed;
  const outputs = await deployStacks(name, { unitBudgetMs: "1", mostGroups: "1" });
  const deployed: Deployed = { name, outputs, credentials: await firstCredentials(name) };
  writeFileSync(file, JSON.stringify(deployed), { mode: 0o600 });
  return deployed;
}
