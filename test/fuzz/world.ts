/** The API with real authentication and real records, and an account that is sent wrong requests; counts what is written. */

import { authenticator } from "../../core/app/identity/authenticate.ts";
import { bootstrapIdentity, type InitialCredentials } from "../../core/app/identity/bootstrap.ts";
import type { Key, RecordStore, Write } from "../../core/ports/record-store.ts";
import { checkAnswer } from "../../functions/api/contract/check-answer.ts";
import { createApi } from "../../functions/api/kit/create-api.ts";
import type { HttpEvent, HttpResult } from "../../functions/api/kit/event.ts";
import { routes } from "../../functions/api/routes.ts";
import { eventOf, memoryKeyService } from "../api/kit/identity-host.ts";
import { signFlat, targetOf } from "../api/kit/test-signer.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { createVaultHost, diskResource, vaultBody } from "../support/vault-host.ts";

export interface FuzzWorld {
  readonly credentials: InitialCredentials;
  /** Ids that exist, for requests to name. */
  readonly known: Readonly<Record<string, string>>;
  send(event: HttpEvent): Promise<HttpResult>;
  /** Writes of records since the last call, but those of the audit trail: a refused request is traced, too. */
  written(): number;
  /** Defects that the API reported: errors that are no refusals. */
  readonly defects: string[];
  readonly now: () => number;
  close(): void;
}

const isTrace = ({ pk }: Key): boolean => pk.startsWith("AUD#");
const keyOf = (write: Write): Key => (write.op === "put" ? write.item : write.key);

/** Counts what really changes. */
function counting(records: RecordStore, count: (n: number) => void): RecordStore {
  const changes = (writes: readonly Write[]): number =>
    writes.filter((write) => write.op !== "check" && !isTrace(keyOf(write))).length;
  return {
    get: (key, options) => records.get(key, options),
    getMany: (keys, options) => records.getMany(keys, options),
    query: (query) => records.query(query),
    count: (...args) => records.count(...args),
    async write(write) {
      await records.write(write);
      count(changes([write]));
    },
    async transact(writes) {
      await records.transact(writes);
      count(changes(writes));
    },
  };
}

/** A fresh one; close it. */
export async function createFuzzWorld(): Promise<FuzzWorld> {
  const host = createVaultHost();
  let written = 0;
  const records = counting(host.records, (n) => {
    written += n;
  });
  const keys = memoryKeyService();
  const services = host.over(records, { keys, objects: createMemoryObjects() });
  const { now, newId, randomBytes } = services;
  const credentials = await bootstrapIdentity({
    ...{ records, keys, newId, randomBytes },
    ...{ region: "here-1", domainName: "acct", userName: "admin" },
  });
  const defects: string[] = [];
  const api = createApi({
    ...{ services, routes, newId, scheme: "http" as const, inspect: checkAnswer },
    authenticate: authenticator({ records, keys, now }),
    log: (line) => defects.push(JSON.stringify(line)),
  });
  const signed = (method: string, path: string, body: unknown): HttpEvent => {
    const text = JSON.stringify(body);
    const segments = ["v3", credentials.project_id, ...path.split("/")];
    const stamp = new Date(now()).toISOString().replace(/[-:]|\.\d{3}/g, "");
    const headers = { host: "127.0.0.1:8700", "content-type": "application/json", "x-sdk-date": stamp };
    const authorization = signFlat(
      { method, segments, query: [], headers, body: text },
      credentials.access_key,
      credentials.secret_key,
    );
    const target = targetOf({ segments, query: [] });
    return eventOf(method, target, { headers: { ...headers, authorization }, body: text });
  };
  host.resources.addDisk("disk-1");
  host.resources.addDisk("disk-2");
  const made = await api(signed("POST", "vaults", vaultBody({ resources: [diskResource("disk-1")] })));
  if (made.statusCode !== 200) throw new Error(`the world's own vault was refused: ${made.body}`);
  written = 0;
  return {
    credentials,
    known: {
      project_id: credentials.project_id,
      vault_id: (JSON.parse(made.body ?? "") as { vault: { id: string } }).vault.id,
      resource_id: "disk-1",
      instance_id: "disk-1",
      protectable_type: "disk",
      id: credentials.project_id,
    },
    send: api,
    written() {
      const since = written;
      written = 0;
      return since;
    },
    defects,
    now,
    close: () => host.close(),
  };
}
