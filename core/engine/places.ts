/** Where frames are, and what a backup needs to know of each pack. */

/** One frame of one pack. */
export interface FramePlace {
  /** Pack id, lower-case hexadecimal. */
  readonly pack: string;
  readonly frame: number;
  /** From the start of the pack. */
  readonly offset: number;
  /** Ciphertext and tag. */
  readonly stored: number;
  readonly codec: number;
}

/** A frame that (part of) a block is made of. */
export interface BlockPlace extends FramePlace {
  /** Which of the block's eight sub-blocks of 64 KiB the frame holds, bit i for sub-block i, one after the other. */
  readonly holds: number;
  /** Which of them the block takes from it. */
  readonly uses: number;
}

/** A non-zero block: the id of its bytes and where they are. */
export interface LeafEntry {
  readonly id: Buffer;
  /**
   * One place that holds the whole block, or up to eight whose `uses` together are the whole. None, in memory only: the id
   * is known, but the bytes cannot be relied on.
   */
  readonly places: readonly BlockPlace[];
}

/** A leaf that is not all zero. Two references with equal ids stand for the same entries. */
export interface LeafRef {
  readonly place: FramePlace;
  readonly rawLength: number;
  /** Bytes of its blocks that are not all zero. */
  readonly nonZero: number;
  readonly id: Buffer;
}

/** What a root says about one pack. */
export interface PackFacts {
  readonly pack: string;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly frames: number;
  /** Tag of its footer: tells this pack from any other attempt. */
  readonly tag: Buffer;
  /** Written by the run that the root or result belongs to. */
  readonly own: boolean;
  /** Bit (frame % 8) of byte (frame / 8): the frame is referred to. */
  readonly live: Uint8Array;
  /** Bytes of the live frames; an upper bound where two units of a run share a frame. */
  readonly liveBytes: number;
}

/** Facts of one pack as two units saw them, as one. `undefined` when they speak of different bytes. */
export function mergeFacts(a: PackFacts, b: PackFacts): PackFacts | undefined {
  if (a.size !== b.size || a.frames !== b.frames || !a.tag.equals(b.tag)) return undefined;
  const live = Uint8Array.from(a.live, (byte, at) => byte | (b.live[at] ?? 0));
  const liveBytes = Math.min(a.liveBytes + b.liveBytes, a.size);
  return { ...a, own: a.own || b.own, live, liveBytes };
}
