/** Reads all blocks of a leaf in pack order, in large stretches, the next one while the last is being decoded. */
import type { Slot } from "./leaf.ts";
import { STRETCH_BYTES, STRETCH_GAP_BYTES } from "./numbers.ts";
import { FRAME_TYPE } from "./pack-format.ts";
import type { PackReader } from "./pack-reader.ts";
import type { FramePlace } from "./places.ts";

/** One frame and the blocks (indexes in the leaf) that are made of it. */
export interface WantedFrame {
  readonly place: FramePlace;
  readonly blocks: readonly number[];
}

/** Frames of one pack that are read with one request. */
interface Stretch {
  readonly pack: string;
  readonly offset: number;
  end: number;
  readonly frames: WantedFrame[];
}

/** A frame's plain bytes, or why there are none (Damaged, or a failure of the store). */
export type FrameOutcome =
  | { readonly frame: WantedFrame; readonly plain: Buffer }
  | { readonly frame: WantedFrame; readonly error: unknown };

/** Every frame of the leaf once. `lengthOf` gives the plain length of a block. Never throws: each frame has its outcome. */
export async function* framesOfLeaf(
  reader: PackReader,
  slots: readonly Slot[],
  lengthOf: (index: number) => number,
): AsyncGenerator<FrameOutcome> {
  const stretches = plan(slots);
  let ahead = stretches[0] && fetchStretch(reader, stretches[0]);
  for (const [at, stretch] of stretches.entries()) {
    const fetched = await ahead;
    const following = stretches[at + 1];
    ahead = following && fetchStretch(reader, following);
    for (const frame of stretch.frames) {
      if (fetched === undefined || "error" in fetched) {
        yield { frame, error: fetched?.error };
        continue;
      }
      const { place, blocks } = frame;
      const from = place.offset - stretch.offset;
      try {
        const sealed = fetched.bytes.subarray(from, from + place.stored);
        const rawLength = lengthOf(blocks[0] ?? 0);
        yield { frame, plain: reader.open(place, FRAME_TYPE.block, rawLength, sealed, fetched.key) };
      } catch (error) {
        yield { frame, error };
      }
    }
  }
}

type Fetched = { readonly bytes: Buffer; readonly key: Buffer } | { readonly error: unknown };

async function fetchStretch(reader: PackReader, { pack, offset, end }: Stretch): Promise<Fetched> {
  try {
    const key = await reader.prepare(pack);
    return { key, bytes: await reader.bytes(pack, offset, end - offset) };
  } catch (error) {
    return { error };
  }
}

function plan(slots: readonly Slot[]): readonly Stretch[] {
  const wanted = new Map<string, { place: FramePlace; blocks: number[] }>();
  // Packs in the order of their first block: what is written to a target is then nearly in disk order.
  const order = new Map<string, number>();
  for (const [index, slot] of slots.entries()) {
    if (slot === undefined) continue;
    if (!order.has(slot.place.pack)) order.set(slot.place.pack, order.size);
    const key = `${slot.place.pack}/${slot.place.frame}`;
    const known = wanted.get(key);
    if (known === undefined) wanted.set(key, { place: slot.place, blocks: [index] });
    else known.blocks.push(index);
  }
  const rank = ({ pack }: FramePlace) => order.get(pack) ?? 0;
  const ordered = [...wanted.values()].sort((a, b) => rank(a.place) - rank(b.place) || a.place.offset - b.place.offset);
  const stretches: Stretch[] = [];
  for (const frame of ordered) {
    const { pack, offset, stored } = frame.place;
    const last = stretches.at(-1);
    const end = offset + stored;
    const joins = last?.pack === pack && offset - last.end <= STRETCH_GAP_BYTES && end - last.offset <= STRETCH_BYTES;
    if (last !== undefined && joins) {
      last.frames.push(frame);
      last.end = Math.max(last.end, end);
    } else stretches.push({ pack, offset, end, frames: [frame] });
  }
  return stretches;
}
