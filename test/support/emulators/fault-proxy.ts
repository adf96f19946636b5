/** How do calls of AWS fail when a test says so? A proxy between the functions and the emulators, which also counts them. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isText, operationOf, type RequestLine, serviceOf } from "./fault-proxy-calls.ts";
import { type Refusal, refused, throttled } from "./fault-proxy-errors.ts";
import { type Call, type Fault, type FaultRule, FaultRules, type RuleState } from "./fault-proxy-rules.ts";

/** Where a service's calls go on to, by the name that signatures give it; undefined: nobody is there yet. */
export type Upstream = (service: string) => string | undefined;

/** What `GET /_faults` answers. */
export interface FaultState {
  readonly rules: readonly RuleState[];
  /** Calls since the start, failed or not: `s3.PutObject` → 12. Each attempt of the SDK is one. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface FaultProxy {
  /** What functions take for the endpoint of every service; tests add rules at its `/_faults`. */
  readonly url: string;
  close(): Promise<void>;
}

/** No bucket may have this name, and no API has this path. */
const CONTROL = "/_faults";

/**
 * Starts it on 127.0.0.1. Without rules everything passes as it came: headers, also Host, and bodies as streams.
 *
 * `POST /_faults` with a {@link FaultRule} adds one and answers `{"id"}`; `DELETE /_faults/<id>` ends it; `GET /_faults` tells a
 * {@link FaultState}.
 */
export async function startFaultProxy(upstream: Upstream): Promise<FaultProxy> {
  const rules = new FaultRules();
  const calls: Record<string, number> = {};
  // A connection for each call: one that is kept may be closed by an emulator at the moment it is used again.
  const agent = new Agent({ keepAlive: false });
  const server = createServer((incoming, outgoing) => {
    const done = incoming.url?.startsWith(CONTROL)
      ? control(incoming, outgoing, rules, calls)
      : pass(incoming, outgoing, { rules, calls, agent, upstream });
    done.catch(() => outgoing.destroy()); // The caller sees a cut connection, as it would without us.
  });
  // A function may keep a connection for as long as it likes: we are not the one that ends it.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function control(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  rules: FaultRules,
  calls: Readonly<Record<string, number>>,
): Promise<void> {
  const answer = (body: unknown) => {
    outgoing.setHeader("content-type", "application/json");
    outgoing.end(JSON.stringify(body));
  };
  const body = (await read(incoming)).toString();
  if (incoming.method === "POST") return answer({ id: rules.add(JSON.parse(body) as FaultRule) });
  if (incoming.method === "DELETE") rules.remove(Number(incoming.url?.slice(CONTROL.length + 1)));
  answer({ rules: rules.states(), calls } satisfies FaultState);
}

interface Passing {
  readonly rules: FaultRules;
  readonly calls: Record<string, number>;
  readonly agent: Agent;
  readonly upstream: Upstream;
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, passing: Passing): Promise<void> {
  const line: RequestLine = {
    method: incoming.method ?? "GET",
    target: incoming.url ?? "/",
    headers: incoming.headers,
  };
  const service = serviceOf(line);
  const body = isText(line) ? await read(incoming) : undefined;
  const text = body?.toString() ?? "";
  const call: Call = { service, operation: operationOf(service, line, text), text: `${line.target}\n${text}` };
  const name = `${service}.${call.operation}`;
  passing.calls[name] = (passing.calls[name] ?? 0) + 1;
  const fault = passing.rules.decide(call);
  switch (fault?.kind) {
    case "throttle":
      return refuse(incoming, outgoing, throttled(service, fault.code));
    case "error":
      return refuse(incoming, outgoing, refused(service, fault.status, fault.code));
    case "delay":
      await sleep(fault.ms);
      break;
    case "cut":
      if (fault.when === "before") return void incoming.socket.destroy();
  }
  if (incoming.socket.destroyed) return;
  await forward(incoming, outgoing, body, passing.agent, passing.upstream(service), fault);
}

/** Reads what is still being sent first: an answer in the middle of a request looks like a cut connection to many clients. */
async function refuse(incoming: IncomingMessage, outgoing: ServerResponse, refusal: Refusal): Promise<void> {
  incoming.resume();
  if (!incoming.readableEnded) await new Promise((resolve) => incoming.once("end", resolve).once("close", resolve));
  outgoing.writeHead(refusal.status, {
    ...refusal.headers,
    "content-length": Buffer.byteLength(refusal.body),
    "x-amzn-requestid": "fault",
  });
  outgoing.end(incoming.method === "HEAD" ? "" : refusal.body);
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: Buffer | undefined,
  agent: Agent,
  to: string | undefined,
  fault: Fault | undefined,
): Promise<void> {
  if (to === undefined) throw new Error("there is nobody to hand this call on to");
  const { hostname, port } = new URL(to);
  // Of this connection only; an Expect we have answered by reading.
  const { expect, connection, "keep-alive": keptAlive, ...headers } = incoming.headers;
  return new Promise((resolve, reject) => {
    const out = request(
      { hostname, port, agent, method: incoming.method, path: incoming.url, headers, setHost: false },
      (answer) => void answered(answer, incoming, outgoing, fault).then(resolve, reject),
    );
    out.on("error", reject);
    outgoing.on("close", () => {
      // A caller that went away takes its call with it, unless the call is done.
      if (!outgoing.writableFinished && fault?.kind !== "cut") out.destroy();
    });
    if (body === undefined) incoming.pipe(out);
    else out.end(body);
  });
}

async function answered(
  answer: IncomingMessage,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === "cut") {
    await read(answer);
    incoming.socket.destroy();
    return;
  }
  const { connection, "keep-alive": keptAlive, ...headers } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 502, headers);
  if (fault?.kind === "garble") {
    const bytes = await read(answer);
    if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    outgoing.end(bytes);
    return;
  }
  answer.pipe(outgoing);
  await new Promise<void>((resolve, reject) => {
    outgoing.once("finish", resolve).once("close", resolve);
    answer.once("error", reject);
  });
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
