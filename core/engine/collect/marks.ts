/** Which frames of which packs are referred to? One bitmap a pack, filled from the tables of roots and results. */
import { PACK_MAX_FRAMES } from "../numbers.ts";
import type { PackFacts } from "../places.ts";
import type { Relocations } from "../relocations.ts";

/** What is referred to in one pack. */
export interface LivePack {
  /** Frames of the pack. */
  readonly frames: number;
  /** Bit (frame % 8) of byte (frame / 8): the frame is referred to. */
  readonly bits: Uint8Array;
  /** Frames that are referred to. */
  readonly count: number;
  /** Their bytes: exact when one root names them all, else in proportion. */
  readonly bytes: number;
}

interface Marked {
  readonly size: number;
  frames: number;
  bits: Uint8Array;
  /** The table that named the most frames: how many, and their bytes. */
  most: number;
  mostBytes: number;
}

/** Collects references by the names they have; `through` a map they become places. */
export class Marks {
  readonly #packs = new Map<string, Marked>();

  add({ pack, size, frames, live, liveBytes }: PackFacts): void {
    const marked = this.#packs.get(pack);
    const count = countBits(live);
    if (marked === undefined) {
      this.#packs.set(pack, { size, frames, bits: Uint8Array.from(live), most: count, mostBytes: liveBytes });
      return;
    }
    marked.bits = union(marked.bits, live);
    marked.frames = Math.max(marked.frames, frames);
    if (count <= marked.most) return;
    marked.most = count;
    marked.mostBytes = liveBytes;
  }

  /** Where everything that was named is now: marks of frames that have moved are marks of their new places. */
  through(map: Relocations): ReadonlyMap<string, LivePack> {
    const live = new Map<string, LivePack>();
    const moved = new Map<string, Uint8Array>();
    for (const [pack, marked] of this.#packs) {
      const stays = Uint8Array.from(marked.bits);
      for (const [frame, to] of map.moved.get(pack) ?? []) {
        if (!hasBit(stays, frame)) continue;
        stays[frame >> 3] = (stays[frame >> 3] ?? 0) & ~(1 << (frame & 7));
        const bits = moved.get(to.pack) ?? new Uint8Array(PACK_MAX_FRAMES / 8);
        moved.set(to.pack, bits);
        bits[to.frame >> 3] = (bits[to.frame >> 3] ?? 0) | (1 << (to.frame & 7));
      }
      const count = countBits(stays);
      if (count > 0) live.set(pack, { frames: marked.frames, bits: stays, count, bytes: share(marked, count) });
    }
    for (const [pack, arrived] of moved) {
      const target = map.targets.get(pack);
      const bits = union(arrived, live.get(pack)?.bits ?? new Uint8Array(0));
      const frames = Math.max(target?.frames ?? 0, live.get(pack)?.frames ?? 0);
      const count = countBits(bits);
      live.set(pack, { frames, bits, count, bytes: Math.round(((target?.size ?? 0) * count) / Math.max(1, frames)) });
    }
    return live;
  }
}

/** Is frame number `frame` marked? */
function hasBit(bits: Uint8Array, frame: number): boolean {
  return ((bits[frame >> 3] ?? 0) & (1 << (frame & 7))) !== 0;
}

function share({ size, most, mostBytes }: Marked, count: number): number {
  return count === most ? mostBytes : Math.min(size, Math.round((mostBytes * count) / Math.max(1, most)));
}

function union(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  return Uint8Array.from(longer, (byte, at) => byte | (shorter[at] ?? 0));
}

function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}
