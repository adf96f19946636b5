/**
 * Which packs must new backups not refer to? Condemned ones, which the collector is about to delete, and quarantined ones,
 * which were found damaged. Each change is a new epoch, complete in itself; the newest object counts.
 */
import { Damaged } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore, StoreFailed } from "../ports/object-store.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { PACK_ID_BYTES } from "./numbers.ts";
import { sealObject, unsealObject } from "./sealed-object.ts";

const AVOID = "avoid/";
const FLAGS = { condemned: 1, quarantined: 2, doomed: 4 } as const;
/** A newer epoch may replace the one that was just listed: then the list is read again, at most so often. */
const TRIES = 8;

/** Why one pack is avoided. A pack may be condemned and quarantined. */
export interface Avoided {
  /** Nothing referred to it when it was looked for; it is looked for once more before it goes. */
  readonly condemned: boolean;
  /** Found damaged: what it holds is read from the source again. */
  readonly quarantined: boolean;
  /** The verdict: nothing refers to it, nothing ever will, and it is being deleted. Never taken back. */
  readonly doomed: boolean;
  /** The epoch since when it is in this state. */
  readonly since: number;
  /** When that was, in milliseconds since 1970 (UTC). Only the collector's belt of a day looks at it. */
  readonly at: number;
}

/** The avoid-set at one epoch. */
export interface AvoidSet {
  /** 0 = there has never been one. */
  readonly epoch: number;
  readonly packs: ReadonlyMap<string, Avoided>;
  /** The newest object is damaged: nothing is known, so every pack but one's own is avoided. */
  readonly unreadable: boolean;
}

/** `avoid/<epoch>`, padded so that names sort as numbers do. */
export function avoidName(epoch: number): string {
  return `${AVOID}${String(epoch).padStart(10, "0")}`;
}

/** The newest epoch. Damage is not thrown: `unreadable`. @throws StoreFailed */
export async function readAvoidSet(objects: ObjectStore, crypto: DomainCrypto): Promise<AvoidSet> {
  for (let tries = 0; tries < TRIES; tries++) {
    const name = await newest(objects, AVOID);
    if (name === undefined) return { epoch: 0, packs: new Map(), unreadable: false };
    try {
      return decode(unsealObject("avoid", await objects.get(name), name, crypto), name);
    } catch (error) {
      if (error instanceof Damaged) return { epoch: epochOf(name), packs: new Map(), unreadable: true };
      if (!(error instanceof ObjectMissing)) throw error;
    }
  }
  throw new StoreFailed("the newest avoid-set went away each time it was read");
}

/** Publishes an epoch. `exists`: somebody else published it first, and nothing was changed. @throws StoreFull, StoreFailed */
export function writeAvoidSet(
  objects: ObjectStore,
  crypto: DomainCrypto,
  set: Pick<AvoidSet, "epoch" | "packs">,
): Promise<"created" | "exists"> {
  const name = avoidName(set.epoch);
  return objects.putIfAbsent(name, sealObject("avoid", encode(set), name, crypto));
}

/**
 * Publishes an epoch that was decided on the one before. Only the newest epoch counts: one whose name was free because it went to the
 * trash long ago has lost like any other. @returns false when somebody else came first @throws StoreFull, StoreFailed
 */
export async function publishAvoidSet(
  objects: ObjectStore,
  crypto: DomainCrypto,
  set: Pick<AvoidSet, "epoch" | "packs">,
): Promise<boolean> {
  if ((await writeAvoidSet(objects, crypto, set)) === "exists") return false;
  return (await newest(objects, AVOID)) === avoidName(set.epoch);
}

/** The last name under a prefix of padded numbers. */
export async function newest(objects: ObjectStore, prefix: string): Promise<string | undefined> {
  let last: string | undefined;
  for await (const { name } of objects.list(prefix)) if (/^[0-9]{10}$/.test(name.slice(prefix.length))) last = name;
  return last;
}

/** The number at the end of a name. */
export function epochOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("/") + 1));
}

function encode({ epoch, packs }: Pick<AvoidSet, "epoch" | "packs">): Buffer {
  const out = new FieldWriter(8 + packs.size * 32).u32(epoch).u32(packs.size);
  for (const [pack, { condemned, quarantined, doomed, since, at }] of [...packs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const flags =
      (condemned ? FLAGS.condemned : 0) | (quarantined ? FLAGS.quarantined : 0) | (doomed ? FLAGS.doomed : 0);
    out.raw(Buffer.from(pack, "hex")).u8(flags).u8(0).u8(0).u8(0).u32(since).u64(at);
  }
  return out.bytes();
}

function decode(plain: Buffer, name: string): AvoidSet {
  const fields = new FieldReader(plain, name);
  const epoch = fields.u32();
  if (epoch !== epochOf(name)) fields.fail(`says that it is epoch ${epoch}`);
  const packs = new Map<string, Avoided>();
  for (let left = fields.u32(); left > 0; left--) {
    const pack = fields.raw(PACK_ID_BYTES).toString("hex");
    const flags = fields.u8();
    fields.reserved(3);
    if (flags === 0 || flags > 7) fields.fail(`pack ${pack} has flags ${flags}`);
    packs.set(pack, {
      condemned: (flags & FLAGS.condemned) !== 0,
      quarantined: (flags & FLAGS.quarantined) !== 0,
      doomed: (flags & FLAGS.doomed) !== 0,
      since: fields.u32(),
      at: fields.u64(),
    });
  }
  fields.end();
  return { epoch, packs, unreadable: false };
}
