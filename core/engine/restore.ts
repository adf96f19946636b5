/** Restores a run of leaves: every block is checked before it is written, and on request once more as the target gives it back. */
import { TargetUnusable } from "../ports/blocks.ts";
import type { RestoreResult, RestoreUnit } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { openDomain } from "./domain-crypto.ts";
import { checkRange } from "./geometry.ts";
import { askAll, closeHands, type Hands, type RestoreHand, type Stretch, workWith } from "./hands.ts";
import type { Pace } from "./pace.ts";
import { PackReader } from "./pack-reader.ts";
import { readRoot } from "./root-store.ts";
import { leafReader, Stretches } from "./stretches.ts";

/** With read-back, writing stops at this share of the budget: reading back takes less than the rest of it. */
const WRITE_SHARE = 0.6;

/** Idempotent: a leaf restored twice holds the same bytes. @throws Damaged, TargetUnusable, Interrupted, StoreFailed */
export async function restore(
  objects: ObjectStore,
  unit: RestoreUnit,
  pace: Pace,
  open: () => ReturnType<Hands["open"]>,
): Promise<RestoreResult> {
  pace.check();
  const crypto = await openDomain(unit.domain);
  const root = await readRoot(objects, crypto, unit.rootId);
  const { size } = root;
  checkRange(unit, size);
  if (unit.target.size < size)
    throw new TargetUnusable(`${unit.target.diskId} has ${unit.target.size} bytes, the backup ${size}`);
  const reader = await PackReader.open(objects, crypto);
  const leaf = leafReader(root, reader);
  const hands = (await open()) as readonly RestoreHand[];
  try {
    const { firstLeaf, endLeaf, budgetMs, readBack } = unit;
    const writeBudget = readBack ? budgetMs * WRITE_SHARE : budgetMs;
    const writing = new Stretches(size, { firstLeaf, endLeaf }, hands.length, leaf, () => pace.elapsed < writeBudget);
    const written = await work(hands, writing, (hand, stretch) => hand.write(stretch));
    await askAll(hands, (hand) => hand.sync());
    const done = { firstLeaf, endLeaf: writing.endLeaf };
    const reading = new Stretches(size, done, hands.length, leaf, () => true);
    const compared = readBack ? await work(hands, reading, (hand, stretch) => hand.readBack(stretch)) : [];
    pace.check();
    return {
      ...done,
      written: written.reduce((sum, result) => sum + result.written, 0),
      zeroed: written.reduce((sum, result) => sum + result.zeroed, 0),
      readBack: compared.reduce((sum, bytes) => sum + bytes, 0),
    };
  } finally {
    await closeHands(hands);
  }
}

async function work<R>(
  hands: readonly RestoreHand[],
  stretches: Stretches,
  each: (hand: RestoreHand, stretch: Stretch) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  await workWith(
    hands,
    () => stretches.next(),
    async (hand, stretch) => void results.push(await each(hand, stretch)),
  );
  return results;
}
