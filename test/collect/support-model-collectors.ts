/** Who collects: leases, roots that are let go of, verdicts, trash, moves. Steps as core/app/repository takes them. */
import { collect, DoomedButReferred } from "../../core/engine/collect/collect.ts";
import type { MarkRules } from "../../core/engine/collect/mark.ts";
import { compact } from "../../core/engine/collect/move.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import type { RepositoryRuns } from "../../core/ports/collection.ts";
import { type ObjectStore, StoreFailed } from "../../core/ports/object-store.ts";
import { type Watched, watchEpochs, watchLook } from "./support-model-oracle.ts";
import type { Actor } from "./support-model-scheduler.ts";
import {
  DAY,
  DOMAIN,
  HOUR,
  type Rules,
  type Run,
  resultOf,
  storeOf,
  Violation,
  type World,
} from "./support-model-world.ts";

const LEASE_MS = HOUR / 2;

class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** What one collection is to do. */
export interface CollectionAsk {
  readonly decide: boolean;
  /** Packs of less live share are emptied; undefined: no compaction. */
  readonly below: number | undefined;
  /** The clock goes so far before it begins: whoever collects comes once a day. */
  readonly later: number;
}

/** The steps of one collection. While somebody else collects it comes again a day later. */
export async function collection(
  world: World,
  actor: Actor | undefined,
  rules: Rules,
  markRules: MarkRules,
  watched: Watched,
  { decide, below, later }: CollectionAsk,
): Promise<void> {
  world.clock += later;
  const holder = world.newId();
  let fence = await takeLease(world, actor, holder);
  for (; fence === undefined; fence = await takeLease(world, actor, holder)) world.clock += DAY;
  const objects = repositoryObjects(storeOf(world, actor), DOMAIN.domainId);
  const runs = runsOf(world, actor, rules, holder, fence);
  try {
    if (decide) {
      await sweepRoots(world, actor, rules);
      await settleOrphans(world, actor);
      const check = await watchLook(world);
      const report = await collect(objects, DOMAIN, runs, { step: "decide", now: world.clock }, markRules);
      await check(report);
      await watchEpochs(world, watched);
      for (let cursor: string | undefined = ""; cursor !== undefined; )
        ({ cursor } = await collect(objects, DOMAIN, runs, { step: "trash", now: world.clock, cursor }));
    }
    if (below !== undefined)
      await compact(objects, DOMAIN, runs, { now: world.clock, below, budgetBytes: 2 ** 30 }, markRules);
  } catch (error) {
    allow(world, error);
  }
  await actor?.turn();
  if (world.fence === fence) world.lease = undefined;
}

/** Losing a race ends a collection; so does a root that a dead run's worker wrote late, until it is settled. */
function allow(world: World, error: unknown): void {
  if (error instanceof LeaseLost || error instanceof StoreFailed) return;
  const unsound = world.namesOf("roots").some((id) => world.backups.get(id)?.state !== "sealed");
  if (error instanceof DoomedButReferred && unsound) return;
  throw error instanceof Violation ? error : new Violation("a collection failed", { cause: error });
}

async function takeLease(world: World, actor: Actor | undefined, holder: string): Promise<number | undefined> {
  await actor?.turn();
  const { lease, clock } = world;
  const held = lease !== undefined && lease.until > clock && lease.until <= clock + LEASE_MS;
  if (held && !world.leaseless) return undefined;
  world.lease = { holder, until: clock + LEASE_MS };
  world.fence++;
  return world.fence;
}

function runsOf(world: World, actor: Actor | undefined, rules: Rules, holder: string, fence: number): RepositoryRuns {
  const guard = async (): Promise<void> => {
    await actor?.turn();
    if (world.leaseless) return;
    if (world.fence !== fence) throw new LeaseLost(holder);
    world.lease = { holder, until: world.clock + LEASE_MS };
  };
  return {
    guard,
    async open() {
      await actor?.turn();
      return world.openRuns().map(({ id, kind, pins }) => ({ id, kind, pins }));
    },
    async *results({ id }) {
      await actor?.turn();
      const run = world.runs.get(id);
      if (run === undefined || (run.kind !== "move" && !run.open)) return;
      await actor?.turn();
      const rows = [...run.published.values(), ...run.confirmed.values()];
      for (const { payload } of rows) yield payload;
    },
    async openMove() {
      await guard();
      await actor?.turn();
      const run: Run = {
        id: world.newId(),
        kind: "move",
        pins: [],
        unitLeaves: 0,
        open: true,
        published: new Map(),
        confirmed: new Map(),
      };
      world.runs.set(run.id, run);
      return run;
    },
    async publishMove({ id }, payload) {
      await actor?.turn();
      world.runs.get(id)?.published.set(0, resultOf(0, 0, payload));
    },
    async closeMove({ id }) {
      await actor?.turn();
      const run = world.runs.get(id);
      if (run !== undefined) run.open = false;
    },
    async waits() {
      await actor?.turn();
      return new Map(world.waits);
    },
    async noteWaits(epoch, runs) {
      await actor?.turn();
      if (!world.waits.has(epoch)) world.waits.set(epoch, rules.waits ? runs : []);
    },
    async forgetWaits(epoch) {
      await actor?.turn();
      world.waits.delete(epoch);
    },
  };
}

const pinnedBy = (runs: readonly Run[]): ReadonlySet<string> =>
  new Set(runs.flatMap(({ pins, backup }) => [...pins, ...(backup === undefined ? [] : [backup.id])]));

/** As core/app/repository/intents.ts: intents, then open runs, then what bindings compare with. */
async function sweepRoots(world: World, actor: Actor | undefined, rules: Rules): Promise<void> {
  const objects: ObjectStore = storeOf(world, actor);
  await actor?.turn();
  const intents = [...world.intents];
  if (intents.length === 0) return;
  await actor?.turn();
  const pinned = pinnedBy(world.openRuns());
  for (const [root, why] of intents) {
    if (rules.pins && pinned.has(root)) continue;
    await actor?.turn();
    if (world.baselines && [...world.baseline.values()].includes(root)) continue;
    if (why === "failed") await objects.putIfAbsent(`d/intents/${root}`, Buffer.from("failed"));
    await objects.trash(`d/roots/${root}`);
    await actor?.turn();
    world.intents.delete(root);
  }
}

/** As core/app/repository/orphans.ts: roots without a sound record go when there is an intent object. */
async function settleOrphans(world: World, actor: Actor | undefined): Promise<void> {
  const objects = storeOf(world, actor);
  await actor?.turn();
  const spokenOf = new Set(pinnedBy(world.openRuns()));
  const roots: string[] = [];
  for await (const { name } of objects.list("d/roots/")) roots.push(name.slice("d/roots/".length));
  await actor?.turn();
  const recorded = new Set(world.sealed().map(({ id }) => id));
  // After the records: who deletes a backup takes its record away and writes the row in one transaction.
  await actor?.turn();
  for (const root of world.intents.keys()) spokenOf.add(root);
  for (const root of roots) {
    if (recorded.has(root) || spokenOf.has(root)) continue;
    if ((await objects.size(`d/intents/${root}`)) !== undefined) await objects.trash(`d/roots/${root}`);
  }
}
