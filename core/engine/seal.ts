/** Seals a backup: folds the results of its units into a root, once everything it refers to was seen to be there. */
import { type RootFacts, SealRefused, type SealRequest } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { leavesOf } from "./geometry.ts";
import { PARALLEL_CHECKS } from "./numbers.ts";
import { FRAME_TYPE } from "./pack-format.ts";
import { PackReader } from "./pack-reader.ts";
import { inParallel } from "./parallel.ts";
import { decodePayload } from "./payload.ts";
import { type LeafRef, mergeFacts, type PackFacts } from "./places.ts";
import type { Root } from "./root-format.ts";
import { factsOf, refusal, writeRoot } from "./root-store.ts";
import { framesOf, type LeafSlot } from "./tables.ts";

/** Idempotent: an equal root that stands already is the answer. @throws SealRefused, StoreFull, StoreFailed */
export async function seal(objects: ObjectStore, request: SealRequest): Promise<RootFacts> {
  const crypto = await openDomain(request.domain);
  const root = fold(request);
  await checkPacks(objects, crypto, root);
  return factsOf(request.rootId, await writeRoot(objects, crypto, request.rootId, root));
}

/** One root of all results. @throws SealRefused when they do not cover the disk, or contradict each other */
function fold(request: SealRequest): Root {
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
  return { size: request.size, mapEpoch: 0, description: request.description, packs: [...packs.values()], leaves };
}

async function checkPacks(objects: ObjectStore, crypto: DomainCrypto, root: Root): Promise<void> {
  const reader = new PackReader(objects, crypto);
  const leavesIn = new Map<string, LeafRef[]>();
  for (const leaf of root.leaves) {
    if (leaf === undefined) continue;
    const list = leavesIn.get(leaf.place.pack) ?? [];
    leavesIn.set(leaf.place.pack, list);
    list.push(leaf);
  }
  try {
    await inParallel(root.packs, PARALLEL_CHECKS, async (facts) => {
      await reader.present(facts.pack, facts.size);
      if (facts.own) await checkOwnPack(reader, facts, leavesIn.get(facts.pack) ?? []);
    });
  } catch (error) {
    throw refusal(error);
  }
}

/** A pack of this run must be the very one that a unit wrote, and hold what the leaf table says. */
async function checkOwnPack(reader: PackReader, facts: PackFacts, leaves: readonly LeafRef[]): Promise<void> {
  const { tag, records } = await reader.end(facts.pack, facts.size);
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
