/** Verifies a run of leaves of a backup; damage is the result, not an exception. */
import { isDeepStrictEqual } from "node:util";
import { Damaged, type VerifyResult, type VerifyUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { FoundDamage } from "./damage.ts";
import { blockLength, blocksOfLeaf, checkRange, leafLength } from "./geometry.ts";
import { closeHands, type Hands, type VerifyHand, workWith } from "./hands.ts";
import type { Slot } from "./leaf.ts";
import { PARALLEL_CHECKS } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { FRAME_TYPE, packName } from "./pack-format.ts";
import { type PackEnd, PackGone } from "./pack-reader.ts";
import { inParallel } from "./parallel.ts";
import { soundOr } from "./parent.ts";
import { bytesOf } from "./patch.ts";
import type { FramePlace, LeafRef } from "./places.ts";
import { mapName, type Relocations, readRelocations } from "./relocations.ts";
import { type KnownPack, RepositoryView } from "./repository-view.ts";
import { type Root, rootName } from "./root-format.ts";
import { readRoot } from "./root-store.ts";
import { Stretches, zeroSlots } from "./stretches.ts";

/**
 * `presence`: leaves authenticate, and every pack they name is there, whole in size, with sound header, directory and
 * footer, and holds the frames that are named. `data`: every block is decoded and hashed too. `checked` counts bytes of disk.
 * @throws StoreFailed, Interrupted, FormatTooNew; RangeError for a bad unit
 */
export async function verify(
  objects: ObjectStore,
  unit: VerifyUnit,
  pace: Pace,
  open: () => ReturnType<Hands["open"]>,
): Promise<VerifyResult> {
  pace.check();
  const view = await RepositoryView.open(objects, unit.domain);
  const damage = new FoundDamage();
  if (view.map.unreadable) damage.note(mapName(view.map.epoch), "cannot be read: nobody knows where frames moved");
  const root = await damage.unless(readRoot(objects, view.crypto, unit.rootId), rootName(unit.rootId));
  if (root === undefined)
    return { firstLeaf: unit.firstLeaf, endLeaf: unit.endLeaf, checked: 0, damaged: damage.list() };
  checkRange(unit, root.size);
  const since =
    unit.since === undefined ? undefined : await soundOr(readRoot(objects, view.crypto, unit.since), undefined);
  const verifying = new Verifying(unit, root, since, view, damage, pace);
  if (unit.depth === "presence") return verifying.run([]);
  const hands = (await open()) as readonly VerifyHand[];
  try {
    return await verifying.run(hands);
  } finally {
    await closeHands(hands);
  }
}

class Verifying {
  readonly #unit: VerifyUnit;
  readonly #root: Root;
  readonly #since: Root | undefined;
  readonly #view: RepositoryView;
  readonly #damage: FoundDamage;
  readonly #pace: Pace;
  readonly #facts: ReadonlyMap<string, KnownPack>;
  /** Packs looked at in this unit; undefined = damaged. */
  readonly #ends = new Map<string, PackEnd | undefined>();
  #map: Relocations;
  #checked = 0;

  constructor(
    unit: VerifyUnit,
    root: Root,
    since: Root | undefined,
    view: RepositoryView,
    damage: FoundDamage,
    pace: Pace,
  ) {
    this.#unit = unit;
    this.#root = root;
    this.#since = since;
    this.#view = view;
    this.#map = view.map;
    this.#damage = damage;
    this.#pace = pace;
    this.#facts = new Map(root.packs.map((facts) => [facts.pack, facts]));
  }

  /** Without hands only presence is looked at. */
  async run(hands: readonly VerifyHand[]): Promise<VerifyResult> {
    const { firstLeaf, budgetMs } = this.#unit;
    const inTime = () => this.#pace.elapsed < budgetMs;
    const leaf = (at: number) => this.#leaf(at, hands.length === 0);
    const stretches = new Stretches(this.#root.size, this.#unit, hands.length, leaf, inTime);
    if (hands.length === 0) {
      while ((await stretches.next()) !== undefined);
    } else {
      await workWith(
        hands,
        () => stretches.next(),
        async (hand, stretch) => {
          for (const { object, reason } of await hand.check(stretch)) this.#damage.note(object, reason);
        },
      );
    }
    this.#pace.check();
    this.#pace.tell();
    return { firstLeaf, endLeaf: stretches.endLeaf, checked: this.#checked, damaged: this.#damage.list() };
  }

  /** The slots of a leaf whose frames were found where they should be; none of a leaf that cannot be read. */
  async #leaf(leaf: number, alone: boolean): Promise<readonly Slot[]> {
    const { size } = this.#root;
    const ref = this.#root.leaves[leaf];
    if (ref === undefined) {
      this.#checked += leafLength(size, leaf);
      if (alone) await this.#pace.worked(leafLength(size, leaf));
      return zeroSlots(size, leaf);
    }
    const slots = await this.#damage.unless(this.#view.reader.leaf(ref, blocksOfLeaf(size, leaf)));
    const { at, wanted } = await this.#found(ref, slots ?? []);
    this.#fits(at, FRAME_TYPE.leaf, ref.rawLength);
    if (alone) await this.#pace.worked(leafLength(size, leaf));
    if (slots === undefined) return zeroSlots(size, leaf);
    let nonZero = 0;
    for (const [index, places] of wanted.entries()) {
      if (places.length === 0) continue;
      const length = blockLength(size, leaf, index);
      nonZero += length;
      for (const place of places) this.#fits(place, FRAME_TYPE.block, bytesOf(place.holds, length));
    }
    if (nonZero !== ref.nonZero)
      this.#damage.note(rootName(this.#unit.rootId), `leaf ${leaf} counts ${ref.nonZero}, not ${nonZero}`);
    this.#checked += leafLength(size, leaf);
    return alone ? slots : this.#notSeen(ref, slots, leaf);
  }

  /** The slots without those that the earlier root has at the same place. */
  async #notSeen(ref: LeafRef, slots: readonly Slot[], leaf: number): Promise<readonly Slot[]> {
    const before = this.#since?.leaves[leaf];
    if (before === undefined || this.#since === undefined) return slots;
    if (before.id.equals(ref.id)) return slots.map(() => undefined);
    const blocks = blocksOfLeaf(this.#since.size, leaf);
    const seen = await soundOr(this.#view.reader.leaf(before, blocks), [] as Slot[]);
    return slots.map((slot, index) => (isDeepStrictEqual(slot, seen[index]) ? undefined : slot));
  }

  /** Where the frames of a leaf are, once their packs were looked at. */
  async #found(ref: LeafRef, slots: readonly Slot[]) {
    const { reader } = this.#view;
    for (;;) {
      const at = reader.at(ref.place);
      const wanted = slots.map((slot) => (slot?.places ?? []).map((place) => reader.at(place)));
      const gone = await this.#packs([at, ...wanted.flat()]);
      // What was emptied since the map was read may be deleted: its frames are elsewhere now.
      if (gone.size > 0 && (await reader.refresh())) continue;
      for (const [pack, damage] of gone) {
        this.#damage.add(damage);
        this.#ends.set(pack, undefined);
      }
      return { at, wanted };
    }
  }

  /** Looks at each pack once in a unit. @returns those that are not there, or that nobody told of */
  async #packs(wanted: readonly FramePlace[]): Promise<ReadonlyMap<string, Damaged>> {
    const fresh = [...new Set(wanted.map(({ pack }) => pack))].filter((pack) => !this.#ends.has(pack));
    const gone = new Map<string, Damaged>();
    await inParallel(fresh, PARALLEL_CHECKS, async (pack) => {
      try {
        this.#ends.set(pack, await this.#end(pack));
      } catch (error) {
        if (!(error instanceof Damaged)) throw error;
        if (error instanceof PackGone) gone.set(pack, error);
        else {
          this.#damage.add(error);
          this.#ends.set(pack, undefined);
        }
      }
      this.#pace.check();
    });
    return gone;
  }

  /** What the root says of a pack, or the map: the reader may have met a newer one. */
  async #factsOf(pack: string): Promise<KnownPack | undefined> {
    const known = this.#facts.get(pack) ?? this.#map.targets.get(pack);
    if (known !== undefined) return known;
    this.#map = await readRelocations(this.#view.objects, this.#view.crypto);
    return this.#map.targets.get(pack);
  }

  async #end(pack: string): Promise<PackEnd> {
    const facts = await this.#factsOf(pack);
    if (facts === undefined) throw new PackGone(rootName(this.#unit.rootId), `says nothing of pack ${pack}`);
    const found = await this.#view.reader.size(pack);
    if (found === undefined) throw this.#view.reader.gone(pack);
    if (found !== facts.size) throw new Damaged(packName(pack), `has ${found} bytes instead of ${facts.size}`);
    const end = await this.#view.reader.end(pack, facts.size, facts.frames);
    if (!end.tag.equals(facts.tag)) throw new Damaged(packName(pack), "is not the pack that the root was sealed with");
    return end;
  }

  /** Does the directory say the same of a frame as the entry that names it? */
  #fits(place: FramePlace, type: number, rawLength: number): void {
    const end = this.#ends.get(place.pack);
    if (end === undefined) return;
    const record = end.records[place.frame];
    const same =
      record?.type === type &&
      record.offset === place.offset &&
      record.stored === place.stored &&
      record.codec === place.codec &&
      record.rawLength === rawLength;
    if (!same) this.#damage.note(packName(place.pack), `frame ${place.frame} is not what its entry says`);
  }
}
