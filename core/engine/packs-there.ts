/** Which packs are there, and how large? Looked at once each, one by one or by listing, whichever takes fewer requests. */
import type { ObjectStore } from "../ports/object-store.ts";
import { LIST_FROM_PACKS, PARALLEL_CHECKS } from "./numbers.ts";
import { packName } from "./pack-format.ts";
import { inParallel } from "./parallel.ts";

const PACKS = packName("");

/** Remembers what it saw: for one unit or seal, not longer. */
export class PacksThere {
  readonly #objects: ObjectStore;
  /** Bytes of each pack looked at; undefined = not there. */
  readonly #seen = new Map<string, number | undefined>();

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** Looks at the packs that were not looked at before. @throws StoreFailed */
  async look(packs: Iterable<string>): Promise<void> {
    const fresh = new Set<string>();
    for (const pack of packs) if (!this.#seen.has(pack)) fresh.add(pack);
    if (fresh.size >= LIST_FROM_PACKS) {
      for (const pack of fresh) this.#seen.set(pack, undefined);
      for await (const { name, size } of this.#objects.list(PACKS)) {
        const pack = name.slice(PACKS.length);
        if (fresh.has(pack)) this.#seen.set(pack, size);
      }
      return;
    }
    await inParallel([...fresh], PARALLEL_CHECKS, async (pack) => {
      this.#seen.set(pack, await this.#objects.size(packName(pack)));
    });
  }

  /** Bytes of a pack that was looked at; undefined when it is not there. */
  size(pack: string): number | undefined {
    if (!this.#seen.has(pack)) throw new Error(`pack ${pack} was not looked at`);
    return this.#seen.get(pack);
  }
}
