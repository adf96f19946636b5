/** Compares a run of leaves of a source with a root: does it hold, block for block, the bytes that were backed up? */
import type { BlockAccess, BlockHint, BlockSource } from "../ports/blocks.ts";
import { type CompareResult, type CompareUnit, SourceDiffers } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { runsOf, surveyLeaf } from "./block-runs.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { blockLength, blockOffset, blocksOfLeaf, checkRange } from "./geometry.ts";
import type { Slot } from "./leaf.ts";
import { BLOCK_BYTES, LEAF_BLOCKS, SOURCE_READ_BYTES } from "./numbers.ts";
import type { Pace } from "./pace.ts";
import { PackReader } from "./pack-reader.ts";
import type { Root } from "./root-format.ts";
import { readRoot } from "./root-store.ts";

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Of the repository only the root and its leaves are read: an id stands for the bytes of its block. What a larger source
 * holds beyond the root's size is not looked at. The first difference ends the unit.
 * @throws SourceDiffers, Damaged, SourceChanged, Interrupted, StoreFailed; RangeError for a bad unit
 */
export async function compare(
  objects: ObjectStore,
  blocks: BlockAccess,
  unit: CompareUnit,
  pace: Pace,
): Promise<CompareResult> {
  pace.check();
  const crypto = await openDomain(unit.domain);
  const root = await readRoot(objects, crypto, unit.rootId);
  checkRange(unit, root.size);
  const source = await blocks.openSource(unit.source);
  try {
    if (source.size < root.size)
      throw new SourceDiffers(`${unit.source.diskId} has ${source.size} bytes, ${unit.rootId} ${root.size}`);
    return await new Comparing(unit, new PackReader(objects, crypto), crypto, root, source, pace).run();
  } finally {
    await source.close();
  }
}

class Comparing {
  readonly #unit: CompareUnit;
  readonly #reader: PackReader;
  readonly #crypto: DomainCrypto;
  readonly #root: Root;
  readonly #source: BlockSource;
  readonly #pace: Pace;
  readonly #piece = Buffer.allocUnsafeSlow(SOURCE_READ_BYTES);
  #equal = 0;

  constructor(
    unit: CompareUnit,
    reader: PackReader,
    crypto: DomainCrypto,
    root: Root,
    source: BlockSource,
    pace: Pace,
  ) {
    this.#unit = unit;
    this.#reader = reader;
    this.#crypto = crypto;
    this.#root = root;
    this.#source = source;
    this.#pace = pace;
  }

  async run(): Promise<CompareResult> {
    const { firstLeaf, endLeaf, budgetMs } = this.#unit;
    let next = firstLeaf;
    do await this.#leaf(next++);
    while (next < endLeaf && this.#pace.elapsed < budgetMs);
    this.#pace.check();
    this.#pace.tell();
    return { firstLeaf, endLeaf: next, equal: this.#equal };
  }

  async #leaf(leaf: number): Promise<void> {
    const { size, leaves } = this.#root;
    const ref = leaves[leaf];
    const slots = ref === undefined ? [] : await this.#reader.leaf(ref, size, leaf);
    const blocks = blocksOfLeaf(size, leaf);
    const hints = await surveyLeaf(this.#source, leaf, blocks);
    for (const { first, end, read } of runsOf(blocks, (index) => needsRead(hints?.[index], slots[index]))) {
      const start = blockOffset(leaf, first);
      const bytes = blockOffset(leaf, end - 1) + blockLength(size, leaf, end - 1) - start;
      if (read) await this.#read(leaf, first, this.#piece.subarray(0, bytes), slots);
      this.#equal += bytes;
      const turn = this.#pace.worked(bytes);
      if (turn !== undefined) await turn;
    }
  }

  async #read(leaf: number, first: number, piece: Buffer, slots: readonly Slot[]): Promise<void> {
    await this.#source.read(blockOffset(leaf, first), piece);
    for (let from = 0, index = first; from < piece.length; from += BLOCK_BYTES, index++) {
      const block = piece.subarray(from, from + BLOCK_BYTES);
      const slot = slots[index];
      const equal = slot ? this.#crypto.id(block).equals(slot.id) : block.equals(ZEROS.subarray(0, block.length));
      if (!equal) throw this.#differs(leaf, index);
    }
  }

  #differs(leaf: number, index: number): SourceDiffers {
    const { source, rootId } = this.#unit;
    const block = leaf * LEAF_BLOCKS + index;
    const offset = blockOffset(leaf, index);
    return new SourceDiffers(`${source.diskId} differs from ${rootId} in block ${block}, at byte offset ${offset}`);
  }
}

/** Zeros on both sides are equal without a read. What was the same in another capture says nothing of this root. */
function needsRead(hint: BlockHint | undefined, slot: Slot): boolean {
  return hint !== "zero" || slot !== undefined;
}
