/** Takes the live frames of one pack over into a stream of new ones: decrypted, checked, and sealed anew. */
import { Damaged } from "../../ports/data-plane.ts";
import { STRETCH_BYTES, STRETCH_GAP_BYTES } from "../numbers.ts";
import { type FrameRecord, frameAad, packName } from "../pack-format.ts";
import type { PackReader } from "../pack-reader.ts";
import type { PackStream } from "../pack-stream.ts";
import type { NewPlace } from "../relocations.ts";
import { KIND, nonceOf, openSealed } from "../sealed-box.ts";
import { framesOf } from "../tables.ts";
import type { LivePack } from "./marks.ts";

interface Frame {
  readonly frame: number;
  readonly record: FrameRecord;
}

/** Frames that are read at once: they lie close together. */
interface Stretch {
  readonly from: number;
  end: number;
  readonly frames: Frame[];
}

/**
 * Holds one stretch of 2 MiB at a time. What it has copied when a frame turns out damaged stays in the stream, referred to by
 * nobody. @throws Damaged, StoreFull, StoreFailed
 */
export async function copyFrames(
  reader: PackReader,
  stream: PackStream,
  pack: string,
  size: number,
  live: LivePack,
): Promise<{ readonly places: ReadonlyMap<number, NewPlace>; readonly bytes: number }> {
  const { records } = await reader.end(pack, size, live.frames);
  const frames = framesOf(live.bits).map((frame) => {
    const record = records[frame];
    if (record === undefined) throw new Damaged(packName(pack), `has no frame ${frame}`);
    return { frame, record };
  });
  const key = await reader.prepare(pack);
  const places = new Map<number, NewPlace>();
  let bytes = 0;
  for (const { from, end, frames: together } of stretches(frames)) {
    const read = await reader.bytes(pack, from, end - from);
    for (const { frame, record } of together) {
      const at = record.offset - from;
      const aad = frameAad(Buffer.from(pack, "hex"), frame, record);
      const sealed = read.subarray(at, at + record.stored);
      const plain = openSealed(sealed, key, nonceOf(KIND.frame, frame), aad);
      if (plain === undefined) throw new Damaged(packName(pack), `frame ${frame} does not authenticate`);
      const room = stream.room();
      if (room !== undefined) await room;
      places.set(frame, stream.appendSealed(record.type, record.codec, plain, record.rawLength));
      bytes += record.stored;
    }
  }
  return { places, bytes };
}

/** Frames follow each other in a pack, so ascending numbers are ascending offsets. */
function stretches(frames: readonly Frame[]): readonly Stretch[] {
  const all: Stretch[] = [];
  for (const each of frames) {
    const { offset, stored } = each.record;
    const last = all.at(-1);
    const close = last !== undefined && offset - last.end <= STRETCH_GAP_BYTES;
    if (last !== undefined && close && offset + stored - last.from <= STRETCH_BYTES) {
      last.end = offset + stored;
      last.frames.push(each);
    } else all.push({ from: offset, end: offset + stored, frames: [each] });
  }
  return all;
}
