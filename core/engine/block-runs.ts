/** In which pieces are the blocks of a leaf read from a source, and what does it say of them beforehand? */
import type { BlockHint, BlockSource } from "../ports/blocks.ts";
import { BLOCK_BYTES, SOURCE_READ_BYTES } from "./numbers.ts";

/** Blocks of one read. */
const READ_BLOCKS = SOURCE_READ_BYTES / BLOCK_BYTES;

/** Consecutive blocks of a leaf, `end` exclusive: one read, or as many as follow each other that need none. */
interface BlockRun {
  readonly first: number;
  readonly end: number;
  readonly read: boolean;
}

/**
 * What the source knows of `blocks` blocks from block `first` of the disk; undefined when it knows nothing of any.
 * @throws RangeError when it speaks of another number of blocks; what the source throws
 */
export async function surveyBlocks(
  source: BlockSource,
  first: number,
  blocks: number,
): Promise<readonly BlockHint[] | undefined> {
  const hints = await source.survey?.(first, blocks);
  if (hints !== undefined && hints.length !== blocks)
    throw new RangeError(`the source was asked about ${blocks} blocks from block ${first} and told of ${hints.length}`);
  return hints;
}

/** Cuts `blocks` blocks into runs, in ascending order; `needsRead` is asked once or twice about each. */
export function* runsOf(blocks: number, needsRead: (index: number) => boolean): Generator<BlockRun> {
  for (let first = 0; first < blocks; ) {
    const read = needsRead(first);
    const most = read ? Math.min(blocks, first + READ_BLOCKS) : blocks;
    let end = first + 1;
    while (end < most && needsRead(end) === read) end++;
    yield { first, end, read };
    first = end;
  }
}
