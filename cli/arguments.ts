/** What may stand on the command line? Parsers of single values; a bad one is a usage error. */
import { InvalidArgumentError } from "commander";

/** A whole number within bounds. */
export function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** A number within bounds, with or without decimals. */
export function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

/** Values of an option that may be given several times, in order. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** `KEY=VALUE` pairs of an option that may be given several times. */
export function collectPairs(
  value: string,
  before: readonly (readonly [string, string])[] | undefined,
): (readonly [string, string])[] {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must have the form KEY=VALUE.");
  return [...(before ?? []), [value.slice(0, at), value.slice(at + 1)]];
}

/** A path; an empty one is what an unset shell variable leaves, and would mean the working directory. */
export function path(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}
