/** Collects which frames of which packs the leaves of a unit refer to. */
import type { FramePlace } from "./places.ts";
import { packRecordBytes } from "./tables.ts";

interface Marks {
  bits: Uint8Array;
  /** Frames marked, their bytes, and one more than the highest of them. */
  count: number;
  bytes: number;
  end: number;
}

/** Frames that a backup keeps alive. */
export class LiveFrames {
  readonly #live = new Map<string, Marks>();

  mark({ pack, frame, stored }: Pick<FramePlace, "pack" | "frame" | "stored">): void {
    const marks = this.#of(pack);
    const byte = frame >> 3;
    if (byte >= marks.bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, marks.bits.length * 2));
      grown.set(marks.bits);
      marks.bits = grown;
    }
    const bit = 1 << (frame & 7);
    const before = marks.bits[byte] ?? 0;
    if ((before & bit) !== 0) return;
    marks.bits[byte] = before | bit;
    marks.count += 1;
    marks.bytes += stored;
    marks.end = Math.max(marks.end, frame + 1);
  }

  /** Names of the packs referred to so far. */
  packs(): readonly string[] {
    return [...this.#live.keys()];
  }

  /** The marks of one pack as a bitmap of `frames` frames. */
  of(pack: string, frames: number): { readonly live: Uint8Array; readonly liveBytes: number } {
    const marks = this.#of(pack);
    const live = new Uint8Array(Math.ceil(frames / 8));
    live.set(marks.bits.subarray(0, live.length));
    return { live, liveBytes: marks.bytes };
  }

  /** Bytes of a pack table of all this; `framesOf` knows finished packs, others end at their last mark. */
  tableBytes(framesOf: (pack: string) => number | undefined): number {
    let bytes = 0;
    for (const [pack, { count, end }] of this.#live) bytes += packRecordBytes(framesOf(pack) ?? end, count);
    return bytes;
  }

  #of(pack: string): Marks {
    const known = this.#live.get(pack);
    if (known !== undefined) return known;
    const fresh = { bits: new Uint8Array(8), count: 0, bytes: 0, end: 0 };
    this.#live.set(pack, fresh);
    return fresh;
  }
}
