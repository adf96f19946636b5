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

/** `2030-01-02` or `2030-01-02T03:04:05Z`, as the API takes it: a day is its first second. */
export function time(text: string): string {
  const given = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(given) || Number.isNaN(Date.parse(given)))
    throw new InvalidArgumentError("It must be like 2030-01-02 or 2030-01-02T03:04:05Z (UTC).");
  return given;
}
