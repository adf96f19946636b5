/** Positional difference of two roots: what the second has that the first has not at the same place. */
import { Damaged, type DomainKeys } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore } from "../ports/object-store.ts";
import { openDomain } from "./domain-crypto.ts";
import { blockLength, blocksOfLeaf } from "./geometry.ts";
import { PackReader } from "./pack-reader.ts";
import { type Root, rootName } from "./root-format.ts";
import { readRoot } from "./root-store.ts";

/**
 * d(from, to) in bytes: non-zero blocks of `to` that differ from `from` there; all of them without `from`.
 * Leaves with equal ids hold equal entries and are not read. @throws Damaged, also for a missing root; StoreFailed
 */
export async function difference(
  objects: ObjectStore,
  domain: DomainKeys,
  from: string | undefined,
  to: string,
): Promise<number> {
  const crypto = await openDomain(domain);
  const reader = await PackReader.open(objects, crypto);
  const open = (rootId: string): Promise<Root> =>
    readRoot(objects, crypto, rootId).catch((error: unknown) => {
      throw error instanceof ObjectMissing ? new Damaged(rootName(rootId), "is missing") : error;
    });
  const newer = await open(to);
  const older = from === undefined ? undefined : await open(from);
  let bytes = 0;
  for (const [leaf, ref] of newer.leaves.entries()) {
    const before = older?.leaves[leaf];
    if (ref === undefined || before?.id.equals(ref.id)) continue;
    if (older === undefined || before === undefined) {
      bytes += ref.nonZero;
      continue;
    }
    const slots = await reader.leaf(ref, blocksOfLeaf(newer.size, leaf));
    const old = await reader.leaf(before, blocksOfLeaf(older.size, leaf));
    for (const [index, slot] of slots.entries())
      if (slot !== undefined && !old[index]?.id.equals(slot.id)) bytes += blockLength(newer.size, leaf, index);
  }
  return bytes;
}
