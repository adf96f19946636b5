/** Reads blocks of a leaf in pack order, in large stretches, the next one while the last is being decoded; every id is checked. */
import type { KeyObject } from "node:crypto";
import { Damaged } from "../ports/data-plane.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import type { Slot } from "./leaf.ts";
import { BLOCK_BYTES, PATCHED_AT_ONCE, STRETCH_BYTES, STRETCH_GAP_BYTES } from "./numbers.ts";
import { FRAME_TYPE, packName } from "./pack-format.ts";
import { PackGone, type PackReader } from "./pack-reader.ts";
import { pagesOf } from "./pages.ts";
import { bytesOf, isWhole, scatter } from "./patch.ts";
import type { BlockPlace } from "./places.ts";

/** Blocks (indexes into the slots) whose plain bytes are these, or why there are none (Damaged, or a failure of the store). */
export type BlockOutcome =
  | { readonly blocks: readonly number[]; readonly plain: Buffer }
  | { readonly blocks: readonly number[]; readonly error: unknown };

/** One frame, with the blocks that take something from it. */
interface WantedFrame {
  /** As the slot names it, and where the map says that it is. */
  readonly named: BlockPlace;
  readonly place: BlockPlace;
  readonly rawLength: number;
  readonly users: { readonly index: number; readonly place: BlockPlace }[];
}

/** Frames of one pack that are read with one request. */
interface Stretch {
  readonly pack: string;
  readonly offset: number;
  end: number;
  readonly frames: WantedFrame[];
}

/** Memory that one reading of blocks after the other uses. */
interface ReadBuffers {
  readonly plain: Buffer;
  /** One is being decoded while the other is being filled. */
  readonly stretches: readonly [Buffer, Buffer];
  /** Where blocks of several frames are put together: those that no block is in now. */
  readonly free: Buffer[];
}

export function readBuffers(): ReadBuffers {
  const blocks = pagesOf(PATCHED_AT_ONCE * BLOCK_BYTES);
  return {
    plain: pagesOf(BLOCK_BYTES),
    stretches: [pagesOf(STRETCH_BYTES), pagesOf(STRETCH_BYTES)],
    // Its pages cost nothing until a patched block is met.
    free: Array.from({ length: PATCHED_AT_ONCE }, (_, at) => blocks.subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES)),
  };
}

/**
 * Every block that has a slot, once; equal blocks of one frame together. `lengthOf` gives the plain length of a block. Never
 * throws: each block has its outcome. The plain bytes are the caller's until it asks for the next outcome.
 */
export async function* readBlocks(
  reader: PackReader,
  crypto: DomainCrypto,
  slots: readonly Slot[],
  lengthOf: (index: number) => number,
  buffers: ReadBuffers = readBuffers(),
): AsyncGenerator<BlockOutcome> {
  for (const [first, end] of windows(slots)) yield* readWindow(reader, crypto, slots, lengthOf, buffers, first, end);
}

/** Cuts the slots so that few patched blocks are put together at a time: each holds a block's memory until it is whole. */
function* windows(slots: readonly Slot[]): Generator<readonly [number, number]> {
  let first = 0;
  let patched = 0;
  for (const [index, slot] of slots.entries()) {
    if (slot !== undefined && slot.places.length > 1) patched++;
    if (patched <= PATCHED_AT_ONCE) continue;
    yield [first, index];
    first = index;
    patched = 1;
  }
  if (first < slots.length) yield [first, slots.length];
}

async function* readWindow(
  reader: PackReader,
  crypto: DomainCrypto,
  slots: readonly Slot[],
  lengthOf: (index: number) => number,
  buffers: ReadBuffers,
  first: number,
  end: number,
): AsyncGenerator<BlockOutcome> {
  const stretches = plan(reader, slots, lengthOf, first, end);
  const partial = new Map<number, Partial>();
  const [even, odd] = buffers.stretches;
  let ahead = stretches[0] && fetchStretch(reader, stretches[0], even);
  for (const [at, stretch] of stretches.entries()) {
    const fetched = await ahead;
    const following = stretches[at + 1];
    ahead = following && fetchStretch(reader, following, at % 2 === 0 ? odd : even);
    for (const frame of stretch.frames) {
      const outcome = await openFrame(reader, stretch, fetched as Fetched, frame, buffers.plain);
      yield* deliver(crypto, slots, partial, buffers.free, frame, outcome);
    }
  }
}

interface Partial {
  readonly block: Buffer;
  missing: number;
  error: unknown;
  /** Where its first place is now: whose bytes are blamed when the block is another one. */
  first: BlockPlace | undefined;
}

function* deliver(
  crypto: DomainCrypto,
  slots: readonly Slot[],
  partial: Map<number, Partial>,
  free: Buffer[],
  frame: WantedFrame,
  outcome: Buffer | { readonly error: unknown },
): Generator<BlockOutcome> {
  const whole: number[] = [];
  for (const { index, place } of frame.users) {
    const slot = slots[index];
    if (slot === undefined) continue;
    if (isWhole(slot.places)) {
      whole.push(index);
      continue;
    }
    let block = partial.get(index);
    if (block === undefined) {
      block = {
        block: free.pop() ?? Buffer.allocUnsafe(BLOCK_BYTES),
        missing: slot.places.length,
        error: undefined,
        first: undefined,
      };
      partial.set(index, block);
    }
    block.missing--;
    // No two places of an entry use the same.
    if (place.uses === slot.places[0]?.uses) block.first = place;
    if (Buffer.isBuffer(outcome)) scatter(block.block, place, outcome);
    else block.error ??= outcome.error;
    if (block.missing > 0) continue;
    partial.delete(index);
    if (block.error !== undefined) yield { blocks: [index], error: block.error };
    else if (crypto.id(block.block).equals(slot.id)) yield { blocks: [index], plain: block.block };
    else yield { blocks: [index], error: anotherBlock(block.first ?? place) };
    free.push(block.block);
  }
  if (whole.length === 0) return;
  if (!Buffer.isBuffer(outcome)) {
    yield { blocks: whole, error: outcome.error };
    return;
  }
  // One frame may stand for many blocks, but only for blocks of the very same bytes.
  const id = crypto.id(outcome);
  const equal = whole.filter((index) => slots[index]?.id.equals(id));
  const others = whole.filter((index) => !slots[index]?.id.equals(id));
  if (others.length > 0) yield { blocks: others, error: anotherBlock(frame.place) };
  if (equal.length > 0) yield { blocks: equal, plain: outcome };
}

function anotherBlock({ pack, frame }: BlockPlace): Damaged {
  return new Damaged(packName(pack), `frame ${frame} holds another block`);
}

type Fetched = { readonly bytes: Buffer; readonly key: KeyObject } | { readonly error: unknown };

async function fetchStretch(reader: PackReader, { pack, offset, end }: Stretch, into: Buffer): Promise<Fetched> {
  try {
    const key = await reader.prepare(pack);
    return { key, bytes: await reader.bytes(pack, offset, end - offset, into) };
  } catch (error) {
    return { error };
  }
}

async function openFrame(
  reader: PackReader,
  stretch: Stretch,
  fetched: Fetched,
  { named, place, rawLength }: WantedFrame,
  into: Buffer,
): Promise<Buffer | { readonly error: unknown }> {
  try {
    if ("error" in fetched) {
      // The pack may have been emptied since the map was read: then the frame is elsewhere now.
      if (fetched.error instanceof PackGone) return await reader.frame(named, FRAME_TYPE.block, rawLength);
      return fetched;
    }
    const from = place.offset - stretch.offset;
    const sealed = fetched.bytes.subarray(from, from + place.stored);
    return reader.open(place, FRAME_TYPE.block, rawLength, sealed, fetched.key, into);
  } catch (error) {
    return { error };
  }
}

function plan(
  reader: PackReader,
  slots: readonly Slot[],
  lengthOf: (index: number) => number,
  first: number,
  end: number,
): readonly Stretch[] {
  const wanted = new Map<string, WantedFrame>();
  // Packs in the order of their first block: what is written to a target is then nearly in disk order.
  const order = new Map<string, number>();
  for (let index = first; index < end; index++) {
    for (const named of slots[index]?.places ?? []) {
      const place = reader.at(named);
      if (!order.has(place.pack)) order.set(place.pack, order.size);
      const key = `${place.pack}/${place.frame}`;
      const known = wanted.get(key);
      if (known !== undefined) known.users.push({ index, place });
      else
        wanted.set(key, { named, place, rawLength: bytesOf(place.holds, lengthOf(index)), users: [{ index, place }] });
    }
  }
  const rank = ({ place }: WantedFrame) => order.get(place.pack) ?? 0;
  const ordered = [...wanted.values()].sort((a, b) => rank(a) - rank(b) || a.place.offset - b.place.offset);
  const stretches: Stretch[] = [];
  for (const frame of ordered) {
    const { pack, offset, stored } = frame.place;
    const last = stretches.at(-1);
    const stop = offset + stored;
    const joins = last?.pack === pack && offset - last.end <= STRETCH_GAP_BYTES && stop - last.offset <= STRETCH_BYTES;
    if (last !== undefined && joins) {
      last.frames.push(frame);
      last.end = Math.max(last.end, stop);
    } else stretches.push({ pack, offset, end: stop, frames: [frame] });
  }
  return stretches;
}
