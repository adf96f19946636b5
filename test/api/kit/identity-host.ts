/** An API with an account in it, for tests: real records in a temporary SQLite file, a key service that seals in memory. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createSqliteRecordStore } from "../../../adapters/local/sqlite-records.ts";
import { authenticator } from "../../../core/app/identity/authenticate.ts";
import { bootstrapIdentity, type InitialCredentials } from "../../../core/app/identity/bootstrap.ts";
import type { Services } from "../../../core/app/services.ts";
import { type EncryptionContext, KeyMismatch, type KeyService } from "../../../core/ports/key-service.ts";
import type { RecordStore } from "../../../core/ports/record-store.ts";
import { checkAnswer } from "../../../functions/api/contract/check-answer.ts";
import { createApi } from "../../../functions/api/kit/create-api.ts";
import type { HttpEvent, HttpResult } from "../../../functions/api/kit/event.ts";
import type { Handler, Route } from "../../../functions/api/kit/request.ts";
import { routes } from "../../../functions/api/routes.ts";

/** AES-256-GCM under a key of its own, with the context as associated data. */
export function memoryKeyService(): KeyService {
  const key = randomBytes(32);
  const aad = (context: EncryptionContext) => Buffer.from(JSON.stringify(Object.entries(context).sort()));
  return {
    async wrap(plain, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad(context));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    async unwrap(wrapped, context) {
      const bytes = Buffer.from(wrapped);
      const opened = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(aad(context));
      opened.setAuthTag(bytes.subarray(12, 28));
      try {
        return Buffer.concat([opened.update(bytes.subarray(28)), opened.final()]);
      } catch (cause) {
        throw new KeyMismatch("not sealed by this key under this context", { cause });
      }
    },
  };
}

/** A running account; `clock.now` may be set. */
export interface IdentityHost {
  readonly api: (event: HttpEvent) => Promise<HttpResult>;
  readonly credentials: InitialCredentials;
  readonly records: RecordStore;
  readonly keys: KeyService;
  readonly clock: { now: number };
  readonly logged: readonly Record<string, unknown>[];
  readonly deps: {
    readonly records: RecordStore;
    readonly keys: KeyService;
    readonly newId: () => string;
    readonly randomBytes: (n: number) => Uint8Array;
    readonly region: string;
    readonly domainName: string;
    readonly userName: string;
  };
  close(): void;
}

/** What an operation answers that a test wants to see reached. */
export const echo: Handler<unknown> = async (request) => ({
  status: 200,
  body: { ...request, query: undefined, headers: undefined },
});

/** An empty table in a temporary folder; `close` removes it. */
export function temporaryRecords(now: () => number): { readonly records: RecordStore; close(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-identity-"));
  const records = createSqliteRecordStore({ path: path.join(folder, "records.sqlite"), now });
  const close = () => {
    records.close();
    rmSync(folder, { recursive: true });
  };
  return { records, close };
}

/** Makes the account and the API; operations named in `handlers` are answered by these. */
export async function identityHost(handlers: Readonly<Record<string, Handler<Services>>> = {}): Promise<IdentityHost> {
  const clock = { now: Date.parse("2030-01-02T03:04:05Z") };
  const now = () => clock.now;
  const { records, close } = temporaryRecords(now);
  const keys = memoryKeyService();
  const logged: Record<string, unknown>[] = [];
  const deps = {
    records,
    keys,
    newId: randomUUID,
    randomBytes,
    region: "here-1",
    domainName: "acct",
    userName: "admin",
  };
  const credentials = await bootstrapIdentity(deps);
  const table: Route<Services>[] = routes.map((route) => {
    const handler = handlers[route.name];
    return handler === undefined ? route : { ...route, handler };
  });
  const api = createApi<Services>({
    // The identity endpoints use no other service.
    services: { records, keys, now, randomBytes, newId: randomUUID } as unknown as Services,
    routes: table,
    authenticate: authenticator({ records, keys, now }),
    newId: randomUUID,
    inspect: (name, ...answered) => {
      if (handlers[name] === undefined) checkAnswer(name, ...answered);
    },
    log: (line) => logged.push(line),
    scheme: "http",
  });
  return { api, credentials, records, keys, clock, logged, deps, close };
}

/** An event as API Gateway or the local server makes it. */
export function eventOf(
  method: string,
  target: string,
  { headers = {}, body }: { readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown } = {},
): HttpEvent {
  const [rawPath = "", rawQueryString = ""] = target.split(/\?(.*)/s, 2);
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return {
    version: "2.0",
    rawPath,
    rawQueryString,
    headers: { host: "127.0.0.1:8700", ...headers },
    requestContext: { requestId: "gw", http: { method, path: rawPath, sourceIp: "127.0.0.1", userAgent: "test" } },
    ...(text !== undefined && { body: text }),
    isBase64Encoded: false,
  };
}

/** A token of the account's one user for its one project. */
export async function tokenOf({ api, credentials }: IdentityHost): Promise<string> {
  const user = { name: credentials.user_name, password: credentials.password, domain: { name: "acct" } };
  const scope = { project: { id: credentials.project_id } };
  const auth = { identity: { methods: ["password"], password: { user } }, scope };
  const { headers } = await api(eventOf("POST", "/v3/auth/tokens", { body: { auth } }));
  return headers["X-Subject-Token"] ?? "";
}

/** The JSON of an answer. */
export function bodyOf<T = Record<string, unknown>>(result: HttpResult): T {
  return JSON.parse(result.body ?? "null") as T;
}
