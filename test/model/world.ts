/** The service as a process that dies and comes back: a record file, objects and disks outlive it, everything else does not. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImageTargets } from "../../adapters/local/images/restore-targets.ts";
import { createSqliteRecordStore } from "../../adapters/local/sqlite-records.ts";
import { loadDefinitions } from "../../adapters/local/workflows/load.ts";
import { createLocalWorkflows, type LocalWorkflows } from "../../adapters/local/workflows/local-workflows.ts";
import { realSleep, type Sleep } from "../../adapters/local/workflows/timers.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import { createKeyring } from "../../core/app/repository/keyring.ts";
import type { Services } from "../../core/app/services.ts";
import { WATCH_EVERY_MS } from "../../core/app/time/due.ts";
import { type TickReport, tick } from "../../core/app/time/tick.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { Write } from "../../core/ports/record-store.ts";
import { checkAnswer } from "../../functions/api/contract/check-answer.ts";
import { createApi } from "../../functions/api/kit/create-api.ts";
import { routes } from "../../functions/api/routes.ts";
import { TASKS } from "../../functions/tasks/tasks.ts";
import { eventOf, memoryKeyService } from "../api/kit/identity-host.ts";
import { seeded } from "../chaos/seeded.ts";
import { createCapturableResources } from "../support/capturable-resources.ts";
import { createMemoryBlocks } from "../support/memory-blocks.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { type Answer, everybodyIsTheFirst, PROJECT, silentMetrics } from "../support/vault-host.ts";
import { type Contents, contentsOf } from "./disks.ts";
import { type Death, type MortalStore, mortalStore, ProcessDied } from "./mortal-store.ts";
import { type Rows, readRecords } from "./rows.ts";
import { type Watch, watchTransitions } from "./transitions.ts";

const DEFINITIONS = await loadDefinitions(new URL("../../workflows", import.meta.url).pathname);
const START = Date.parse("2030-03-01T10:00:00Z");
/** Longer ones are time-outs of tasks: they are real, and nothing here takes as long. */
const LONGEST_PAUSE_MS = 60_000;

export interface WorldOptions {
  readonly seed: number;
  /** A rule that is broken on purpose: what it makes of each group of writes. */
  readonly spoil?: (writes: readonly Write[]) => readonly Write[];
}

/** What one process is made of. */
interface Process {
  readonly store: MortalStore;
  readonly services: Services;
  readonly api: ReturnType<typeof createApi>;
  readonly runner: LocalWorkflows;
  readonly close: () => void;
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A world in a temporary folder, with its first process running; end it. */
export async function createWorld({ seed, spoil }: WorldOptions) {
  // What a power cut does to the file is tested elsewhere: here memory is as good as a disk.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "holdfast-model-"));
  const file = join(folder, "records.sqlite");
  const random = seeded(seed);
  const clock = { now: START };
  const objects = createMemoryObjects();
  const keys = memoryKeyService();
  const blocks = createMemoryBlocks();
  const disks = createCapturableResources(blocks, () => clock.now);
  const watch: Watch = watchTransitions();
  /** By backup and disk: what was captured, whoever dies afterwards. */
  const captured = new Map<string, Contents>();
  /** What the service calls defects, since the last look. */
  const defects: string[] = [];
  let gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  /** The next task that a process comes to kills it: before it, or between its effect and its journal's entry. */
  let deadlyTask: { left: number; readonly where: "before" | "effect" } | undefined;

  const randomBytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
  const newId = (): string => {
    const hex = Buffer.from(randomBytes(16)).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  const sleep: Sleep = (ms, signal) => realSleep(ms < LONGEST_PAUSE_MS ? Math.min(ms, 1) : ms, signal);
  const resources = {
    ...disks,
    async capture(request: Parameters<typeof disks.capture>[0]) {
      const taken = await disks.capture(request);
      for (const { diskId, snapshotId } of taken.disks)
        captured.set(`${request.runId} ${diskId}`, contentsOf(blocks.sources.get(snapshotId) ?? new Uint8Array()));
      return taken;
    },
  };

  function boot(): Process {
    const table = createSqliteRecordStore({ path: file, now: () => clock.now });
    const store = mortalStore(table, watch.observe, spoil);
    const records = retrying(store, { sleep: async () => undefined, random });
    const log: Services["log"] = (line) => {
      if (line.level === "error" && !store.dead) defects.push(JSON.stringify(line));
    };
    const living = livingObjects(objects, () => store.dead);
    const self: { runner?: LocalWorkflows } = {};
    const services: Services & { readonly inventory: object } = {
      records,
      objects: living,
      keys,
      keyring: createKeyring({ objects: living, keys, randomBytes }),
      resources,
      targets: createImageTargets(),
      // What makes a host one whose operator is its user: freezing is asked for through the API.
      inventory: {},
      get workflows() {
        if (self.runner === undefined) throw new Error("no runner yet");
        return self.runner;
      },
      dataPlane: createDataPlane({ objects: living, blocks }),
      notifier: { notify: async () => undefined },
      metrics: silentMetrics,
      now: () => clock.now,
      newId,
      randomBytes,
      log,
      tuning: { level: 1, unitBudgetMs: 20_000, mostGroups: 1 },
    };
    const atTask = (where: "before" | "effect") => async (): Promise<void> => {
      if (where === "before") await gate?.opened;
      if (deadlyTask?.where === where && --deadlyTask.left <= 0) {
        deadlyTask = undefined;
        store.kill();
      }
      if (store.dead) throw new ProcessDied("the process died at a task");
    };
    const runner = createLocalWorkflows({
      records,
      definitions: DEFINITIONS,
      handlers: Object.fromEntries(
        Object.entries(TASKS).map(([name, task]) => [name, (input, { signal }) => task(services, input, signal)]),
      ),
      now: () => clock.now,
      log,
      hooks: { beforeTask: atTask("before"), afterEffect: atTask("effect") },
      sleep,
      chance: random,
    });
    self.runner = runner;
    const api = createApi({
      services,
      routes,
      authenticate: everybodyIsTheFirst,
      newId,
      inspect: checkAnswer,
      log,
      scheme: "http",
    });
    return { store, services, api, runner, close: () => table.close() };
  }

  let now = boot();
  const reader = readRecords(file);

  const world = {
    clock,
    disks,
    objects,
    blocks,
    watch,
    captured,
    defects,
    get services() {
      return now.services;
    },
    get dead() {
      return now.store.dead;
    },
    rows: (): Rows => reader.read(clock.now),
    /** Below the signature: who asks is known. */
    async call(method: string, path: string, body?: unknown): Promise<Answer> {
      const headers = { "content-type": "application/json" };
      const asked = eventOf(method, `/v3/${PROJECT}${path}`, { headers, ...(body !== undefined && { body }) });
      const { statusCode, body: text } = await now.api(asked);
      return { status: statusCode, body: text === undefined || text === "" ? undefined : JSON.parse(text) };
    },
    tick: (horizon?: number): Promise<TickReport> => tick(now.services, horizon),
    /** Plans the death of this process at a call of the record store. */
    dieAtCall: (death: Death | undefined) => now.store.arm(death),
    /** Plans it at the so-manyeth task from now. */
    dieAtTask(left: number, where: "before" | "effect") {
      deadlyTask = { left, where };
    },
    /** It lives on after all. */
    spare() {
      now.store.arm(undefined);
      deadlyTask = undefined;
    },
    /** From now on no task begins until `letGo`. */
    hold() {
      if (gate !== undefined) return;
      let open = (): void => undefined;
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      gate = { opened, open };
    },
    letGo() {
      gate?.open();
      gate = undefined;
    },
    get held() {
      return gate !== undefined;
    },
    /** Resolves when nothing runs any more, or the process is dead. */
    async idle() {
      if (gate !== undefined && !now.store.dead) return;
      while (!now.store.dead) {
        const { store, runner } = now;
        let over = false;
        await Promise.race([
          runner.idle().then(() => {
            over = true;
          }),
          untilDead(store, () => over),
        ]);
        if (over) return;
      }
    },
    /** The next process, on what the last one left. @param dies it is not asked to stop first */
    async restart({ dies }: { readonly dies: boolean }): Promise<void> {
      if (dies) now.store.kill();
      const parked = now.runner.park(LONGEST_PAUSE_MS * 10);
      world.letGo();
      await parked;
      now.close();
      deadlyTask = undefined;
      now = boot();
      await now.runner.resume();
      // At start-up what is watched counts as due (local/ticking.ts).
      await world.tick(clock.now + WATCH_EVERY_MS);
    },
    async end() {
      now.store.kill();
      world.letGo();
      await now.runner.park(LONGEST_PAUSE_MS * 10);
      now.close();
      reader.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** Looks every few milliseconds: a death has no event. */
async function untilDead(store: MortalStore, over: () => boolean): Promise<void> {
  while (!store.dead && !over()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** A dead process writes no object, and reads none. */
function livingObjects(objects: ObjectStore, dead: () => boolean): ObjectStore {
  const alive = (): void => {
    if (dead()) throw new ProcessDied("the process is dead");
  };
  return {
    async putIfAbsent(name, bytes) {
      alive();
      return objects.putIfAbsent(name, bytes);
    },
    async get(name, range) {
      alive();
      return objects.get(name, range);
    },
    async size(name) {
      alive();
      return objects.size(name);
    },
    async *list(prefix) {
      alive();
      yield* objects.list(prefix);
    },
    async trash(name) {
      alive();
      return objects.trash(name);
    },
  };
}
