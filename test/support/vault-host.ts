/** A host for tests of vaults and lists: the real record store, resources in memory, and the API in front of it. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manners } from "../../adapters/local/sqlite/bad-manners.ts";
import { createSqliteRecordStore } from "../../adapters/local/sqlite-records.ts";
import type { Authenticate } from "../../core/app/identity/authenticate.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import type { Caller, Services } from "../../core/app/services.ts";
import { PROFILES, type Profile } from "../../core/domain/profile.ts";
import { EVERYTHING } from "../../core/domain/roles.ts";
import type { Metrics } from "../../core/ports/metrics.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import { checkAnswer } from "../../functions/api/contract/check-answer.ts";
import { createApi } from "../../functions/api/kit/create-api.ts";
import { routes } from "../../functions/api/routes.ts";
import { createMemoryResources, type MemoryResources } from "./memory-resources.ts";

export const PROJECT = "aaaabbbbccccddddeeeeffff00001111";
export const CALLER: Caller = { projectId: PROJECT, userId: "99990000111122223333444455556666", requestId: "req-1" };

/** Whoever asks is the first user, who may do everything in the one project. */
export const everybodyIsTheFirst: Authenticate = async () => ({
  userId: CALLER.userId,
  userName: "u",
  domainId: "d",
  domainName: "acct",
  projectIds: [PROJECT],
  rights: EVERYTHING,
  operator: true,
  credential: { kind: "access-key", accessKey: "AK" },
});

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers as a client does
  readonly body: any;
}

export interface VaultHost {
  readonly services: Services;
  readonly records: RecordStore;
  readonly resources: MemoryResources;
  /** Workflow executions that were started: "name/execution". */
  readonly started: string[];
  /** Epoch milliseconds; tests move it. */
  clock: { now: number };
  /** Whose switches decide; tests change it. */
  profile: Profile;
  /** The same host over another record store (one that dies, say). */
  over(records: RecordStore, more?: object): Services;
  /** One request through routing, parsing and error mapping; the path starts after the project. */
  call(method: string, path: string, body?: unknown, over?: Services): Promise<Answer>;
  /** The same with the whole path. */
  send(method: string, path: string, body?: unknown, over?: Services): Promise<Answer>;
  close(): void;
}

/** For tests that look at no numbers. */
export const silentMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  duration: () => undefined,
  forget: () => undefined,
};

const absent = (name: string) =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error(`${name} is not part of this test`);
      },
    },
  );

/** A fresh host in a temporary folder; close it. With `manners` its store misbehaves as DynamoDB may. */
export function createVaultHost(manners?: Manners): VaultHost {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-vaults-"));
  const clock = { now: Date.parse("2030-01-02T03:04:05.678Z") };
  const now = () => clock.now;
  const file = createSqliteRecordStore({ path: join(folder, "records.sqlite"), now, ...(manners && { manners }) });
  const random = manners?.random ?? (() => 0);
  const records = retrying(file, { sleep: async () => undefined, random });
  const resources = createMemoryResources();
  const started: string[] = [];
  const over = (store: RecordStore, more: object = {}) =>
    ({
      records: store,
      resources,
      now,
      newId: randomUUID,
      randomBytes,
      log: () => undefined,
      workflows: {
        start: async (workflow: string, name: string) => {
          started.push(`${workflow}/${name}`);
          return "started";
        },
        status: async () => undefined,
      },
      tuning: { level: 1, unitBudgetMs: 1000 },
      objects: absent("objects"),
      keys: absent("keys"),
      keyring: absent("keyring"),
      dataPlane: absent("dataPlane"),
      notifier: absent("notifier"),
      metrics: silentMetrics,
      ...more,
    }) as unknown as Services;
  const services = over(records);
  const self: VaultHost = {
    services,
    records,
    resources,
    started,
    clock,
    profile: PROFILES.huawei,
    over,
    call(method, path, body, asked) {
      return this.send(method, `/v3/${PROJECT}${path}`, body, asked);
    },
    async send(method, path, body, asked = services) {
      const api = createApi({
        services: asked,
        routes,
        profile: self.profile,
        authenticate: everybodyIsTheFirst,
        newId: randomUUID,
        inspect: checkAnswer,
        log: (line) => {
          throw new Error(JSON.stringify(line));
        },
        scheme: "http",
      });
      const [rawPath = "", rawQueryString = ""] = path.split("?");
      const { statusCode, body: text } = await api({
        version: "2.0",
        rawPath,
        rawQueryString,
        headers: { host: "127.0.0.1:8700", "content-type": "application/json" },
        requestContext: {
          requestId: "r",
          http: { method, path: rawPath, sourceIp: "127.0.0.1", userAgent: "test" },
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        isBase64Encoded: false,
      });
      return { status: statusCode, body: text === undefined || text === "" ? undefined : JSON.parse(text) };
    },
    close() {
      file.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

/**
 * The store of a process that dies: after `writes` more writes every call fails for ever. With `lost`, the last of them
 * happens but its answer does not arrive.
 */
export function dyingStore(store: RecordStore, writes: number, { lost = false } = {}): RecordStore {
  let left = writes;
  const alive = <T>(work: () => Promise<T>): Promise<T> =>
    left < 0 ? Promise.reject(new Error("the process is dead")) : work();
  const spend = (work: () => Promise<void>): Promise<void> =>
    alive(async () => {
      left--;
      if (left < 0 && !lost) throw new Error("the process is dead");
      await work();
      if (left < 0) throw new Error("the process died after the write");
    });
  return {
    get: (...args) => alive(() => store.get(...args)),
    getMany: (...args) => alive(() => store.getMany(...args)),
    query: (...args) => alive(() => store.query(...args)),
    count: (...args) => alive(() => store.count(...args)),
    write: (write) => spend(() => store.write(write)),
    transact: (all) => spend(() => store.transact(all)),
  };
}

/** The least body that creates a vault. */
export const vaultBody = <T extends object>(change: T = {} as T, billing: object = {}) => ({
  vault: {
    name: "vault-demo",
    resources: [],
    billing: {
      object_type: "disk",
      protect_type: "backup",
      consistent_level: "crash_consistent",
      size: 100,
      ...billing,
    },
    ...change,
  },
});

export const diskResource = (id: string, more: object = {}) => ({ id, type: "OS::Cinder::Volume", ...more });
export const serverResource = (id: string, more: object = {}) => ({ id, type: "OS::Nova::Server", ...more });
