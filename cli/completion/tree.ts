/** What can stand on the command line, read from the commands themselves: what shells complete is never another list. */
import type { Command } from "commander";

/** A command and everything that may follow it. */
export interface Completable {
  /** The command as it is typed after `holdfast`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly CompletableOption[];
  /** Of its only argument, when there are few values: `completion bash|zsh|fish`. */
  readonly values: readonly string[];
}

export interface CompletableOption {
  /** `--name`, and `-n` where there is one. */
  readonly flags: readonly string[];
  readonly about: string;
  /** Does another word follow, and which ones may it be? Absent: it is a flag. Empty: anything. */
  readonly values?: readonly string[];
}

/** Every command, the program first. Hidden ones are nobody's business. */
export function completables(program: Command): readonly Completable[] {
  const everywhere = optionsOf(program).filter(({ flags }) => !flags.includes("--version"));
  const below = (command: Command, path: readonly string[]): Completable[] => {
    const commands = command.createHelp().visibleCommands(command);
    const own = optionsOf(command);
    const taken = new Set(own.flatMap(({ flags }) => flags));
    const here: Completable = {
      path: path.join(" "),
      commands: commands.map((child) => ({ name: child.name(), about: child.description() })),
      options: [...own, ...everywhere.filter(({ flags }) => !flags.some((flag) => taken.has(flag)))],
      values: command.registeredArguments.length === 1 ? (command.registeredArguments[0]?.argChoices ?? []) : [],
    };
    // `help` is made by commander and has nothing below it.
    const real = commands.filter((child) => command.commands.includes(child));
    return [here, ...real.flatMap((child) => below(child, [...path, child.name()]))];
  };
  return below(program, []);
}

const optionsOf = (command: Command): CompletableOption[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(({ short, long, description, required, optional, argChoices }) => ({
      flags: [long, short].flatMap((flag) => flag ?? []),
      about: description,
      ...((required || optional) && { values: argChoices ?? [] }),
    }));

/** Options that take the next word, as `<path> <flag>`: that word is no command. */
export const takingValues = (all: readonly Completable[]): readonly string[] =>
  all.flatMap(({ path, options }) =>
    options.flatMap(({ flags, values }) => (values === undefined ? [] : flags.map((flag) => `${path} ${flag}`))),
  );

/** Text that every shell takes as it stands. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The first line of a description is enough beside a candidate. */
export const shortly = (about: string): string => about.split("\n")[0] ?? "";
