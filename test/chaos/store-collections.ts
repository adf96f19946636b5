/** What a store that works collects, and what a collection must never say of it. */
import type { Done } from "./store-acts.ts";
import { Broken, DAY, type StoreWorld } from "./store-world.ts";

export type Compact = () => Promise<Done>;

/** Collections and a compaction until all that can go has gone. `compact`: where that may be refused. */
export async function collectAll(
  world: StoreWorld,
  compact: Compact = () => world.calmly({ do: "compact" }),
): Promise<void> {
  for (const [what, days] of [
    ["gc", 2],
    ["compact", 0],
    ["gc", 2],
    ["gc", 2],
    ["gc", 16],
  ] as const) {
    world.clock += days * DAY;
    const { missing = [], held, read = [] } = await (what === "compact" ? compact() : world.calmly({ do: what }));
    if (missing.length > 0) throw new Broken(`the collection misses packs: ${missing.join()}`);
    if (held !== undefined) throw new Broken(`the collection is held: ${held}`);
    if (read.length > 0) throw new Broken(`nobody reads ${read.join()}, but the collection says so`);
  }
}
