/** Compares a run of leaves of a source with a root: does it hold, block for block, the bytes that were backed up? */
import type { CompareResult, CompareUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { openDomain } from "./domain-crypto.ts";
import { checkRange } from "./geometry.ts";
import { type CompareHand, closeHands, type Hands, workWith } from "./hands.ts";
import type { Pace } from "./pace.ts";
import { PackReader } from "./pack-reader.ts";
import { readRoot } from "./root-store.ts";
import { leafReader, Stretches } from "./stretches.ts";

/**
 * Of the repository only the root and its leaves are read: an id stands for the bytes of its block. What a larger source
 * holds beyond the root's size is not looked at. The first difference ends the unit.
 * @throws SourceDiffers, Damaged, SourceChanged, Interrupted, StoreFailed; RangeError for a bad unit
 */
export async function compare(
  objects: ObjectStore,
  unit: CompareUnit,
  pace: Pace,
  open: () => ReturnType<Hands["open"]>,
): Promise<CompareResult> {
  pace.check();
  const crypto = await openDomain(unit.domain);
  const root = await readRoot(objects, crypto, unit.rootId);
  const { size } = root;
  checkRange(unit, size);
  const reader = await PackReader.open(objects, crypto);
  const leaf = leafReader(root, reader);
  const hands = (await open()) as readonly CompareHand[];
  try {
    const stretches = new Stretches(size, unit, hands.length, leaf, () => pace.elapsed < unit.budgetMs);
    let equal = 0;
    await workWith(
      hands,
      () => stretches.next(),
      async (hand, stretch) => {
        const bytes = await hand.compare(stretch);
        equal += bytes;
      },
    );
    pace.check();
    return { firstLeaf: unit.firstLeaf, endLeaf: stretches.endLeaf, equal };
  } finally {
    await closeHands(hands);
  }
}
