/** Do the sub-blocks that a patch holds become the block again, whichever they are? */
import { expect, it } from "vitest";
import { BLOCK_BYTES, SUB_BLOCK_BYTES, SUB_BLOCKS, WHOLE } from "../../core/engine/numbers.ts";
import { bytesOf, changedSubBlocks, gather, scatter } from "../../core/engine/patch.ts";

const into = Buffer.alloc(BLOCK_BYTES);
const place = { pack: "00", frame: 0, offset: 0, stored: 0, codec: 0 };

/** A block whose sub-blocks say which one they are, and whether they are new. */
function block(changed: number): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < SUB_BLOCKS; at++)
    bytes.fill(at * 2 + ((changed >> at) & 1) + 1, at * SUB_BLOCK_BYTES, (at + 1) * SUB_BLOCK_BYTES);
  return bytes;
}

it("every set of changed sub-blocks, gathered and scattered over the block before, is the block now", () => {
  const before = block(0);
  for (let mask = 1; mask <= WHOLE; mask++) {
    const now = block(mask);
    expect(changedSubBlocks(before, now)).toBe(mask);
    into.fill(0xee);
    const gathered = gather(now, mask, into);
    expect(gathered.length).toBe(bytesOf(mask, BLOCK_BYTES));
    const made = Buffer.from(before);
    scatter(made, { ...place, holds: mask, uses: mask }, gathered);
    expect(made.equals(now), `mask ${mask}`).toBe(true);
  }
});

it("of a patch only the sub-blocks in use are taken", () => {
  const now = block(WHOLE);
  for (let uses = 1; uses <= WHOLE; uses++) {
    for (const holds of [uses, uses | 0b1000_0001, WHOLE]) {
      const made = block(0);
      scatter(made, { ...place, holds, uses }, gather(now, holds, into));
      expect(made.equals(block(uses)), `${uses} of ${holds}`).toBe(true);
    }
  }
});
