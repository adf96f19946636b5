/** Moves to the trash what is doomed, and what newer epochs have replaced. */
import type { CollectAsk, CollectReport } from "../../ports/collection.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readAvoidSet } from "../avoid-set.ts";
import { CATALOG, idsUnder } from "../catalog.ts";
import { packName } from "../pack-format.ts";
import { inParallel } from "../parallel.ts";
import type { Looking } from "./mark.ts";

/** Lease and avoid-set are read again after so many. */
const BATCH = 500;
/** Objects that are moved to the trash at a time: each is one small request, which only waits. */
const AT_ONCE = 32;
/** The newest one counts; the one before is for who has just listed it. */
const EPOCHS_KEPT = 2;

/**
 * Trashes what the newest avoid-set dooms, whoever doomed it: a verdict is never taken back. So a collector that slept since its own
 * decision does no harm. @throws what `guard` throws; StoreFailed
 */
export async function trashDoomed(
  looking: Looking,
  { budgetMs = Number.POSITIVE_INFINITY, cursor: from = "" }: CollectAsk,
): Promise<Pick<CollectReport, "epoch" | "trashed" | "cursor">> {
  const { objects, crypto, runs } = looking;
  const begun = performance.now();
  let trashed = 0;
  let cursor = from;
  for (;;) {
    await runs.guard();
    const { epoch, packs } = await readAvoidSet(objects, crypto);
    const doomed = [...packs].flatMap(([pack, { doomed: it }]) => (it && pack > cursor ? [pack] : [])).sort();
    const batch = doomed.slice(0, BATCH);
    await trashAll(objects, batch.map(packName));
    trashed += batch.length;
    if (batch.length === doomed.length) return { epoch, trashed: trashed + (await trashReplaced(looking)) };
    cursor = batch.at(-1) ?? cursor;
    if (performance.now() - begun >= budgetMs) return { epoch, trashed, cursor };
  }
}

/** Epochs that newer ones have replaced, hooks of roots that are gone, and entries of roots that were deleted. */
async function trashReplaced({ objects, runs }: Looking): Promise<number> {
  // Hooks and entries before roots: those of a root that is just being sealed are not taken for another's leftovers.
  const hooks = await idsUnder(objects, "hooks/");
  const entries = await idsUnder(objects, CATALOG);
  const roots = new Set(await idsUnder(objects, "roots/"));
  // Before the trash has the root its intent stands: an entry without either is all that misses the root.
  const deleted = new Set(await idsUnder(objects, "intents/"));
  const replaced = [
    ...(await idsUnder(objects, "avoid/")).filter(isEpoch).slice(0, -EPOCHS_KEPT).map(inside("avoid/")),
    ...(await idsUnder(objects, "maps/")).filter(isEpoch).slice(0, -EPOCHS_KEPT).map(inside("maps/")),
    ...hooks.filter((root) => !roots.has(root)).map(inside("hooks/")),
    ...entries.filter((root) => !roots.has(root) && deleted.has(root)).map(inside(CATALOG)),
  ];
  for (let at = 0; at < replaced.length; at += BATCH) {
    await runs.guard();
    await trashAll(objects, replaced.slice(at, at + BATCH));
  }
  return replaced.length;
}

const isEpoch = (name: string): boolean => /^[0-9]{10}$/.test(name);
const inside = (prefix: string) => (name: string) => `${prefix}${name}`;

const trashAll = (objects: ObjectStore, names: readonly string[]): Promise<void> =>
  inParallel(names, AT_ONCE, (name) => objects.trash(name));
