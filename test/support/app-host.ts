/** The whole service in one process without HTTP or threads: real records, real workflows and tasks, disks in memory. */
import { randomBytes, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createImageTargets } from "../../adapters/local/images/restore-targets.ts";
import type { Manners } from "../../adapters/local/sqlite/bad-manners.ts";
import { createSqliteRecordStore } from "../../adapters/local/sqlite-records.ts";
import { loadDefinitions } from "../../adapters/local/workflows/load.ts";
import { createLocalWorkflows, type LocalWorkflows } from "../../adapters/local/workflows/local-workflows.ts";
import type { RunHooks } from "../../adapters/local/workflows/run.ts";
import { realSleep, type Sleep } from "../../adapters/local/workflows/timers.ts";
import type { Binding } from "../../core/app/records/entities.ts";
import { bindingKey } from "../../core/app/records/keys.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import { bindings, load } from "../../core/app/records/tables.ts";
import { createKeyring, defaultDomain } from "../../core/app/repository/keyring.ts";
import type { Services } from "../../core/app/services.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import type { KeyService } from "../../core/ports/key-service.ts";
import type { Notice } from "../../core/ports/notifier.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import type { ResourceProvider } from "../../core/ports/resource-provider.ts";
import type { RestoreTargets } from "../../core/ports/restore-targets.ts";
import { checkAnswer } from "../../functions/api/contract/check-answer.ts";
import { createApi } from "../../functions/api/kit/create-api.ts";
import { routes } from "../../functions/api/routes.ts";
import { TASKS } from "../../functions/tasks/tasks.ts";
import { type CapturableResources, createCapturableResources } from "./capturable-resources.ts";
import { createMemoryBlocks, type MemoryBlocks } from "./memory-blocks.ts";
import { createMemoryObjects, type MemoryObjects } from "./memory-objects.ts";
import {
  type Answer,
  diskResource,
  everybodyIsTheFirst,
  PROJECT,
  serverResource,
  silentMetrics,
  vaultBody,
} from "./vault-host.ts";

export interface AppHostOptions {
  readonly manners?: Manners;
  /** Puts something between the service and its objects. */
  readonly wrapObjects?: (objects: ObjectStore) => ObjectStore;
  /** Other disks than those in memory. */
  readonly resourcesOn?: (records: RecordStore, now: () => number) => ResourceProvider;
  readonly blocks?: BlockAccess;
  /** Tasks run as they come; tests look in, change things and wait here. May be changed later: it is read at each call. */
  readonly hooks?: RunHooks;
  readonly unitBudgetMs?: number;
  readonly mostGroups?: number;
  /** How long deleted backups can come back; absent = they go at once. */
  readonly trashMs?: number;
  /** Absent = restores write in place. */
  readonly targets?: RestoreTargets;
  /** Waits of workflows pass at once and take the service's clock along. */
  readonly skipWaits?: boolean;
}

export interface AppHost {
  readonly services: Services;
  readonly records: RecordStore;
  readonly objects: MemoryObjects;
  readonly blocks: MemoryBlocks;
  readonly disks: CapturableResources;
  readonly notices: Notice[];
  readonly lines: ({ readonly level: string; readonly text: string } & Record<string, unknown>)[];
  /** Milliseconds that the service's clock is ahead of the real one. */
  readonly clock: { ahead: number };
  /** Read at each task. */
  hooks: RunHooks;
  /** The runner of now; another one after `restart`. */
  readonly runner: LocalWorkflows;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Stops the runner at once, as SIGTERM does. */
  park(): Promise<void>;
  /** A new runner on the same records takes up what was running. @returns how many executions it found */
  restart(): Promise<number>;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
  close(): void;
  // What most tests do first.
  vault(resourceIds: readonly string[], change?: object): Promise<string>;
  /** Starts a run; not waited for. */
  start(vaultId: string, parameters?: object): Promise<Answer>;
  /** Starts a run and waits for its end. @returns the checkpoint's id and the backups' ids by resource */
  backUp(vaultId: string, parameters?: object): Promise<{ checkpoint: string; of: Record<string, string> }>;
  /** Restores with this body and waits. @returns the task as shown at the end */
  restore(backupId: string, restore: object): Promise<Answer["body"]>;
  /** Deletes a backup and waits. */
  drop(backupId: string): Promise<void>;
  backup(id: string): Promise<Answer["body"]>;
  binding(vaultId: string, resourceId: string): Promise<Binding>;
  /** Names of the roots in the repository. */
  roots(): string[];
}

/** Longer ones are time-outs. */
const LONGEST_PAUSE_MS = 60_000;
/** Pauses between attempts take no time; time-outs and longer waits are real. */
const quick: Sleep = (ms, signal) => realSleep(ms < LONGEST_PAUSE_MS ? Math.min(ms, 2) : ms, signal);

/** Wraps nothing: what keys are worth is tested elsewhere. */
const openKeys: KeyService = { wrap: async (plain) => Uint8Array.from(plain), unwrap: async (wrapped) => wrapped };

/** A fresh host; close it. */
export async function createAppHost(options: AppHostOptions = {}): Promise<AppHost> {
  const clock = { ahead: 0 };
  const now = () => Date.now() + clock.ahead;
  const { manners } = options;
  const file = createSqliteRecordStore({ path: ":memory:", now, ...(manners && { manners }) });
  const random = manners?.random ?? Math.random;
  const records = retrying(file, { sleep: async () => undefined, random });
  const objects = createMemoryObjects();
  const store = options.wrapObjects?.(objects) ?? objects;
  const blocks = createMemoryBlocks();
  const disks = createCapturableResources(blocks, now);
  const keys = openKeys;
  const notices: Notice[] = [];
  const lines: AppHost["lines"] = [];
  const log: Services["log"] = (line) => void lines.push(line);
  const host: { hooks: RunHooks; runner: LocalWorkflows | undefined } = {
    hooks: options.hooks ?? {},
    runner: undefined,
  };
  const runner = () => {
    if (host.runner === undefined) throw new Error("no runner");
    return host.runner;
  };
  const services: Services = {
    records,
    objects: store,
    keys,
    keyring: createKeyring({ objects: store, keys, randomBytes }),
    resources: options.resourcesOn?.(records, now) ?? disks,
    targets: options.targets ?? createImageTargets(),
    get workflows() {
      return runner();
    },
    dataPlane: createDataPlane({ objects: store, blocks: options.blocks ?? blocks }),
    notifier: {
      async notify(notice) {
        notices.push(notice);
      },
    },
    metrics: silentMetrics,
    now,
    newId: randomUUID,
    randomBytes,
    log,
    tuning: {
      level: 1,
      unitBudgetMs: options.unitBudgetMs ?? 20_000,
      mostGroups: options.mostGroups ?? 100,
      trashMs: options.trashMs ?? 0,
    },
  };
  const skipping: Sleep = (ms, signal) => {
    if (ms < LONGEST_PAUSE_MS) clock.ahead += Math.ceil(ms);
    return quick(ms, signal);
  };
  const definitions = await loadDefinitions(fileURLToPath(new URL("../../workflows", import.meta.url)));
  const build = () =>
    createLocalWorkflows({
      records,
      definitions,
      handlers: Object.fromEntries(
        Object.entries(TASKS).map(([name, task]) => [name, (input, { signal }) => task(services, input, signal)]),
      ),
      now,
      log,
      hooks: {
        beforeTask: (...about) => host.hooks.beforeTask?.(...about),
        afterEffect: (...about) => host.hooks.afterEffect?.(...about),
        afterRecord: (...about) => host.hooks.afterRecord?.(...about),
      },
      sleep: options.skipWaits === true ? skipping : quick,
    });
  host.runner = build();

  const api = createApi({
    services,
    routes,
    authenticate: everybodyIsTheFirst,
    newId: randomUUID,
    inspect: checkAnswer,
    log,
    scheme: "http",
  });

  const self: AppHost = {
    services,
    records,
    objects,
    blocks,
    disks,
    notices,
    lines,
    clock,
    get hooks() {
      return host.hooks;
    },
    set hooks(hooks) {
      host.hooks = hooks;
    },
    get runner() {
      return runner();
    },
    async call(method, path, body) {
      const [rawPath = "", rawQueryString = ""] = `/v3/${PROJECT}${path}`.split("?");
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
    park: () => runner().park(2_000),
    async restart() {
      host.runner = build();
      return host.runner.resume();
    },
    idle: () => runner().idle(),
    close: () => file.close(),

    async vault(resourceIds, change = {}) {
      const kinds = await Promise.all(resourceIds.map(async (id) => (await services.resources.find(id))?.kind));
      const server = kinds.includes("server");
      const resources = resourceIds.map((id) => (server ? serverResource(id) : diskResource(id)));
      const made = await self.call(
        "POST",
        "/vaults",
        vaultBody({ resources, ...change }, { object_type: server ? "server" : "disk" }),
      );
      if (made.status !== 200) throw new Error(JSON.stringify(made.body));
      return made.body.vault.id;
    },
    start: (vaultId, parameters) =>
      self.call("POST", "/checkpoints", { checkpoint: { vault_id: vaultId, ...(parameters && { parameters }) } }),
    async backUp(vaultId, parameters) {
      const { status, body } = await self.start(vaultId, parameters);
      if (status !== 200) throw new Error(JSON.stringify(body));
      await self.idle();
      const checkpoint: string = body.checkpoint.id;
      const listed = await self.call("GET", `/backups?checkpoint_id=${checkpoint}&limit=1000`);
      const rows = listed.body.backups as { id: string; resource_id: string; parent_id: string | null }[];
      return { checkpoint, of: Object.fromEntries(rows.map((row) => [row.resource_id, row.id])) };
    },
    async restore(backupId, restore) {
      const { status, body } = await self.call("POST", `/backups/${backupId}/restore`, { restore });
      if (status !== 202) throw new Error(JSON.stringify(body));
      await self.idle();
      return (await self.call("GET", `/operation-logs/${body.job_id}`)).body.operation_log;
    },
    async drop(backupId) {
      const { status, body } = await self.call("DELETE", `/backups/${backupId}`);
      if (status !== 204) throw new Error(JSON.stringify(body));
      await self.idle();
    },
    backup: async (id) => (await self.call("GET", `/backups/${id}`)).body.backup,
    async binding(vaultId, resourceId) {
      const found = await load(records, bindings, bindingKey(vaultId, resourceId));
      if (found === undefined) throw new Error(`${resourceId} is not bound`);
      return found;
    },
    roots: () =>
      [...objects.objects.keys()].flatMap((name) => {
        const [domain, kind, root] = name.split("/");
        return domain === defaultDomain(PROJECT) && kind === "roots" && root !== undefined ? [root] : [];
      }),
  };
  return self;
}
