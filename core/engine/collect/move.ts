/** Compaction: copies the live frames of packs that are mostly dead into new packs, and says in a map where they are now. */
import type { CompactAsk, CompactReport, PackDecision, RepositoryRuns } from "../../ports/collection.ts";
import { Damaged, type DomainKeys } from "../../ports/data-plane.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { type AvoidSet, readAvoidSet } from "../avoid-set.ts";
import { openDomain } from "../domain-crypto.ts";
import { packName } from "../pack-format.ts";
import { PackReader } from "../pack-reader.ts";
import { PackBuffers, PackStream, type WrittenPack } from "../pack-stream.ts";
import { encodePayload } from "../payload.ts";
import { type NewPlace, readRelocations } from "../relocations.ts";
import { copyFrames } from "./copy-frames.ts";
import { fenceMoves, publishMap } from "./fence.ts";
import { type Looking, MARK_RULES, type MarkRules, mark, type Seen } from "./mark.ts";
import { mapAfter } from "./new-map.ts";
import { MOVE_BELOW, plan } from "./plan.ts";

/** Its new packs' bitmaps fit one result of at most 200 KB. */
const MOST_BYTES = 4 * 1024 ** 3;

const SHUT_OUT = "another map came first";
const NOTHING = { frames: 0, emptied: 0, written: 0, damaged: [] };

type Found = Pick<CompactReport, "candidates" | "damaged" | "frames" | "left" | "emptied" | "written">;

/**
 * Empties packs of which less than `below` is live. A move is a run of its own, open from before it reads until its map is out;
 * whoever comes second gives up, and what it wrote is garbage. @throws what `runs` throws; Damaged (a root), StoreFull, StoreFailed
 */
export async function compact(
  objects: ObjectStore,
  domain: DomainKeys,
  runs: RepositoryRuns,
  ask: CompactAsk,
  rules: MarkRules = MARK_RULES,
): Promise<CompactReport> {
  const looking: Looking = { objects, runs, crypto: await openDomain(domain) };
  await runs.guard();
  if (ask.dryRun === true) {
    const { candidates, held } = await survey(looking, ask, rules);
    return { ...NOTHING, candidates, left: candidates.length, ...(held !== undefined && { held }) };
  }
  await fenceMoves(looking);
  // Before the run is open: whoever shuts it out from then on takes the epoch after this one, or a later one.
  const { epoch } = await readRelocations(objects, looking.crypto);
  const run = await runs.openMove();
  try {
    const surveyed = await survey(looking, ask, rules);
    if (surveyed.held === undefined && surveyed.seen.map.epoch !== epoch)
      return { ...NOTHING, candidates: surveyed.candidates, left: surveyed.candidates.length, held: SHUT_OUT };
    const copied = await copy(looking, surveyed, ask);
    const { moves: _kept, packs: _told, ...found } = copied;
    if (surveyed.held !== undefined) return { ...found, held: surveyed.held };
    if (copied.packs.length === 0) return found;
    await runs.publishMove(run, payloadOf(copied.packs));
    const avoided = await readAvoidSet(objects, looking.crypto);
    if (avoided.unreadable || copied.packs.some(({ pack }) => avoided.packs.has(pack)))
      return { ...found, emptied: 0, held: "new packs were condemned before they were published" };
    await runs.guard();
    const map = mapAfter(surveyed.seen.map, copied.moves, copied.packs, await goneFrom(looking, surveyed));
    if (!(await publishMap(looking, map))) return { ...found, emptied: 0, held: SHUT_OUT };
    return { ...found, mapEpoch: map.epoch };
  } finally {
    // With its map out the marks find the new places; without it the new packs are garbage. Either way it is over.
    await runs.closeMove(run);
  }
}

interface Survey {
  readonly seen: Seen;
  readonly avoid: AvoidSet;
  /** Fewest live bytes first: the most room for the least work. */
  readonly candidates: readonly PackDecision[];
  readonly held?: string;
}

async function survey(looking: Looking, ask: CompactAsk, rules: MarkRules): Promise<Survey> {
  const avoid = await readAvoidSet(looking.objects, looking.crypto);
  const seen = await mark(looking, rules);
  if (seen.map.unreadable)
    return { seen, avoid, candidates: [], held: `the newest map, epoch ${seen.map.epoch}, is damaged` };
  if (avoid.unreadable)
    return { seen, avoid, candidates: [], held: `the newest avoid-set, epoch ${avoid.epoch}, is damaged` };
  const facts = { ...seen, now: ask.now, avoid, open: [], waits: new Map(), below: ask.below ?? MOVE_BELOW };
  const movable = plan(facts).decisions.filter(({ move }) => move);
  const liveBytes = ({ size, live = 0 }: PackDecision) => size * live;
  return { seen, avoid, candidates: movable.toSorted((a, b) => liveBytes(a) - liveBytes(b)) };
}

interface Copied extends Found {
  readonly packs: readonly WrittenPack[];
  readonly moves: ReadonlyMap<string, ReadonlyMap<number, NewPlace>>;
}

/** Copies pack after pack, in two buffers of a pack, until the budget is used up. A pack of which one frame cannot be read stays as it is. */
async function copy(
  { objects, crypto }: Looking,
  { seen, candidates }: Survey,
  { budgetBytes, budgetMs = Number.POSITIVE_INFINITY }: CompactAsk,
): Promise<Copied> {
  const begun = performance.now();
  const reader = new PackReader(objects, crypto);
  // Frames are taken over as they are: nothing is compressed, so the level does not matter.
  const stream = new PackStream(objects, crypto, new PackBuffers(), 1);
  const moves = new Map<string, ReadonlyMap<number, NewPlace>>();
  const damaged: { object: string; reason: string }[] = [];
  let bytes = 0;
  let left = candidates.length;
  try {
    for (const { pack, size } of candidates) {
      if (bytes >= Math.min(budgetBytes, MOST_BYTES) || performance.now() - begun >= budgetMs) break;
      left--;
      const live = seen.live.get(pack);
      if (live === undefined) continue;
      try {
        const taken = await copyFrames(reader, stream, pack, size, live);
        moves.set(pack, taken.places);
        bytes += taken.bytes;
      } catch (error) {
        if (!(error instanceof Damaged)) throw error;
        damaged.push({ object: error.object, reason: error.message.slice(error.object.length + 2) });
      }
    }
    const packs = await stream.finish();
    const frames = [...moves.values()].reduce((sum, places) => sum + places.size, 0);
    const written = packs.reduce((sum, { size }) => sum + size, 0);
    return { candidates, damaged, left, frames, written, emptied: moves.size, packs, moves };
  } catch (error) {
    await stream.abandon();
    throw error;
  }
}

/** Names every frame of every new pack. */
function payloadOf(written: readonly WrittenPack[]): Uint8Array {
  const packs = written.map(({ pack, size, frames, tag }) => {
    const live = new Uint8Array(Math.ceil(frames / 8));
    for (let frame = 0; frame < frames; frame++) live[frame >> 3] = (live[frame >> 3] ?? 0) | (1 << (frame & 7));
    return { pack, size, frames, tag, own: true, live, liveBytes: size };
  });
  const stored = written.reduce((sum, { size }) => sum + size, 0);
  const counts = { read: 0, nonZero: 0, changed: 0, stored };
  return encodePayload({ size: 0, firstLeaf: 0, counts, packs, leaves: [] });
}

/** Packs of the map that are deleted or about to be. A pack that was not listed may be younger than the listing: it is asked for. */
async function goneFrom({ objects }: Looking, { seen, avoid }: Survey): Promise<ReadonlySet<string>> {
  const listed = new Set(seen.packs.map(({ pack }) => pack));
  const gone = new Set<string>();
  for (const pack of seen.map.targets.keys()) {
    if (avoid.packs.get(pack)?.doomed === true) gone.add(pack);
    else if (!listed.has(pack) && (await objects.size(packName(pack))) === undefined) gone.add(pack);
  }
  return gone;
}
