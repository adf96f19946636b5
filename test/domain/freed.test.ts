/** Is what a preview says that a rule frees what deleting really frees? (CAP-02, CAP-03) */
import fc from "fast-check";
import { expect, it } from "vitest";
import { freedBytes } from "../../core/domain/freed.ts";

const BLOCKS = 6;
/** Content by block; 0 is a zero block. */
type Content = readonly number[];

const difference = (from: Content | undefined, to: Content): number =>
  to.filter((seed, i) => seed !== 0 && (from?.[i] ?? 0) !== seed).length;

const used = (contents: readonly Content[]): number =>
  contents.reduce((sum, content, i) => sum + difference(contents[i - 1], content), 0);

const chains = fc.array(
  fc.record({ content: fc.array(fc.nat(2), { minLength: BLOCKS, maxLength: BLOCKS }), goes: fc.boolean() }),
  { maxLength: 8 },
);
type Chain = readonly { readonly content: Content; readonly goes: boolean }[];

const really = (chain: Chain): number =>
  used(chain.map(({ content }) => content)) - used(chain.filter(({ goes }) => !goes).map(({ content }) => content));
const foretold = (chain: Chain) =>
  freedBytes(
    chain.map(({ content, goes }, i) => ({
      goes,
      change: difference(chain[i - 1]?.content, content),
      nonZero: difference(undefined, content),
    })),
  );

it("lies within the bounds, whatever goes", () => {
  fc.assert(
    fc.property(chains, (chain) => {
      const { atLeast, atMost } = foretold(chain);
      expect(atLeast).toBeLessThanOrEqual(really(chain));
      expect(atMost).toBeGreaterThanOrEqual(really(chain));
    }),
  );
});

it("is exact when only the oldest go, as under a count", () => {
  fc.assert(
    fc.property(chains, fc.nat(8), (chain, n) => {
      const oldest = chain.map(({ content }, i) => ({ content, goes: i < n }));
      expect(foretold(oldest)).toEqual({ atLeast: really(oldest), atMost: really(oldest) });
    }),
  );
});
