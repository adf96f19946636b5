/** Seals a backup: folds the results of its units into a root, once everything it refers to was seen to be there. */
import { Damaged, type RootFacts, SealRefused, type SealRequest } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readAvoidSet } from "./avoid-set.ts";
import { enterRoot } from "./catalog.ts";
import { leavesOf } from "./geometry.ts";
import { PARALLEL_CHECKS } from "./numbers.ts";
import { FRAME_TYPE, packName } from "./pack-format.ts";
import type { PackReader } from "./pack-reader.ts";
import { PacksThere } from "./packs-there.ts";
import { inParallel } from "./parallel.ts";
import { decodePayload } from "./payload.ts";
import { type LeafRef, mergeFacts, type PackFacts } from "./places.ts";
import { type Relocations, readRelocations } from "./relocations.ts";
import { avoidedPacks, type KnownPack, RepositoryView } from "./repository-view.ts";
import type { Root } from "./root-format.ts";
import { factsOf, refusal, writeRoot } from "./root-store.ts";
import { sealHooks } from "./seal-hooks.ts";
import { framesOf, type LeafSlot } from "./tables.ts";

/** Idempotent: an equal root that stands already is the answer. @throws SealRefused, StoreFull, StoreFailed */
export async function seal(objects: ObjectStore, request: SealRequest): Promise<RootFacts> {
  const view = await RepositoryView.open(objects, request.domain);
  const root = fold(request, view.map.epoch);
  await checkPacks(view, root);
  const sealed = await writeRoot(objects, view.crypto, request.rootId, root);
  // After the root stands: whoever collects from now on sees it, and whoever collected before has published what it avoids.
  const avoid = await readAvoidSet(objects, view.crypto);
  const gone = avoidedPacks(root.packs, avoid, await readRelocations(objects, view.crypto));
  if (gone.length > 0)
    throw new SealRefused(`packs ${gone.slice(0, 3).join(", ")} are being collected or were found damaged meanwhile`);
  await Promise.all([enterRoot(objects, view.crypto, request.rootId, sealed), sealHooks(view, request, sealed)]);
  return factsOf(request.rootId, sealed);
}

/** One root of all results. @throws SealRefused when they do not cover the disk, or contradict each other */
function fold(request: SealRequest, mapEpoch: number): Root {
  const packs = new Map<string, PackFacts>();
  const leaves: LeafSlot[] = [];
  for (const bytes of request.results) {
    const unit = decodePayload(bytes);
    if (unit.size !== request.size)
      throw new SealRefused(`a result is of a disk of ${unit.size} bytes, not ${request.size}`);
    if (unit.firstLeaf !== leaves.length)
      throw new SealRefused(`leaf ${leaves.length} is missing: the next result begins at leaf ${unit.firstLeaf}`);
    leaves.push(...unit.leaves);
    for (const facts of unit.packs) {
      const known = packs.get(facts.pack);
      const merged = known === undefined ? facts : mergeFacts(known, facts);
      if (merged === undefined) throw new SealRefused(`two results describe pack ${facts.pack} differently`);
      packs.set(facts.pack, merged);
    }
  }
  const expected = leavesOf(request.size);
  if (leaves.length !== expected) throw new SealRefused(`the results cover ${leaves.length} leaves of ${expected}`);
  return { size: request.size, mapEpoch, description: request.description, packs: [...packs.values()], leaves };
}

/** Every frame that the root names must be in a pack that is there, whole, wherever it is now. */
async function checkPacks(view: RepositoryView, root: Root): Promise<void> {
  const leavesIn = new Map<string, LeafRef[]>();
  for (const leaf of root.leaves) {
    if (leaf === undefined) continue;
    const list = leavesIn.get(leaf.place.pack) ?? [];
    leavesIn.set(leaf.place.pack, list);
    list.push(leaf);
  }
  try {
    const there = new PacksThere(view.objects);
    const needed = new Map<string, KnownPack>();
    for (const facts of root.packs) for (const pack of packsNow(view.map, facts)) needed.set(pack.pack, pack);
    await there.look(needed.keys());
    for (const { pack, size } of needed.values()) {
      const found = there.size(pack);
      if (found === undefined) throw new Damaged(packName(pack), "is missing");
      if (found !== size) throw new Damaged(packName(pack), `has ${found} bytes instead of ${size}`);
    }
    const own = root.packs.filter((facts) => facts.own);
    await inParallel(own, PARALLEL_CHECKS, (facts) => checkOwnPack(view.reader, facts, leavesIn.get(facts.pack) ?? []));
  } catch (error) {
    throw refusal(error);
  }
}

/** The packs that hold now what a root names in one pack: that one, unless all of it moved. */
function packsNow(map: Relocations, facts: PackFacts): readonly KnownPack[] {
  const moved = map.moved.get(facts.pack);
  if (moved === undefined) return [facts];
  const found = new Map<string, KnownPack>();
  for (const frame of framesOf(facts.live)) {
    const target = map.targets.get(moved.get(frame)?.pack ?? "") ?? facts;
    found.set(target.pack, target);
  }
  return [...found.values()];
}

/** A pack of this run must be the very one that a unit wrote, and hold what the leaf table says. */
async function checkOwnPack(reader: PackReader, facts: PackFacts, leaves: readonly LeafRef[]): Promise<void> {
  const { tag, records } = await reader.end(facts.pack, facts.size, facts.frames);
  if (!tag.equals(facts.tag)) throw new SealRefused(`pack ${facts.pack} is not the one that was written`);
  if (records.length !== facts.frames) throw new SealRefused(`pack ${facts.pack} holds ${records.length} frames`);
  const highest = framesOf(facts.live).at(-1) ?? 0;
  if (highest >= records.length) throw new SealRefused(`pack ${facts.pack} has no frame ${highest}`);
  for (const { place, rawLength } of leaves) {
    const record = records[place.frame];
    const fits =
      record?.type === FRAME_TYPE.leaf &&
      record.offset === place.offset &&
      record.stored === place.stored &&
      record.codec === place.codec &&
      record.rawLength === rawLength;
    if (!fits) throw new SealRefused(`frame ${place.frame} of pack ${facts.pack} is not the leaf that was written`);
  }
}
