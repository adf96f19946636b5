/**
 * Measures the Lambda side:
 *
 *   npm run bench:lambda
 *
 * How large each function's bundle is; how long a fresh Node takes to import it (median of 10), and to answer its first
 * request for the API; and the API's median answer on emulated AWS beside a function that does nothing, both through an HTTP
 * API. Writes bench/results/lambda.json. The emulator's own share of each answer is far above a function's.
 */
import { execFileSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { createDynamoRecords } from "../adapters/aws/dynamodb-records.ts";
import { createKmsKeys } from "../adapters/aws/kms-keys.ts";
import { sign } from "../cli/signing.ts";
import { bootstrapOnce, type InitialCredentials } from "../core/app/identity/bootstrap.ts";
import { FUNCTIONS } from "../functions/aws/functions.ts";
import { bundle } from "../infra/bundles.ts";
import { createRecordsTable } from "../test/emulator/records-table.ts";
import { EMULATED_ACCOUNT, startEmulators } from "../test/support/emulators/start.ts";
import { zipOf } from "../test/support/zip.ts";

const STARTS = 10;
const WARM_UP = 20;
const REQUESTS = 200;

const median = (values: readonly number[]): number =>
  Math.round((values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN) * 10) / 10;

/** Environment of a function that never calls AWS. */
const NOTHING = {
  HOLDFAST_NAME: "bench",
  HOLDFAST_TABLE: "bench",
  HOLDFAST_KEY: "bench",
  HOLDFAST_MACHINES: `arn:aws:states:us-east-1:${EMULATED_ACCOUNT}:stateMachine:bench-`,
  AWS_REGION: "us-east-1",
};

/** Milliseconds that a fresh process needs to import the module, and to answer `GET /` when it is the API. */
function start(file: string, isApi: boolean): { readonly importMs: number; readonly firstMs: number } {
  const script = `
    const at = performance.now();
    const { handler } = await import(${JSON.stringify(file)});
    const imported = performance.now();
    if (${isApi}) {
      const http = { method: "GET", path: "/", sourceIp: "", userAgent: "" };
      const event = { version: "2.0", rawPath: "/", rawQueryString: "", headers: { host: "h" }, requestContext: { requestId: "r", http }, isBase64Encoded: false };
      const { statusCode } = await handler(event, { awsRequestId: "r", functionName: "f", getRemainingTimeInMillis: () => 29000 });
      if (statusCode >= 400) throw new Error("status " + statusCode);
    }
    console.error(JSON.stringify({ importMs: imported - at, firstMs: performance.now() - imported }));`;
  const { stderr } = spawnNode(["--input-type=module", "-e", script]);
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "{}") as { importMs: number; firstMs: number };
}

function spawnNode(args: readonly string[]): { readonly stderr: string } {
  // Standard error is what is measured; standard output takes the function's log.
  const stderr = execFileSync("/bin/sh", ["-c", 'exec "$@" 2>&1 >/dev/null', "sh", process.execPath, ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", ...NOTHING },
  });
  return { stderr };
}

async function measureStarts() {
  const bundles = await bundle(FUNCTIONS.map(({ entry }) => entry));
  return FUNCTIONS.map(({ name, entry }) => {
    const { folder = "", size = 0 } = bundles.get(entry) ?? {};
    const isApi = name === "api";
    const starts = Array.from({ length: STARTS }, () => start(join(folder, "index.mjs"), isApi));
    const import_ms = median(starts.map(({ importMs }) => importMs));
    process.stderr.write(`${name}: ${size} bytes, ${import_ms} ms\n`);
    return {
      name,
      bytes: size,
      import_ms,
      ...(isApi && { first_answer_ms: median(starts.map(({ firstMs }) => firstMs)) }),
      folder,
    };
  });
}

/** The same as API Gateway's quick create: every request to one function. @returns the API's id */
async function createHttpApi(endpoint: string, name: string, functionArn: string): Promise<string> {
  // The client for API Gateway is no dependency; the emulator finds the service by the scope of the credentials.
  const headers = {
    "content-type": "application/json",
    authorization:
      "AWS4-HMAC-SHA256 Credential=test/20300101/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature=0",
  };
  const post = async (path: string, body: object): Promise<Record<string, string>> => {
    const answer = await fetch(`${endpoint}/v2/apis${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, string>;
  };
  const { apiId = "" } = await post("", { name, protocolType: "HTTP" });
  const { integrationId } = await post(`/${apiId}/integrations`, {
    integrationType: "AWS_PROXY",
    integrationUri: functionArn,
    payloadFormatVersion: "2.0",
  });
  await post(`/${apiId}/routes`, { routeKey: "$default", target: `integrations/${integrationId}` });
  await post(`/${apiId}/stages`, { stageName: "$default", autoDeploy: true });
  return apiId;
}

async function createFunction(name: string, code: string | Uint8Array, environment: Record<string, string>) {
  const { FunctionArn = "" } = await new LambdaClient().send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: `arn:aws:iam::${EMULATED_ACCOUNT}:role/any`,
      Code: { ZipFile: zipOf("index.mjs", code) },
      Environment: { Variables: environment },
      Timeout: 29,
    }),
  );
  return FunctionArn;
}

/** Milliseconds of each of many requests, one after the other. */
async function time(request: () => Promise<Response>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + REQUESTS; i++) {
    const at = performance.now();
    const answer = await request();
    const text = await answer.text();
    if (answer.status >= 400) throw new Error(`status ${answer.status}: ${text}`);
    if (i >= WARM_UP) times.push(performance.now() - at);
  }
  return times;
}

async function account(table: string, keyId: string): Promise<InitialCredentials> {
  const answer = await bootstrapOnce({
    records: createDynamoRecords({ client: new DynamoDBClient(), table, now: Date.now }),
    keys: createKmsKeys({ client: new KMSClient(), keyId }),
    newId: randomUUID,
    randomBytes,
    region: "us-east-1",
    domainName: "bench",
    userName: "admin",
  });
  if (!answer.created) throw new Error("the account was there before");
  return answer.credentials;
}

async function measureAnswers(apiCode: Uint8Array) {
  const emulators = await startEmulators({ ministack: true });
  try {
    Object.assign(process.env, emulators.env);
    const endpoint = emulators.aws ?? "";
    await createRecordsTable(new DynamoDBClient(), "bench");
    const { KeyMetadata } = await new KMSClient().send(new CreateKeyCommand({}));
    const keyArn = KeyMetadata?.Arn ?? "";
    const { access_key: accessKey, secret_key: secretKey, project_id } = await account("bench", keyArn);
    const bare = "export const handler = async () => ({ statusCode: 200, body: '{}' });";
    const bareApi = await createHttpApi(endpoint, "bare", await createFunction("bare", bare, {}));
    const ours = await createFunction("api", apiCode, { ...NOTHING, HOLDFAST_KEY: keyArn });
    const ourApi = await createHttpApi(endpoint, "api", ours);

    const at = (api: string, path: string) => new URL(`${endpoint}/_aws/execute-api/${api}/$default${path}`);
    const bareTimes = await time(() => fetch(at(bareApi, "/")));
    const health = await time(() => fetch(at(ourApi, "/")));
    // Signed for the path that the function sees, sent to the one that the emulator routes by.
    const path = `/v3/${project_id}/vaults`;
    const vaults = await time(() => {
      const url = new URL(path, endpoint);
      const headers = sign({ method: "GET", url, headers: {}, body: "" }, { accessKey, secretKey }, Date.now());
      return fetch(at(ourApi, path), { headers });
    });
    return {
      requests: REQUESTS,
      bare_p50_ms: median(bareTimes),
      versions_p50_ms: median(health),
      signed_vault_list_p50_ms: median(vaults),
      times_bare: Math.round((median(vaults) / median(bareTimes)) * 100) / 100,
    };
  } finally {
    await emulators.stop();
  }
}

const starts = await measureStarts();
const api = starts.find(({ name }) => name === "api");
const answers = await measureAnswers(readFileSync(join(api?.folder ?? "", "index.mjs")));
const result = {
  measured: new Date().toISOString(),
  machine: { cpu: cpus()[0]?.model ?? "", cores: cpus().length, kernel: release(), node: process.versions.node },
  starts: { runs: STARTS, functions: starts.map(({ folder: _, ...shown }) => shown) },
  answers,
};
mkdirSync(new URL("results/", import.meta.url), { recursive: true });
writeFileSync(new URL("results/lambda.json", import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
process.stderr.write(`${JSON.stringify(answers, null, 2)}\n`);
