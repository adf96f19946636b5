/** How does a test get an emulated AWS: which emulators, with which settings, and how is it told to them? */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EmulatorSpec, type RunningEmulator, startEmulator } from "./emulator-process.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import { dynamodbLocalSpec } from "./java.ts";
import { EMULATORS_FOLDER, emulatorPython } from "./python.ts";

/** What to start. */
export interface EmulatorChoice {
  /** Everything but EC2 and EBS. */
  readonly ministack?: boolean;
  /** EC2 and EBS direct, with real bytes. */
  readonly moto?: boolean;
  /** The strict judge of DynamoDB expressions. */
  readonly dynamodbLocal?: boolean;
  /** A proxy between the Lambdas and all services, so that a test can make their calls fail. */
  readonly faults?: boolean;
  /** More for ministack's environment, which it copies into every Lambda. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ports to use instead of free ones. */
  readonly ports?: { readonly aws?: number; readonly ec2?: number; readonly dynamodbLocal?: number };
}

/** Where they answer. Only what was asked for is there. */
export interface EmulatorAddresses {
  /** ministack: the endpoint of everything but EC2 and EBS. */
  readonly aws?: string;
  /** moto: EC2 and EBS direct. */
  readonly ec2?: string;
  readonly dynamodbLocal?: string;
  /** Where rules are given to the proxy that the Lambdas' calls go through (fault-proxy.ts). */
  readonly faults?: string;
  /** What a process needs so that the AWS SDK, cdk and our command speak to them, and to nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder with one log per emulator, and `calls.jsonl`: the AWS calls that our Lambdas made (functions/aws/kit/call-log.ts). */
  readonly logs: string;
}

/** Running ones. */
export interface Emulators extends EmulatorAddresses {
  /** Ends all of them; also happens by itself when this process ends. */
  stop(): Promise<void>;
}

/** In the folder of logs: by how many milliseconds the clock of task functions is ahead, while it is there (bootstrap). */
export const CLOCK_FILE = "clock-ahead";

/** ministack's account; moto is told to use it too, or the ARNs of the two differ. */
export const EMULATED_ACCOUNT = "000000000000";
/** The region everything is in. */
const EMULATED_REGION = "us-east-1";
/** Logs of earlier runs that are kept. */
const KEPT_RUNS = 10;

/**
 * Starts them at the same time and waits until all answer. About 4 s; the first time ever a minute more.
 *
 * @throws EmulatorToolMissing (what to install) or EmulatorFailed (the end of its log)
 */
export async function startEmulators(choice: EmulatorChoice): Promise<Emulators> {
  const logs = newLogFolder();
  const python = choice.ministack || choice.moto ? await emulatorPython() : "";
  const running: RunningEmulator[] = [];
  const start = async (spec: EmulatorSpec) => {
    const one = await startEmulator(spec, logs);
    running.push(one);
    return one.url;
  };
  const found: { ec2?: string | undefined; aws?: string } = {};
  const upstream = (service: string) => (service === "ec2" || service === "ebs" ? found.ec2 : found.aws);
  const proxy = choice.faults ? await startFaultProxy(upstream) : undefined;
  const stop = async () => {
    await Promise.all(running.map((one) => one.stop()));
    await proxy?.close();
  };
  // moto first: ministack hands moto's address on to every Lambda.
  const began = await Promise.allSettled([
    (choice.moto ? start(motoSpec(python, choice.ports?.ec2)) : Promise.resolve(undefined)).then(async (ec2) => {
      const endpoints = proxy === undefined ? ec2Endpoints(ec2) : throughProxy(proxy.url);
      const aws = choice.ministack ? await start(ministackSpec(python, endpoints, logs, choice)) : undefined;
      Object.assign(found, { ec2, aws });
      return { ec2, aws };
    }),
    choice.dynamodbLocal ? dynamodbLocalSpec(choice.ports?.dynamodbLocal).then(start) : undefined,
  ] as const);
  const [pair, local] = began;
  if (pair.status === "rejected" || local.status === "rejected") {
    await stop();
    throw (pair.status === "rejected" ? pair : (local as PromiseRejectedResult)).reason;
  }
  const { aws, ec2 } = pair.value;
  return {
    ...(aws !== undefined && { aws }),
    ...(ec2 !== undefined && { ec2 }),
    ...(local.value !== undefined && { dynamodbLocal: local.value }),
    ...(proxy !== undefined && { faults: proxy.url }),
    env: { ...(aws !== undefined && { AWS_ENDPOINT_URL: aws }), ...ec2Endpoints(ec2), ...CREDENTIALS },
    logs,
    stop,
  };
}

/** Made-up keys, and nothing of the caller's own: a profile of theirs must never reach a real account from a test. */
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_SESSION_TOKEN: "",
  AWS_PROFILE: "",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_REGION: EMULATED_REGION,
  AWS_DEFAULT_REGION: EMULATED_REGION,
  AWS_EC2_METADATA_DISABLED: "true",
} as const;

/** ministack's own EC2 has neither EBS direct nor CreateSnapshots, so both go to moto. */
function ec2Endpoints(ec2: string | undefined): Record<string, string> {
  return ec2 === undefined ? {} : { AWS_ENDPOINT_URL_EC2: ec2, AWS_ENDPOINT_URL_EBS: ec2 };
}

/** Every service that our Lambdas call, by the names that the SDK has for them (AWS SDKs reference, "Service-specific endpoints"). */
function throughProxy(url: string): Record<string, string> {
  const services = ["DYNAMODB", "S3", "KMS", "SFN", "SNS", "EVENTBRIDGE", "EC2", "EBS"];
  return Object.fromEntries(services.map((service) => [`AWS_ENDPOINT_URL_${service}`, url]));
}

/** First on PATH: the Node that runs this, because every emulated Lambda runs the `node` found there; then Python's. */
function path(python: string): string {
  return [dirname(process.execPath), dirname(python), process.env.PATH ?? ""].join(delimiter);
}

function motoSpec(python: string, port: number | undefined): EmulatorSpec {
  return {
    name: "moto",
    command: python,
    args: (own) => [fileURLToPath(new URL("moto_server.py", import.meta.url)), "-H", "127.0.0.1", "-p", String(own)],
    env: () => ({
      PATH: path(python),
      HOME: process.env.HOME ?? "/",
      MOTO_ACCOUNT_ID: EMULATED_ACCOUNT,
      // Else a fresh account owns 1,301 snapshots.
      MOTO_EC2_LOAD_DEFAULT_AMIS: "false",
    }),
    readyPath: "/moto-api/",
    ...(port !== undefined && { port }),
  };
}

function ministackSpec(
  python: string,
  endpoints: Readonly<Record<string, string>>,
  logs: string,
  choice: EmulatorChoice,
): EmulatorSpec {
  const { aws: port } = choice.ports ?? {};
  return {
    name: "ministack",
    command: python,
    args: () => ["-m", "ministack"],
    env: (own) => ({
      PATH: path(python),
      HOME: process.env.HOME ?? "/",
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(own),
      LAMBDA_EXECUTOR: "local",
      IOT_MTLS_ENABLED: "0",
      LOG_LEVEL: "WARNING",
      // Failed asynchronous calls are tried again after 0.1 s and 0.2 s instead of 1 s and 2 s.
      LAMBDA_ASYNC_RETRY_BASE_SECONDS: "0.1",
      // Lambdas on `provided.*` get an endpoint only from here.
      AWS_ENDPOINT_URL: `http://127.0.0.1:${own}`,
      ...endpoints,
      HOLDFAST_CALL_LOG: join(logs, "calls.jsonl"),
      EMULATED_CLOCK: join(logs, CLOCK_FILE),
      ...choice.env,
    }),
    readyPath: "/_ministack/health",
    ...(port !== undefined && { port }),
  };
}

/** A folder for this run; the oldest go, so that it does not grow for ever. */
function newLogFolder(): string {
  const all = join(EMULATORS_FOLDER, "logs");
  mkdirSync(all, { recursive: true });
  const old = readdirSync(all).toSorted().slice(0, -KEPT_RUNS);
  for (const name of old) rmSync(join(all, name), { recursive: true, force: true });
  return mkdtempSync(join(all, `${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}-`));
}
