/** How does a scenario speak to the API: signed requests over real HTTP, and waiting until work has ended. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { sign } from "../../../cli/signing.ts";
import type { Answer } from "../../support/vault-host.ts";
import type { ApiAddress, ScenarioHost } from "./host.ts";

/** One request exactly as given. */
export interface RawRequest {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Its answer; `headers` in lower case. */
export interface RawAnswer extends Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Sends it, with the Host header of the address. `fetch` would not let us set that. */
export function send(address: ApiAddress, { method, target, headers = {}, body = "" }: RawRequest): Promise<RawAnswer> {
  const { protocol, hostname, port } = new URL(address.connect);
  const ask = protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const all = { ...headers, host: address.hostHeader, "content-length": String(Buffer.byteLength(body)) };
    const outgoing = ask({ hostname, port, method, path: target, headers: all }, async (incoming) => {
      try {
        const text = (await incoming.setEncoding("utf8").toArray()).join("");
        const isJson = (incoming.headers["content-type"] ?? "").includes("json");
        const answered = text === "" ? undefined : isJson ? JSON.parse(text) : text;
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: answered });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** What scenarios ask for, in the words of the API. */
export interface ScenarioClient {
  /** One signed request; the path starts after the project. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** The same as `[status, code]`. */
  code(method: string, path: string, body?: unknown): Promise<readonly [number, string | undefined]>;
  /** The body of a successful answer. @throws Error with the refusal */
  must(method: string, path: string, body?: unknown): Promise<Answer["body"]>;
  /** Makes a vault with these resources. @returns its id */
  vault(kind: "disk" | "server", resourceIds: readonly string[], more?: object): Promise<string>;
  /** Makes a checkpoint and waits for its end. @returns its backups by resource, each as shown with its children */
  backUp(vaultId: string, parameters?: object): Promise<Readonly<Record<string, Answer["body"]>>>;
  /** Restores and waits for its end. @returns the task */
  restore(backupId: string, restore: object): Promise<Answer["body"]>;
  /** Waits until nothing runs. */
  idle(): Promise<void>;
}

/** The type that the wire has for each kind of resource. */
export const TYPE = { disk: "OS::Cinder::Volume", server: "OS::Nova::Server" } as const;

export function scenarioClient({ address, credentials, pollMs }: ScenarioHost): ScenarioClient {
  const key = { accessKey: credentials.access_key, secretKey: credentials.secret_key };
  const call: ScenarioClient["call"] = async (method, path, body) => {
    const url = new URL(
      `${new URL(address.connect).protocol}//${address.hostHeader}/v3/${credentials.project_id}${path}`,
    );
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = sign({ method, url, headers: { "content-type": "application/json" }, body: text }, key, Date.now());
    return send(address, { method, target: `${url.pathname}${url.search}`, headers, body: text });
  };
  const must: ScenarioClient["must"] = async (method, path, body) => {
    const answer = await call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const self: ScenarioClient = {
    call,
    must,
    async code(method, path, body) {
      const answer = await call(method, path, body);
      return [answer.status, answer.body?.error_code];
    },
    async vault(kind, ids, more = {}) {
      const resources = ids.map((id) => ({ id, type: TYPE[kind] }));
      const billing = { object_type: kind, protect_type: "backup", consistent_level: "crash_consistent", size: 100 };
      return (await must("POST", "/vaults", { vault: { name: "scenario", resources, billing, ...more } })).vault.id;
    },
    async backUp(vault_id, parameters) {
      const { checkpoint } = await must("POST", "/checkpoints", {
        checkpoint: { vault_id, ...(parameters !== undefined && { parameters }) },
      });
      await self.idle();
      const { backups } = await must("GET", `/backups?checkpoint_id=${checkpoint.id}`);
      const shown = await Promise.all(
        backups.map(async ({ id }: { id: string }) => (await must("GET", `/backups/${id}`)).backup),
      );
      return Object.fromEntries(shown.map((backup) => [backup.resource_id, backup]));
    },
    async restore(backupId, restore) {
      const { job_id } = await must("POST", `/backups/${backupId}/restore`, { restore });
      await self.idle();
      return (await must("GET", `/operation-logs/${job_id}`)).operation_log;
    },
    async idle() {
      const running = "/operation-logs?status=running&limit=1";
      while ((await must("GET", running)).operation_logs.length > 0) await sleep(pollMs);
    },
  };
  return self;
}
