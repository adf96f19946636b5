/**
 * Where have frames moved? Compaction copies live frames into new packs and publishes a map; leaves and roots go on naming the
 * old places for ever. The newest map is complete: chains are collapsed, so one look is enough.
 */
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore, StoreFailed } from "../ports/object-store.ts";
import { epochOf, newest } from "./avoid-set.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { PACK_ID_BYTES, PACK_MAX_FRAMES, TAG_BYTES } from "./numbers.ts";
import type { FramePlace } from "./places.ts";
import { sealObject, unsealObject } from "./sealed-object.ts";

const MAPS = "maps/";
const TRIES = 8;

/** A pack that frames were moved to. */
export interface MovedTo {
  readonly pack: string;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly frames: number;
  /** Tag of its footer. */
  readonly tag: Buffer;
}

/** The new place of one frame; its stored bytes keep their length and codec. */
export interface NewPlace {
  readonly pack: string;
  readonly frame: number;
  readonly offset: number;
}

/** A complete map: old pack → old frame → new place. */
export interface Relocations {
  /** 0 = nothing was ever moved. */
  readonly epoch: number;
  /** Packs that new places are in. */
  readonly targets: ReadonlyMap<string, MovedTo>;
  readonly moved: ReadonlyMap<string, ReadonlyMap<number, NewPlace>>;
  /** The newest object is damaged: nothing is known of what was moved. */
  readonly unreadable: boolean;
}

/** What there is before the first compaction. */
export const NOTHING_MOVED: Relocations = { epoch: 0, targets: new Map(), moved: new Map(), unreadable: false };

/** `maps/<epoch>`, padded so that names sort as numbers do. */
export function mapName(epoch: number): string {
  return `${MAPS}${String(epoch).padStart(10, "0")}`;
}

/** Where the frame is now: its new place, or the one given. */
export function relocated<P extends FramePlace>(map: Relocations, place: P): P {
  const to = map.moved.get(place.pack)?.get(place.frame);
  return to === undefined ? place : { ...place, pack: to.pack, frame: to.frame, offset: to.offset };
}

/** The newest map. Damage is not thrown: `unreadable`. @throws StoreFailed */
export async function readRelocations(objects: ObjectStore, crypto: DomainCrypto): Promise<Relocations> {
  for (let tries = 0; tries < TRIES; tries++) {
    const name = await newest(objects, MAPS);
    if (name === undefined) return NOTHING_MOVED;
    try {
      return decode(unsealObject("map", await objects.get(name), name, crypto), name);
    } catch (error) {
      if (error instanceof Damaged) return { ...NOTHING_MOVED, epoch: epochOf(name), unreadable: true };
      if (!(error instanceof ObjectMissing)) throw error;
    }
  }
  throw new StoreFailed("the newest map went away each time it was read");
}

/** Publishes a map. `exists`: somebody else published this epoch first, and nothing was changed. @throws StoreFull, StoreFailed */
export function writeRelocations(
  objects: ObjectStore,
  crypto: DomainCrypto,
  map: Omit<Relocations, "unreadable">,
): Promise<"created" | "exists"> {
  const name = mapName(map.epoch);
  return objects.putIfAbsent(name, sealObject("map", encode(map), name, crypto));
}

const ascending = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function encode({ epoch, targets, moved }: Omit<Relocations, "unreadable">): Buffer {
  const out = new FieldWriter(65_536).u32(epoch).u32(targets.size);
  const index = new Map<string, number>();
  for (const [pack, { size, frames, tag }] of [...targets].sort(ascending)) {
    index.set(pack, index.size);
    out.raw(Buffer.from(pack, "hex")).u32(size).u16(frames).u16(0).raw(tag);
  }
  out.u32(moved.size);
  for (const [pack, frames] of [...moved].sort(ascending)) {
    out.raw(Buffer.from(pack, "hex")).u16(frames.size).u16(0);
    for (const [frame, to] of [...frames].sort(([a], [b]) => a - b)) {
      const at = index.get(to.pack);
      if (at === undefined) throw new Error(`frames moved to pack ${to.pack}, which is not a target`);
      out.u16(frame).u16(to.frame).u32(at).u32(to.offset);
    }
  }
  return out.bytes();
}

function decode(plain: Buffer, name: string): Relocations {
  const fields = new FieldReader(plain, name);
  const epoch = fields.u32();
  if (epoch !== epochOf(name)) fields.fail(`says that it is epoch ${epoch}`);
  const targets: MovedTo[] = [];
  for (let left = fields.u32(); left > 0; left--) {
    const pack = fields.raw(PACK_ID_BYTES).toString("hex");
    const size = fields.u32();
    const frames = fields.u16();
    fields.reserved(2);
    targets.push({ pack, size, frames, tag: fields.raw(TAG_BYTES) });
  }
  const moved = new Map<string, ReadonlyMap<number, NewPlace>>();
  for (let left = fields.u32(); left > 0; left--) {
    const pack = fields.raw(PACK_ID_BYTES).toString("hex");
    const count = fields.u16();
    fields.reserved(2);
    const frames = new Map<number, NewPlace>();
    for (let more = count; more > 0; more--) {
      const old = fields.u16();
      const frame = fields.u16();
      const target = targets[fields.u32()];
      const offset = fields.u32();
      if (target === undefined || frame >= target.frames || old >= PACK_MAX_FRAMES)
        return fields.fail(`frame ${old} of pack ${pack} moved to a place that does not exist`);
      frames.set(old, { pack: target.pack, frame, offset });
    }
    moved.set(pack, frames);
  }
  fields.end();
  return { epoch, targets: new Map(targets.map((target) => [target.pack, target])), moved, unreadable: false };
}
