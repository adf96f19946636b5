/** What is a command of `holdfast store`, and what is one call of it? */

/** One command line of `holdfast store`, taken apart. */
export interface StoreCall {
  /** Arguments in order; those of a list are the rest. */
  readonly args: readonly string[];
  /** Values of options by their long names: text, a number, or true. */
  readonly options: Readonly<Record<string, OptionValue | undefined>>;
}
export type OptionValue = string | number | true;

export interface StoreOption {
  /** As commander writes it: `--name <name>`; without a value, `--quick`. */
  readonly flags: string;
  readonly text: string;
  /** Checks and converts. @throws Error that says the rule */
  readonly parse?: (text: string) => string | number;
}

export interface StoreCommand {
  readonly name: string;
  /** As commander writes them: `<id>`, `[id]`, `<ids...>`, `[ids...]`. */
  readonly args: readonly string[];
  readonly text: string;
  readonly options: readonly StoreOption[];
  readonly examples: readonly string[];
  /** Loads its code when it is called: every other command starts faster without it. */
  run(call: StoreCall): Promise<void>;
}

/** `--key-file <file>` → `key-file`. */
export const nameOf = ({ flags }: StoreOption): string => (flags.split(" ")[0] ?? "").slice(2);

/** Whether a value follows. */
export const takesValue = ({ flags }: StoreOption): boolean => flags.includes("<");
