/**
 * Hooks: for some blocks of a root, which leaf they are in. A new backup that meets one of them finds the whole leaf, and with it what
 * lies around that block. Hints only: a wrong or missing one costs space, never correctness.
 */
import type { ObjectStore } from "../ports/object-store.ts";
import { FieldReader, FieldWriter } from "./byte-fields.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { HOOK_ONE_IN, HOOKS_READ_BYTES, ID_BYTES, PACK_ID_BYTES } from "./numbers.ts";
import { soundOr } from "./parent.ts";
import type { LeafRef } from "./places.ts";
import { sealObject, unsealObject } from "./sealed-object.ts";

const HOOKS = "hooks/";
const PREFIX_BYTES = 8;
const HOOK_BYTES = PREFIX_BYTES + 4;

/** Enough of a leaf's reference to read it. */
export type HookLeaf = Pick<LeafRef, "place" | "rawLength" | "id">;

/** One object of hooks. */
export interface HookList {
  readonly leaves: readonly HookLeaf[];
  /** Sorted records: the first bytes of a block's id, the number of its leaf. */
  readonly records: Buffer;
}

/** The object's name, after its root. */
export function hooksName(rootId: string): string {
  return `${HOOKS}${rootId}`;
}

/** Is the block with this id a hook? One in eight, by an even chance that both sides draw alike. */
export function isHook(id: Buffer): boolean {
  return (id[ID_BYTES - 1] as number) % HOOK_ONE_IN === 0;
}

/** Collects the hooks of a root, leaf by leaf. */
export class HookListBuilder {
  readonly #leaves: HookLeaf[] = [];
  readonly #records: Buffer[] = [];

  /** Hooks of a leaf whose blocks are known. */
  add(leaf: HookLeaf, ids: Iterable<Buffer>): void {
    const at = this.#leaves.push(leaf) - 1;
    for (const id of ids) if (isHook(id)) this.#records.push(record(id.subarray(0, PREFIX_BYTES), at));
  }

  /** Hooks of leaf number `from` of an older list. */
  copy(list: HookList, from: number): void {
    const leaf = list.leaves[from];
    if (leaf === undefined) return;
    const at = this.#leaves.push(leaf) - 1;
    for (let offset = 0; offset < list.records.length; offset += HOOK_BYTES)
      if (list.records.readUInt32LE(offset + PREFIX_BYTES) === from)
        this.#records.push(record(list.records.subarray(offset, offset + PREFIX_BYTES), at));
  }

  list(): HookList {
    return { leaves: this.#leaves, records: Buffer.concat(this.#records.sort(Buffer.compare)) };
  }
}

function record(prefix: Uint8Array, leaf: number): Buffer {
  const bytes = Buffer.alloc(HOOK_BYTES);
  bytes.set(prefix);
  bytes.writeUInt32LE(leaf, PREFIX_BYTES);
  return bytes;
}

/** The leaf that a block is in, or undefined. */
export function findHook({ leaves, records }: HookList, id: Buffer): HookLeaf | undefined {
  let low = 0;
  let high = records.length / HOOK_BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = middle * HOOK_BYTES;
    const order = records.compare(id, 0, PREFIX_BYTES, at, at + PREFIX_BYTES);
    if (order === 0) return leaves[records.readUInt32LE(at + PREFIX_BYTES)];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** Writes the hooks of a root unless they are there. @throws StoreFull, StoreFailed */
export async function writeHooks(
  objects: ObjectStore,
  crypto: DomainCrypto,
  rootId: string,
  { leaves, records }: HookList,
): Promise<void> {
  const out = new FieldWriter(8 + leaves.length * 72 + records.length).u32(leaves.length);
  for (const { place, rawLength, id } of leaves) {
    out.raw(Buffer.from(place.pack, "hex")).u16(place.frame).u8(place.codec).u8(0);
    out.u32(place.offset).u32(place.stored).u32(rawLength).raw(id);
  }
  out.u32(records.length / HOOK_BYTES).raw(records);
  const name = hooksName(rootId);
  await objects.putIfAbsent(name, sealObject("hooks", out.bytes(), name, crypto));
}

/** The newest lists, as many as fit; damaged ones are left out. @throws StoreFailed */
export async function readHooks(objects: ObjectStore, crypto: DomainCrypto): Promise<readonly HookList[]> {
  const found: { readonly name: string; readonly size: number; readonly modifiedAt?: number }[] = [];
  for await (const object of objects.list(HOOKS)) found.push(object);
  found.sort((a, b) => (b.modifiedAt ?? 0) - (a.modifiedAt ?? 0));
  const lists: HookList[] = [];
  let left = HOOKS_READ_BYTES;
  for (const { name, size } of found) {
    left -= size;
    if (left < 0) break;
    const list = await soundOr(readHookList(objects, crypto, name), undefined);
    if (list !== undefined) lists.push(list);
  }
  return lists;
}

/** @throws Damaged, ObjectMissing, StoreFailed */
export async function readHookList(objects: ObjectStore, crypto: DomainCrypto, name: string): Promise<HookList> {
  const fields = new FieldReader(unsealObject("hooks", await objects.get(name), name, crypto), name);
  const leaves: HookLeaf[] = [];
  for (let left = fields.u32(); left > 0; left--) {
    const pack = fields.raw(PACK_ID_BYTES).toString("hex");
    const frame = fields.u16();
    const codec = fields.u8();
    fields.reserved(1);
    const place = { pack, frame, codec, offset: fields.u32(), stored: fields.u32() };
    leaves.push({ place, rawLength: fields.u32(), id: fields.raw(ID_BYTES) });
  }
  const records = fields.raw(fields.u32() * HOOK_BYTES);
  fields.end();
  return { leaves, records };
}
