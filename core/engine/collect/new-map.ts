/** The map after a move: complete, without chains, and without what leads nowhere. Pure. */
import type { WrittenPack } from "../pack-stream.ts";
import type { MovedTo, NewPlace, Relocations } from "../relocations.ts";

/** Old pack → frame → where it was copied to. */
export type Moves = ReadonlyMap<string, ReadonlyMap<number, NewPlace>>;

/**
 * @param map the newest one, which the moves were read through
 * @param gone packs that are doomed or deleted: nothing refers to a place in them, and nothing will
 */
export function mapAfter(
  map: Relocations,
  moves: Moves,
  written: readonly WrittenPack[],
  gone: ReadonlySet<string>,
): Omit<Relocations, "unreadable"> {
  const moved = new Map<string, Map<number, NewPlace>>();
  const put = (pack: string, frame: number, to: NewPlace): void => {
    const frames = moved.get(pack) ?? new Map<number, NewPlace>();
    moved.set(pack, frames);
    frames.set(frame, to);
  };
  for (const [pack, frames] of map.moved)
    for (const [frame, to] of frames) {
      const further = moves.get(to.pack)?.get(to.frame);
      if (further !== undefined) put(pack, frame, further);
      else if (!gone.has(to.pack)) put(pack, frame, to);
    }
  for (const [pack, frames] of moves) for (const [frame, to] of frames) put(pack, frame, to);
  return { epoch: map.epoch + 1, targets: targetsOf(map, moved, written), moved };
}

function targetsOf(map: Relocations, moved: Moves, written: readonly WrittenPack[]): ReadonlyMap<string, MovedTo> {
  const known = new Map<string, MovedTo>([...map.targets, ...written.map((pack) => [pack.pack, pack] as const)]);
  const used = new Map<string, MovedTo>();
  for (const frames of moved.values())
    for (const { pack } of frames.values()) {
      const target = known.get(pack);
      if (target === undefined) throw new Error(`frames moved to pack ${pack}, which nobody wrote`);
      used.set(pack, target);
    }
  return used;
}
