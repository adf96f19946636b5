/** Verifies a run of leaves against what is stored: damage is collected, each object once, and never thrown. */
import { Damaged, type VerifyResult, type VerifyUnit } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore } from "../ports/object-store.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { blockLength, checkRange, leafLength } from "./geometry.ts";
import type { Slot } from "./leaf.ts";
import { framesOfLeaf } from "./leaf-frames.ts";
import { PARALLEL_CHECKS } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { FRAME_TYPE, packName } from "./pack-format.ts";
import { type PackEnd, PackReader } from "./pack-reader.ts";
import { inParallel } from "./parallel.ts";
import type { FramePlace, PackFacts } from "./places.ts";
import { type Root, rootName } from "./root-format.ts";
import { readRoot } from "./root-store.ts";

/**
 * `presence`: leaves authenticate, and every pack they name is there, whole in size, with sound header, directory and
 * footer, and holds the frames that are named. `data`: every block is decoded and hashed too. `checked` counts bytes of disk.
 * @throws StoreFailed, Interrupted, FormatTooNew; RangeError for a bad unit
 */
export async function verify(objects: ObjectStore, unit: VerifyUnit, pace: Pace): Promise<VerifyResult> {
  pace.check();
  const crypto = await openDomain(unit.domain);
  const damage = new Damage();
  const root = await damage.unless(readRoot(objects, crypto, unit.rootId), rootName(unit.rootId));
  if (root === undefined) return { ...damage.result(0), firstLeaf: unit.firstLeaf, endLeaf: unit.endLeaf };
  checkRange(unit, root.size);
  const verifying = new Verifying(unit, root, new PackReader(objects, crypto), crypto, damage, pace);
  return verifying.run();
}

/** Objects found damaged, each with the first reason. */
class Damage {
  readonly #found = new Map<string, string>();

  add(error: Damaged): void {
    if (!this.#found.has(error.object)) this.#found.set(error.object, error.message.slice(error.object.length + 2));
  }

  /** The value, or undefined once its damage is noted; `missing` names the object when it is not there at all. */
  async unless<T>(reading: Promise<T>, missing?: string): Promise<T | undefined> {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof Damaged) this.add(error);
      else if (error instanceof ObjectMissing && missing !== undefined) this.add(new Damaged(missing, "is missing"));
      else throw error;
      return undefined;
    }
  }

  result(checked: number): Pick<VerifyResult, "checked" | "damaged"> {
    return { checked, damaged: [...this.#found].map(([object, reason]) => ({ object, reason })) };
  }
}

class Verifying {
  readonly #unit: VerifyUnit;
  readonly #root: Root;
  readonly #reader: PackReader;
  readonly #crypto: DomainCrypto;
  readonly #damage: Damage;
  readonly #pace: Pace;
  readonly #facts: ReadonlyMap<string, PackFacts>;
  /** Packs looked at in this unit; undefined = damaged. */
  readonly #ends = new Map<string, PackEnd | undefined>();
  #checked = 0;

  constructor(unit: VerifyUnit, root: Root, reader: PackReader, crypto: DomainCrypto, damage: Damage, pace: Pace) {
    this.#unit = unit;
    this.#root = root;
    this.#reader = reader;
    this.#crypto = crypto;
    this.#damage = damage;
    this.#pace = pace;
    this.#facts = new Map(root.packs.map((facts) => [facts.pack, facts]));
  }

  async run(): Promise<VerifyResult> {
    const { firstLeaf, endLeaf, budgetMs } = this.#unit;
    let next = firstLeaf;
    do await this.#leaf(next++);
    while (next < endLeaf && this.#pace.elapsed < budgetMs);
    this.#pace.tell();
    return { ...this.#damage.result(this.#checked), firstLeaf, endLeaf: next };
  }

  async #leaf(leaf: number): Promise<void> {
    const { size } = this.#root;
    const ref = this.#root.leaves[leaf];
    const slots = ref && (await this.#damage.unless(this.#reader.leaf(ref, size, leaf)));
    if (ref !== undefined) await this.#packs([ref.place, ...places(slots ?? [])]);
    if (ref !== undefined) this.#fits(ref.place, FRAME_TYPE.leaf, ref.rawLength);
    if (ref === undefined || slots === undefined) {
      if (ref === undefined) this.#checked += leafLength(size, leaf);
      await this.#pace.worked(leafLength(size, leaf));
      return;
    }
    let nonZero = 0;
    for (const [index, slot] of slots.entries()) {
      if (slot === undefined) continue;
      const length = blockLength(size, leaf, index);
      nonZero += length;
      this.#fits(slot.place, FRAME_TYPE.block, length);
    }
    if (nonZero !== ref.nonZero)
      this.#damage.add(new Damaged(rootName(this.#unit.rootId), `leaf ${leaf} counts ${ref.nonZero}, not ${nonZero}`));
    if (this.#unit.depth === "data") await this.#blocks(leaf, slots);
    this.#checked += leafLength(size, leaf);
    await this.#pace.worked(this.#unit.depth === "data" ? leafLength(size, leaf) - nonZero : leafLength(size, leaf));
  }

  /** Looks at each pack once in a unit. */
  async #packs(wanted: readonly FramePlace[]): Promise<void> {
    const fresh = [...new Set(wanted.map(({ pack }) => pack))].filter((pack) => !this.#ends.has(pack));
    await inParallel(fresh, PARALLEL_CHECKS, async (pack) => {
      this.#ends.set(pack, await this.#damage.unless(this.#end(pack)));
      this.#pace.check();
    });
  }

  async #end(pack: string): Promise<PackEnd> {
    const facts = this.#facts.get(pack);
    if (facts === undefined) throw new Damaged(rootName(this.#unit.rootId), `says nothing of pack ${pack}`);
    await this.#reader.present(pack, facts.size);
    const end = await this.#reader.end(pack, facts.size);
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
    if (!same) this.#damage.add(new Damaged(packName(place.pack), `frame ${place.frame} is not what its entry says`));
  }

  async #blocks(leaf: number, slots: readonly Slot[]): Promise<void> {
    const lengthOf = (index: number) => blockLength(this.#root.size, leaf, index);
    for await (const outcome of framesOfLeaf(this.#reader, slots, lengthOf)) {
      const { place, blocks } = outcome.frame;
      if ("error" in outcome) await this.#damage.unless(Promise.reject(outcome.error));
      else {
        const id = this.#crypto.id(outcome.plain);
        if (!blocks.every((index) => slots[index]?.id.equals(id)))
          this.#damage.add(new Damaged(packName(place.pack), `frame ${place.frame} holds another block`));
        this.#pace.churned(outcome.plain.length);
      }
      await this.#pace.worked(blocks.reduce((sum, index) => sum + lengthOf(index), 0));
    }
  }
}

function places(slots: readonly Slot[]): readonly FramePlace[] {
  return slots.flatMap((slot) => (slot === undefined ? [] : [slot.place]));
}
