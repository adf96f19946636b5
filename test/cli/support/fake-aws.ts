/** A stand-in for CloudFormation, Lambda and Service Quotas, as the AWS SDK speaks to them over HTTP. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What it answers. A `refusal` is the error code of every answer. */
export interface FakeAws {
  /** Stack name → its outputs. */
  readonly stacks?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What the functions answer, in the order of the calls; the last one is repeated. */
  readonly answers?: readonly unknown[];
  /** The functions' answers are errors. */
  readonly functionError?: boolean;
  readonly concurrency?: { readonly concurrent: number; readonly unreserved: number };
  /** Service code → quota code → value. */
  readonly quotas?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly refusal?: { readonly code: string; readonly message: string };
}

export interface RunningAws {
  /** What commands need to speak to it, as its own account. */
  readonly env: Readonly<Record<string, string>>;
  /** Payloads that functions were called with, and their names. */
  readonly calls: { readonly name: string; readonly payload: unknown }[];
  close(): Promise<void>;
}

const xmlStack = (name: string, outputs: Readonly<Record<string, string>>): string => {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return (
    `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>` +
    `<StackName>${name}</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2030-01-02T03:04:05Z</CreationTime>` +
    `<Outputs>${members.join("")}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
  );
};

const xmlError = (code: string, message: string): string =>
  `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code>` +
  `<Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;

export async function startFakeAws(fake: FakeAws): Promise<RunningAws> {
  const calls: { name: string; payload: unknown }[] = [];

  function answer(url: string, target: string, body: string): readonly [number, string, Record<string, string>?] {
    const { refusal } = fake;
    const form = new URLSearchParams(body);
    if (form.get("Action") === "DescribeStacks") {
      if (refusal !== undefined) return [403, xmlError(refusal.code, refusal.message)];
      const name = form.get("StackName") ?? "";
      const outputs = fake.stacks?.[name];
      if (outputs === undefined) return [400, xmlError("ValidationError", `Stack with id ${name} does not exist`)];
      return [200, xmlStack(name, outputs)];
    }
    if (refusal !== undefined) return [403, JSON.stringify({ __type: refusal.code, message: refusal.message })];
    const [, name] = /\/functions\/([^/]+)\/invocations/.exec(url) ?? [];
    if (name !== undefined) {
      const payload = JSON.stringify(fake.answers?.[Math.min(calls.length, fake.answers.length - 1)]);
      calls.push({ name, payload: JSON.parse(body) });
      return [200, payload, fake.functionError === true ? { "x-amz-function-error": "Unhandled" } : {}];
    }
    if (url.includes("/account-settings")) {
      const { concurrent = 1000, unreserved = 1000 } = fake.concurrency ?? {};
      const AccountLimit = { ConcurrentExecutions: concurrent, UnreservedConcurrentExecutions: unreserved };
      return [200, JSON.stringify({ AccountLimit })];
    }
    const { ServiceCode } = JSON.parse(body) as { ServiceCode: string };
    const values = target.endsWith(".ListServiceQuotas") ? Object.entries(fake.quotas?.[ServiceCode] ?? {}) : [];
    return [200, JSON.stringify({ Quotas: values.map(([QuotaCode, Value]) => ({ QuotaCode, Value })) })];
  }

  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const target = String(request.headers["x-amz-target"] ?? "");
      const [status, text, headers] = answer(request.url ?? "", target, Buffer.concat(parts).toString());
      response.writeHead(status, {
        "content-type": text.startsWith("<") ? "text/xml" : "application/json",
        ...headers,
      });
      response.end(text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "eu-west-1",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    },
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
