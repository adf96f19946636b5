/** What must be true, as seen from outside: nothing here takes turns, and no actor reads it. */
import { type AvoidSet, readAvoidSet } from "../../core/engine/avoid-set.ts";
import { openDomain } from "../../core/engine/domain-crypto.ts";
import { blocksOfLeaf } from "../../core/engine/geometry.ts";
import { LEAF_BLOCKS } from "../../core/engine/numbers.ts";
import { PackReader } from "../../core/engine/pack-reader.ts";
import type { PackFacts } from "../../core/engine/places.ts";
import { readBlocks } from "../../core/engine/read-blocks.ts";
import { NOTHING_MOVED, type Relocations, readRelocations } from "../../core/engine/relocations.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import { avoidedPacks } from "../../core/engine/repository-view.ts";
import type { Root } from "../../core/engine/root-format.ts";
import { readRoot } from "../../core/engine/root-store.ts";
import { framesOf } from "../../core/engine/tables.ts";
import type { CollectReport, Verdict } from "../../core/ports/collection.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { type Backup, BLOCK, DOMAIN, type Result, storeOf, Violation, type World } from "./support-model-world.ts";

const inside = (world: World): ObjectStore => repositoryObjects(storeOf(world), DOMAIN.domainId);
const cryptoOf = () => openDomain(DOMAIN);

/** A store in which one object of its kind is the only one: the engine's own reader decodes it. */
const only = (world: World, name: string): ObjectStore => ({
  ...inside(world),
  async *list() {
    yield { name, size: 0 };
  },
});

function newestName(world: World, kind: string): string | undefined {
  let last: string | undefined;
  for (const name of world.objects.keys())
    if (name.startsWith(`d/${kind}/`) && (last === undefined || name > last)) last = name;
  return last?.slice(2);
}

/** Objects never change: each epoch is decoded once. */
async function mapOf(world: World): Promise<Relocations> {
  const name = newestName(world, "maps");
  if (name === undefined) return NOTHING_MOVED;
  const map = world.mapsRead.get(name) ?? (await readRelocations(only(world, name), await cryptoOf()));
  world.mapsRead.set(name, map);
  return map;
}

async function avoidOf(world: World, name = newestName(world, "avoid")): Promise<AvoidSet> {
  if (name === undefined) return { epoch: 0, packs: new Map(), unreadable: false };
  const set = world.avoidRead.get(name) ?? (await readAvoidSet(only(world, name), await cryptoOf()));
  world.avoidRead.set(name, set);
  return set;
}

/** Packs that the result refers to and that are avoided now, with the epoch since when. */
export async function avoidedOf(world: World, { packs }: Result): Promise<Avoided> {
  const set = await avoidOf(world);
  if (set.packs.size === 0) return NOTHING;
  const found = avoidedPacks(packs, set, await mapOf(world));
  return new Map(
    found.map((pack) => [pack, set.packs.get(pack)?.doomed ? "doomed" : (set.packs.get(pack)?.since ?? 0)]),
  );
}

type Avoided = ReadonlyMap<string, number | "doomed">;
const NOTHING: Avoided = new Map();

/** A result that refers to what was avoided when it was published, and has been ever since, is not confirmed. */
export async function checkConfirmed(world: World, result: Result, before: Avoided): Promise<void> {
  if (before.size === 0 || world.onlyData) return;
  const now = await avoidedOf(world, result);
  for (const [pack, since] of before)
    if (now.get(pack) === since || now.get(pack) === "doomed")
      throw new Violation(`a result was confirmed that refers to ${pack}, avoided since before it was published`);
}

/** A root never changes: it is decoded once. */
async function rootOf(world: World, id: string): Promise<Root> {
  const known = world.rootsRead.get(id);
  if (known !== undefined) return known;
  const root = await readRoot(inside(world), await cryptoOf(), id);
  world.rootsRead.set(id, root);
  return root;
}

interface Reference {
  readonly packs: readonly PackFacts[];
  readonly stands: () => boolean;
}

/** What is referred to now; `stands`: and has been ever since. */
async function references(world: World): Promise<readonly Reference[]> {
  const found: Reference[] = [];
  for (const id of world.namesOf("roots")) {
    const { packs } = await rootOf(world, id);
    // A root that the worker of a dead run wrote late was never acknowledged, and is settled as an orphan.
    const state = world.backups.get(id)?.state;
    if (state === "sealed" || state === "deleted")
      found.push({ packs, stands: () => world.objects.has(`d/roots/${id}`) });
  }
  for (const run of world.openRuns())
    for (const [attempt, { packs }] of run.published)
      found.push({
        packs,
        stands: () =>
          run.published.has(attempt) &&
          (run.open ||
            (run.backup !== undefined && run.kind === "backup" && sealedWith(world, run.backup, run.confirmed, packs))),
      });
  return found;
}

const sealedWith = (
  world: World,
  backup: Backup,
  confirmed: ReadonlyMap<number, Result>,
  packs: readonly PackFacts[],
) =>
  backup.state === "sealed" &&
  world.objects.has(`d/roots/${backup.id}`) &&
  [...confirmed.values()].some((result) => result.packs === packs);

const UNREFERRED: ReadonlySet<Verdict> = new Set<Verdict>(["condemn", "wait", "doom", "forget"]);

/**
 * What was referred to when a look began, and still is when it has ended, is never judged to be garbage; where frames moved
 * meanwhile nothing is asked. @returns the check
 */
export async function watchLook(world: World): Promise<(report: CollectReport) => Promise<void>> {
  const before = await mapOf(world);
  const referred = await references(world);
  return async ({ decisions, held }) => {
    if (held !== undefined || world.onlyData) return;
    const unreferred = new Map(
      decisions.flatMap((d) => (UNREFERRED.has(d.verdict) ? [[d.pack, d.verdict] as const] : [])),
    );
    if (unreferred.size === 0) return;
    const after = await mapOf(world);
    for (const { packs, stands } of referred) {
      if (!stands()) continue;
      for (const { pack, live } of packs)
        for (const frame of framesOf(live)) {
          const place = before.moved.get(pack)?.get(frame)?.pack ?? pack;
          if (place !== (after.moved.get(pack)?.get(frame)?.pack ?? pack)) continue;
          const verdict = unreferred.get(place);
          if (verdict !== undefined) throw new Violation(`a look found nothing that refers to ${place} (${verdict})`);
        }
    }
  };
}

/** Reads each epoch once: a pack is doomed only after every run was closed that was open when its condemnation came out. */
export async function watchEpochs(world: World, seen: Watched): Promise<void> {
  if (world.onlyData) return;
  for (const name of [...world.namesOf("avoid")].sort()) {
    if (seen.epochs.has(name)) continue;
    seen.epochs.add(name);
    const { packs, epoch } = await avoidOf(world, `avoid/${name}`);
    for (const [pack, { condemned, doomed, since }] of packs) {
      if (condemned && !doomed) seen.condemned.set(pack, since);
      if (!doomed || since !== epoch) continue;
      const open = world.openAt.get(seen.condemned.get(pack) ?? 0)?.filter((id) => world.runs.get(id)?.open) ?? [];
      if (open.length > 0)
        throw new Violation(`${pack} is doomed while ${open.join(", ")} of its condemnation are open`);
    }
  }
}

/** What the oracle remembers of avoid-sets. */
export interface Watched {
  readonly epochs: Set<string>;
  /** Pack → the epoch that condemned it last. */
  readonly condemned: Map<string, number>;
}

/** Every backup that is sealed and was not deleted is what it was. */
export async function checkBackups(world: World): Promise<void> {
  if (world.changedAt !== world.checkedAt)
    for (const backup of world.sealed())
      await readBack(world, backup).catch((error: unknown) => {
        throw error instanceof Violation ? error : new Violation(`${backup.id} is lost`, { cause: error });
      });
  world.checkedAt = world.changedAt;
  const avoid = await avoidOf(world);
  for (const pack of world.quarantined)
    if (!world.objects.has(`d/packs/${pack}`)) world.quarantined.delete(pack);
    else if (avoid.packs.get(pack) === undefined) throw new Violation(`${pack} was quarantined and is not avoided`);
}

/** At the end, nobody is at work: what is there is what somebody refers to, and deleted is deleted. */
export async function checkNothingLeft(world: World): Promise<void> {
  const pinned = world.baselines ? [...world.baseline.values()] : [];
  const wanted = new Set([...world.sealed().map(({ id }) => id), ...pinned]);
  const roots = world.namesOf("roots");
  const left = roots.filter((id) => !wanted.has(id));
  if (left.length > 0) throw new Violation(`roots came back, or never went: ${left.join(", ")}`);
  const map = await mapOf(world);
  const live = new Set<string>();
  for (const id of roots)
    for (const { pack, live: frames } of (await rootOf(world, id)).packs)
      for (const frame of framesOf(frames)) live.add(map.moved.get(pack)?.get(frame)?.pack ?? pack);
  const garbage = world.namesOf("packs").filter((pack) => !live.has(pack));
  if (garbage.length > 0) throw new Violation(`packs that nobody refers to stay: ${garbage.join(", ")}`);
  const hooks = world.namesOf("hooks").filter((id) => !roots.includes(id));
  if (hooks.length > 0) throw new Violation(`hooks of roots that are gone stay: ${hooks.join(", ")}`);
  if (world.waits.size > 0) throw new Violation("collections still wait for runs that are closed");
}

/** Reads a backup with the engine's own readers, through the newest map. @throws Damaged; Violation */
async function readBack(world: World, { id, content }: Backup): Promise<void> {
  const objects = inside(world);
  if (!world.objects.has(`d/roots/${id}`)) throw new Violation(`the root of ${id} is gone`);
  const crypto = await cryptoOf();
  const root = await rootOf(world, id);
  const reader = new PackReader(objects, crypto, await mapOf(world));
  const read = new Uint8Array(content.length);
  for (const [at, leaf] of root.leaves.entries()) {
    if (leaf === undefined) continue;
    const first = at * LEAF_BLOCKS * BLOCK;
    const slots = await reader.leaf(leaf, blocksOfLeaf(content.length, at));
    const lengthOf = (index: number) => Math.min(BLOCK, content.length - first - index * BLOCK);
    for await (const outcome of readBlocks(reader, crypto, slots, lengthOf)) {
      if ("error" in outcome) throw outcome.error;
      for (const index of outcome.blocks) read.set(outcome.plain, first + index * BLOCK);
    }
  }
  if (!Buffer.from(read).equals(content)) throw new Violation(`${id} reads back differently`);
}
