/** The quick way into `holdfast store`: a plain, correct command line is run without loading the library for all others. */
import { parseArgs } from "node:util";
import { nameOf, type OptionValue, type StoreCall, type StoreCommand, takesValue } from "./call.ts";
import { storeCommands } from "./table.ts";

/**
 * Takes `holdfast store …` apart (`args` without `store`). Undefined for whatever is not plain and correct: help, mistakes; commander
 * then finds the words for it.
 */
export function quickCall(
  args: readonly string[],
): { readonly command: StoreCommand; readonly call: StoreCall } | undefined {
  const [name, ...rest] = args;
  const command = storeCommands.find((one) => one.name === name);
  if (command === undefined) return undefined;
  try {
    const call = callOf(command, rest);
    return call && { command, call };
  } catch {
    // Every error here is one of usage, and commander meets it again.
    return undefined;
  }
}

function callOf(command: StoreCommand, rest: readonly string[]): StoreCall | undefined {
  const options = Object.fromEntries(
    command.options.map((option) => [nameOf(option), { type: takesValue(option) ? "string" : "boolean" } as const]),
  );
  const { values, positionals } = parseArgs({
    args: [...rest],
    options: { ...options, json: { type: "boolean" } },
    allowPositionals: true,
    strict: true,
  });
  const least = command.args.filter((arg) => arg.startsWith("<")).length;
  const most = command.args.some((arg) => arg.includes("...")) ? Number.POSITIVE_INFINITY : command.args.length;
  if (positionals.length < least || positionals.length > most) return undefined;
  const parsed: Record<string, OptionValue> = {};
  for (const [name, value] of Object.entries(values)) {
    const option = command.options.find((one) => nameOf(one) === name);
    if (typeof value === "string") parsed[name] = option?.parse?.(value) ?? value;
    else if (value === true) parsed[name] = true;
  }
  return { args: positionals, options: parsed };
}
