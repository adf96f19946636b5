/** Shuts out movers whose collector is dead or asleep: their map can never become the newest one. */
import { type ObjectStore, StoreFailed } from "../../ports/object-store.ts";
import { newest } from "../avoid-set.ts";
import { mapName, type Relocations, readRelocations, writeRelocations } from "../relocations.ts";
import type { Looking } from "./mark.ts";

const TRIES = 8;

/**
 * Publishes the next map epoch with the same content, so that a sleeping mover's put comes too late, and closes its run. With an
 * unreadable map nothing is done: its content is not known.
 */
export async function fenceMoves({ objects, crypto, runs }: Looking): Promise<void> {
  const others = (await runs.open()).filter(({ kind }) => kind === "move");
  if (others.length === 0) return;
  for (let tries = 0; ; tries++) {
    const map = await readRelocations(objects, crypto);
    if (map.unreadable) return;
    if (await publishMap({ objects, crypto }, { ...map, epoch: map.epoch + 1 })) break;
    if (tries === TRIES) throw new StoreFailed("the newest map was replaced each time it was read");
  }
  for (const run of others) await runs.closeMove(run);
}

/** Makes it the newest map. @returns false when it is not: somebody else came first */
export async function publishMap(
  { objects, crypto }: Pick<Looking, "objects" | "crypto">,
  map: Omit<Relocations, "unreadable">,
): Promise<boolean> {
  if ((await writeRelocations(objects, crypto, map)) === "exists") return false;
  return isNewest(objects, map.epoch);
}

/** A name may be free because that epoch went to the trash long ago: only the newest one counts. */
async function isNewest(objects: ObjectStore, epoch: number): Promise<boolean> {
  return (await newest(objects, "maps/")) === mapName(epoch);
}
