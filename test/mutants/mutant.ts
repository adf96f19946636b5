/** What is a mutant: one rule, broken by a mistake that somebody could make, and the test that has to notice. */

export interface Mutant {
  /** The behaviour that is broken; a test that quotes it has to go red. */
  readonly id: string;
  /** The mistake, in words. */
  readonly mistake: string;
  /** The file that it is made in, from the root of the tree. */
  readonly file: string;
  /** Stands there exactly once … */
  readonly text: string;
  /** … and is replaced by this. */
  readonly instead: string;
  /** The smallest test file that holds the rule, below `test/`. */
  readonly test: string;
}

type Row = readonly [id: string, mistake: string, text: string, instead: string];

/** Mutants of one file that one test file notices. */
export const inFile = (file: string, test: string, rows: readonly Row[]): readonly Mutant[] =>
  rows.map(([id, mistake, text, instead]) => ({ id, mistake, file, text, instead, test }));
