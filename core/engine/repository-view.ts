/** A repository as a unit finds it: where frames are now, which packs are there, and which must not be referred to. */
import type { DomainKeys } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { type AvoidSet, readAvoidSet } from "./avoid-set.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import type { Slot } from "./leaf.ts";
import { PackReader } from "./pack-reader.ts";
import { PacksThere } from "./packs-there.ts";
import type { PackFacts } from "./places.ts";
import { type Relocations, readRelocations } from "./relocations.ts";
import { framesOf } from "./tables.ts";

/** What is known of a pack that somebody else has written. */
export type KnownPack = Pick<PackFacts, "pack" | "size" | "frames" | "tag">;

/** Read once, at the beginning of a unit: what changes meanwhile is found by reading it again (`avoidedPacks`). */
export class RepositoryView {
  readonly objects: ObjectStore;
  readonly crypto: DomainCrypto;
  readonly reader: PackReader;
  readonly map: Relocations;
  readonly #avoid: AvoidSet;
  readonly #there: PacksThere;

  private constructor(objects: ObjectStore, crypto: DomainCrypto, map: Relocations, avoid: AvoidSet) {
    this.objects = objects;
    this.crypto = crypto;
    this.map = map;
    this.reader = new PackReader(objects, crypto, map);
    this.#avoid = avoid;
    this.#there = new PacksThere(objects);
  }

  /** @throws StoreFailed; RangeError when the secret is not 32 bytes */
  static async open(objects: ObjectStore, domain: DomainKeys): Promise<RepositoryView> {
    const crypto = await openDomain(domain);
    const [map, avoid] = await Promise.all([readRelocations(objects, crypto), readAvoidSet(objects, crypto)]);
    return new RepositoryView(objects, crypto, map, avoid);
  }

  /**
   * The slots with the places where their bytes are now. An entry of which a pack is gone, or avoided, or has another size than
   * `sizeOf` says, has no places: its id is known and its bytes cannot be relied on. @throws StoreFailed
   */
  async usable(slots: readonly Slot[], sizeOf: (pack: string) => number | undefined): Promise<Slot[]> {
    const now = slots.map((slot) => (slot === undefined ? undefined : this.#now(slot)));
    const packs = new Set<string>();
    for (const slot of now) for (const { pack } of slot?.places ?? []) packs.add(pack);
    const good = await this.packsUsable(packs, sizeOf);
    return now.map((slot) =>
      slot === undefined || slot.places.every(({ pack }) => good.has(pack)) ? slot : { id: slot.id, places: [] },
    );
  }

  /** Those of the packs that a new backup may refer to. @throws StoreFailed */
  async packsUsable(
    packs: Iterable<string>,
    sizeOf: (pack: string) => number | undefined = () => undefined,
  ): Promise<ReadonlySet<string>> {
    const wanted = [...packs].filter((pack) => !avoids(this.#avoid, pack));
    await this.#there.look(wanted);
    return new Set(
      wanted.filter((pack) => {
        const size = this.#there.size(pack);
        return size !== undefined && size === (sizeOf(pack) ?? this.map.targets.get(pack)?.size ?? size);
      }),
    );
  }

  /** What a root needs to know of a pack that is there and was written by somebody else. @throws Damaged, StoreFailed */
  async packFacts(pack: string): Promise<KnownPack> {
    const target = this.map.targets.get(pack);
    if (target !== undefined) return target;
    await this.#there.look([pack]);
    const { size, tag, records } = await this.reader.end(pack, this.#there.size(pack) ?? 0);
    return { pack, size, frames: records.length, tag };
  }

  /** The same entry when nothing of it moved. */
  #now(slot: NonNullable<Slot>): NonNullable<Slot> {
    const { moved } = this.map;
    if (moved.size === 0 || !slot.places.some(({ pack }) => moved.has(pack))) return slot;
    return { id: slot.id, places: slot.places.map((place) => this.reader.at(place)) };
  }
}

/**
 * Packs that these references need and that are avoided now. A frame that moved needs its new pack only. When the avoid-set
 * cannot be read, everything but the run's own packs counts as avoided.
 */
export function avoidedPacks(packs: readonly PackFacts[], avoid: AvoidSet, map: Relocations): readonly string[] {
  const found = new Set<string>();
  for (const { pack, live, own } of packs) {
    if (avoid.unreadable && own) continue;
    const moved = map.moved.get(pack);
    if (moved === undefined) {
      if (avoids(avoid, pack)) found.add(pack);
      continue;
    }
    for (const frame of framesOf(live)) {
      const now = moved.get(frame)?.pack ?? pack;
      if (avoids(avoid, now)) found.add(now);
    }
  }
  return [...found];
}

function avoids(avoid: AvoidSet, pack: string): boolean {
  return avoid.unreadable || avoid.packs.has(pack);
}
