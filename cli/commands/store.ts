/** `holdfast store`: the engine without the service, on a folder. */
import { type Command, InvalidArgumentError } from "commander";
import { example } from "../context.ts";
import { nameOf, type OptionValue, type StoreCommand, type StoreOption } from "../store/call.ts";
import { storeCommands } from "../store/table.ts";

/** Adds `store` and its commands. */
export function addStoreCommands(program: Command): void {
  const store = program
    .command("store")
    .description("back up raw images and NBD exports into a folder, and restore them, without a service");
  for (const command of storeCommands) addOne(store, command);
}

function addOne(store: Command, { name, args, text, options, examples, run }: StoreCommand): void {
  const command = store.command([name, ...args].join(" ")).description(text);
  for (const option of options) command.option(option.flags, option.text, (given: string) => parsed(option, given));
  command.addHelpText("after", example(...examples));
  command.action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command;
    const values = self.optsWithGlobals<Record<string, OptionValue | undefined>>();
    const called = Object.fromEntries(options.map((option) => [nameOf(option), values[camel(nameOf(option))]]));
    const positional = (given.slice(0, -2) as (string | readonly string[] | undefined)[]).flatMap(
      (value) => value ?? [],
    );
    await run({ args: positional, options: { ...called, json: values.json } });
  });
}

function parsed({ parse }: StoreOption, given: string): string | number {
  try {
    return parse?.(given) ?? given;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Commander's names of options: `key-file` is `keyFile`. */
const camel = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
