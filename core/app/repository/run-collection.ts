/** The tasks of a collection: plan (roots go, packs are judged), trash, move, and how it ended. */
import type { CollectReport } from "../../ports/collection.ts";
import { type CaughtError, failureOf } from "../failure.ts";
import { repositoryKey } from "../records/keys.ts";
import type { Repository } from "../records/repositories.ts";
import { load, replace, repositories } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tell } from "../tell.ts";
import { repositoryRuns } from "./collection-runs.ts";
import { type Collector, loadHeld, takeLease } from "./collector-lease.ts";
import { sweepRoots } from "./intents.ts";
import { settleOrphans } from "./orphans.ts";

/** A task stops after so long, well within its time-out of 15 minutes: a batch, or a pack, more may follow. */
const BUDGET_MS = 240_000;
/** Bytes that one task copies. */
const MOVE_BYTES = 1024 ** 3;
/** Rounds of one collection; what is left waits a day. 100 rounds of trash are millions of packs, 200 of moves 200 GiB. */
const TRASH_ROUNDS = 100;
const MOVE_ROUNDS = 200;
/** Names in the record of a collection. */
const NAMED = 100;

type Last = NonNullable<Repository["last"]>;

export interface CollectionRef {
  readonly domainId: string;
  /** Of the execution, which holds the lease. */
  readonly name: string;
}

/**
 * Lets go of roots, marks, and publishes what becomes of every pack. `go` is false when somebody else collects, or nothing can be
 * decided because an object is damaged (then people are told). @throws LeaseLost, Damaged, DoomedButReferred, StoreFull, StoreFailed
 */
export async function planCollection(
  s: Services,
  { domainId, name }: CollectionRef,
): Promise<{ readonly go: boolean; readonly fence: number; readonly move: boolean }> {
  const collector = await takeLease(s, domainId, name);
  if (collector === undefined) return { go: false, fence: 0, move: false };
  await sweepRoots(s, domainId);
  const orphans = await settleOrphans(s, domainId);
  const keys = await s.keyring.open(domainId);
  const now = s.now();
  const report = await s.dataPlane.collect(keys, repositoryRuns(s, collector), { step: "decide", now });
  s.log({ level: "info", text: "collection decided", ...summary(report), domainId, orphans: orphans.length });
  await noteLast(s, collector, () => ({
    at: now,
    outcome: report.held === undefined ? "running" : "held",
    ...(report.held !== undefined && { reason: report.held }),
    ...summary(report),
    trashed: 0,
    emptied: 0,
    orphans: orphans.slice(0, NAMED),
    missing: [...report.missing],
  }));
  const { fence } = collector;
  if (report.held === undefined) return { go: true, fence, move: report.movable.packs > 0 };
  await finishCollection(s, collector);
  return { go: false, fence, move: false };
}

const summary = ({ epoch, totals, movable }: CollectReport): Pick<Last, "epoch" | "totals" | "movable"> => ({
  epoch,
  totals: { ...totals },
  movable,
});

/** Moves doomed packs to the trash, from `cursor` on. @throws LeaseLost, StoreFailed */
export async function trashCollected(
  s: Services,
  { cursor, round, ...collector }: Collector & { readonly cursor: string; readonly round: number },
): Promise<{ readonly cursor: string; readonly round: number; readonly done: boolean }> {
  const keys = await s.keyring.open(collector.domainId);
  const ask = { step: "trash", now: s.now(), budgetMs: BUDGET_MS, cursor } as const;
  const report = await s.dataPlane.collect(keys, repositoryRuns(s, collector), ask);
  await noteLast(s, collector, (last) => last && { ...last, trashed: last.trashed + report.trashed });
  const done = report.cursor === undefined || round + 1 >= TRASH_ROUNDS;
  return { cursor: report.cursor ?? "", round: round + 1, done };
}

/** Empties packs that are mostly dead. A damaged one is avoided from now on: the next backup repairs it. @throws LeaseLost, StoreFull, StoreFailed */
export async function moveCollected(
  s: Services,
  { round, ...collector }: Collector & { readonly round: number },
): Promise<{ readonly round: number; readonly done: boolean }> {
  const { domainId } = collector;
  const keys = await s.keyring.open(domainId);
  const ask = { now: s.now(), budgetBytes: MOVE_BYTES, budgetMs: BUDGET_MS };
  const { candidates, ...report } = await s.dataPlane.compact(keys, repositoryRuns(s, collector), ask);
  s.log({ level: "info", text: "frames moved", domainId, candidates: candidates.length, ...report });
  const damaged = report.damaged.flatMap(({ object }) => /^packs\/([0-9a-f]{32})$/.exec(object)?.[1] ?? []);
  if (damaged.length > 0) await s.dataPlane.quarantine(keys, damaged, s.now());
  await noteLast(s, collector, (last) => last && { ...last, emptied: last.emptied + report.emptied });
  const done = report.left === 0 || report.emptied === 0 || round + 1 >= MOVE_ROUNDS;
  return { round: round + 1, done };
}

/** Gives the lease back, and tells people what only they can settle. @throws LeaseLost */
export async function finishCollection(s: Services, collector: Collector): Promise<void> {
  const repository = await withFreshState(async () => {
    const held = await loadHeld(s, collector);
    const { lease: _returned, last, ...rest } = held;
    const ended = last?.outcome === "running" ? { ...last, outcome: "done" as const } : last;
    await s.records.write(replace(repositories, { ...rest, ...(ended && { last: ended }) }));
    return { ...rest, last: ended };
  });
  const { domainId, projectId, last } = repository;
  if (last === undefined) return;
  s.metrics.count("collections_total", 1, { outcome: last.outcome });
  s.metrics.count("collected_objects_total", last.trashed);
  s.metrics.count("emptied_packs_total", last.emptied);
  const facts = { domain_id: domainId, orphans: last.orphans.length, missing: last.missing.length };
  if (last.outcome === "held")
    await tell(s, {
      severity: "critical",
      topic: "collection.held",
      projectId,
      message: `nothing of repository ${domainId} can be collected: ${last.reason}`,
      facts,
    });
  if (last.missing.length > 0)
    await tell(s, {
      severity: "critical",
      topic: "repository.damaged",
      projectId,
      message: `repository ${domainId} refers to packs that are missing: ${last.missing.slice(0, 5).join(", ")}`,
      facts,
    });
  if (last.orphans.length > 0)
    await tell(s, {
      severity: "warning",
      topic: "repository.orphans",
      projectId,
      message: `repository ${domainId} holds backups that no record knows: ${last.orphans.slice(0, 5).join(", ")}`,
      facts,
    });
}

/** Gives the lease back, if it is still this execution's. Idempotent; nothing is half done, the next collection goes on. */
export async function failCollection(
  s: Services,
  { domainId, name, error }: CollectionRef & { readonly error: CaughtError },
): Promise<void> {
  const reason = failureOf(error).message;
  const failed = await withFreshState(async () => {
    const repository = await load(s.records, repositories, repositoryKey(domainId));
    if (repository?.lease?.holder !== name) return undefined;
    const { lease: _returned, last, ...rest } = repository;
    const ended = last && { ...last, outcome: "failed" as const, reason };
    await s.records.write(replace(repositories, { ...rest, ...(ended && { last: ended }) }));
    return repository;
  });
  if (failed === undefined) return;
  s.metrics.count("collections_total", 1, { outcome: "failed" });
  await tell(s, {
    severity: "critical",
    topic: "collection.failed",
    projectId: failed.projectId,
    message: `repository ${domainId} could not be collected: ${reason}`,
    facts: { domain_id: domainId },
  });
}

/** What people are shown of this collection. @throws LeaseLost */
const noteLast = (s: Services, collector: Collector, change: (last: Last | undefined) => Last | undefined) =>
  withFreshState(async () => {
    const repository = await loadHeld(s, collector);
    const last = change(repository.last);
    if (last !== undefined) await s.records.write(replace(repositories, { ...repository, last }));
  });
