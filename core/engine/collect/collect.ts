/** Collects garbage: decides what becomes of every pack and publishes that, and moves to the trash what is doomed. */
import type {
  CollectAsk,
  CollectReport,
  PackDecision,
  RepositoryRuns,
  Tally,
  Verdict,
  Waits,
} from "../../ports/collection.ts";
import type { DomainKeys } from "../../ports/data-plane.ts";
import { type ObjectStore, StoreFailed } from "../../ports/object-store.ts";
import { type AvoidSet, publishAvoidSet, readAvoidSet } from "../avoid-set.ts";
import { openDomain } from "../domain-crypto.ts";
import { PARALLEL_CHECKS } from "../numbers.ts";
import { packName } from "../pack-format.ts";
import { inParallel } from "../parallel.ts";
import { fenceMoves } from "./fence.ts";
import { type Looking, MARK_RULES, type MarkRules, mark, type Seen } from "./mark.ts";
import { MOVE_BELOW, type Plan, plan } from "./plan.ts";
import { trashDoomed } from "./trash.ts";

/** Somebody else's epoch came first: everything is looked at again, at most so often. */
const TRIES = 5;
/** Missing packs that a report names. */
const MISSING_NAMED = 100;

/** The collector's own bug, or a root that came back from the trash: nothing is deleted until a person has looked. */
export class DoomedButReferred extends Error {
  override readonly name = "DoomedButReferred";
}

const VERDICTS: readonly Verdict[] = ["keep", "young", "condemn", "wait", "pardon", "doom", "forget"];

/**
 * One step of a collection. Two collectors at once do no harm: each decision is the put of the next epoch.
 * @throws what `runs` throws; Damaged (a root), DoomedButReferred, StoreFull, StoreFailed: then nothing was decided
 */
export async function collect(
  objects: ObjectStore,
  domain: DomainKeys,
  runs: RepositoryRuns,
  ask: CollectAsk,
  rules: MarkRules = MARK_RULES,
): Promise<CollectReport> {
  const looking: Looking = { objects, runs, crypto: await openDomain(domain) };
  if (ask.step === "trash") return { ...EMPTY, ...(await trashDoomed(looking, ask)) };
  for (let tries = 0; tries < TRIES; tries++) {
    const report = await decide(looking, ask, rules);
    if (report !== undefined) return report;
  }
  throw new StoreFailed("another collector published its decisions each time this one wanted to");
}

const EMPTY = { epoch: 0, decisions: [], totals: tally([]), movable: { packs: 0, bytes: 0 }, missing: [] };

/** @returns undefined when somebody else was faster: what was decided rests on old facts */
async function decide(looking: Looking, ask: CollectAsk, rules: MarkRules): Promise<CollectReport | undefined> {
  const { objects, crypto, runs } = looking;
  const dryRun = ask.dryRun === true;
  await runs.guard();
  if (!dryRun) await fenceMoves(looking);
  const avoid = await readAvoidSet(objects, crypto);
  const seen = await mark(looking, rules);
  const found = { ...EMPTY, epoch: avoid.epoch, trashed: 0 };
  if (seen.map.unreadable) return { ...found, held: `the newest map, epoch ${seen.map.epoch}, is damaged` };

  const waits = await runs.waits();
  const open = seen.open.map(({ id }) => id);
  const planned = plan({ ...seen, now: ask.now, avoid, open, waits, below: ask.below ?? MOVE_BELOW });
  const [contradiction] = planned.contradictions;
  if (contradiction !== undefined)
    throw new DoomedButReferred(
      `pack ${contradiction} is doomed although something refers to it (${planned.contradictions.length} such packs)`,
    );
  const movable = planned.decisions.filter(({ move }) => move);
  const report = {
    ...found,
    decisions: planned.decisions,
    totals: tally(planned.decisions),
    movable: sum(movable),
    missing: await missing(objects, seen),
  };
  if (dryRun) return report;

  // Listed after those epochs were published: whoever is not in it is closed.
  for (const epoch of planned.unnoted) await runs.noteWaits(epoch, open);
  const { next } = planned;
  if (next !== undefined) {
    await runs.guard();
    if (!(await publishAvoidSet(objects, crypto, next))) return undefined;
    await noteWaits(runs, next);
  }
  await forgetWaits(runs, waits, next?.packs ?? avoid.packs);
  return { ...report, epoch: next?.epoch ?? avoid.epoch };
}

/** Runs that were open after the epoch was published may refer to what it condemns: the verdict waits for them. */
async function noteWaits(runs: RepositoryRuns, next: NonNullable<Plan["next"]>): Promise<void> {
  if (!waitedFor(next.packs).has(next.epoch)) return;
  await runs.noteWaits(
    next.epoch,
    (await runs.open()).map(({ id }) => id),
  );
}

async function forgetWaits(runs: RepositoryRuns, waits: Waits, packs: AvoidSet["packs"]): Promise<void> {
  const needed = waitedFor(packs);
  for (const epoch of waits.keys()) if (!needed.has(epoch)) await runs.forgetWaits(epoch);
}

function waitedFor(packs: AvoidSet["packs"]): ReadonlySet<number> {
  const epochs = new Set<number>();
  for (const { condemned, doomed, since } of packs.values()) if (condemned && !doomed) epochs.add(since);
  return epochs;
}

/** Packs that were not listed although something refers to them. One that was written after the listing is there now. */
async function missing(objects: ObjectStore, { packs, live }: Seen): Promise<readonly string[]> {
  const listed = new Set(packs.map(({ pack }) => pack));
  const suspects = [...live.keys()].filter((pack) => !listed.has(pack));
  const found: string[] = [];
  await inParallel(suspects, PARALLEL_CHECKS, async (pack) => {
    if (found.length < MISSING_NAMED && (await objects.size(packName(pack))) === undefined) found.push(pack);
  });
  return found.sort();
}

function tally(decisions: readonly PackDecision[]): Readonly<Record<Verdict, Tally>> {
  const of = (verdict: Verdict) => sum(decisions.filter((decision) => decision.verdict === verdict));
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, of(verdict)])) as Record<Verdict, Tally>;
}

function sum(decisions: readonly PackDecision[]): Tally {
  return { packs: decisions.length, bytes: decisions.reduce((total, { size }) => total + size, 0) };
}
