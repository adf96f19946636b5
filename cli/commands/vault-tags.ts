/** `holdfast vault tag add|remove|list`: tags, which vaults are searched by. */
import type { Command } from "commander";
import { collectPairs } from "../arguments.ts";
import { type Row, rowsOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { vaultId } from "../names.ts";
import { cell, formatTable } from "../text.ts";

type Pairs = readonly (readonly [string, string])[];

async function add(context: Context, _options: object, given: string, pairs: Pairs): Promise<void> {
  const tags = pairs.map(([key, value]) => ({ key, value }));
  await change(context, given, { action: "create", tags });
}

async function remove(context: Context, _options: object, given: string, keys: readonly string[]): Promise<void> {
  await change(context, given, { action: "delete", tags: keys.map((key) => ({ key })) });
}

/** Shows what the vault has afterwards. */
async function change(context: Context, given: string, body: object): Promise<void> {
  const client = await context.client();
  const id = await vaultId(client, given);
  await client.send("POST", `/vault/${id}/tags/action`, body);
  const tags = rowsOf(await client.get(`/vault/${id}/tags`), "tags");
  context.print(tags, shown(tags));
}

async function list(context: Context, _options: object, given?: string): Promise<void> {
  const client = await context.client();
  const path = given === undefined ? "/vault/tags" : `/vault/${await vaultId(client, given)}/tags`;
  const tags = rowsOf(await client.get(path), "tags");
  context.print(tags, shown(tags));
}

/** One vault's tags have a value each, a project's have several. */
function shown(tags: readonly Row[]): string {
  const rows = tags.map(({ key, value, values }) => [
    cell(key),
    cell(Array.isArray(values) ? values.map(String).join(", ") : value),
  ]);
  return rows.length === 0 ? "no tags" : formatTable(["KEY", "VALUE"], rows);
}

/** Adds the group `tag` to the vault commands. */
export function addVaultTagCommands(vaults: Command): void {
  const group = vaults.command("tag").description("tag vaults, to find them by");

  group
    .command("add")
    .description("set tags; a key that is there gets the new value")
    .argument("<vault>", "id or name")
    .argument("<tag...>", "KEY=VALUE", collectPairs)
    .addHelpText("after", example("holdfast vault tag add nightly env=prod"))
    .action(action(add));

  group
    .command("remove")
    .description("take tags away; a key that is not there is no matter")
    .argument("<vault>", "id or name")
    .argument("<key...>", "keys")
    .addHelpText("after", example("holdfast vault tag remove nightly env"))
    .action(action(remove));

  group
    .command("list")
    .description("list a vault's tags, or all that vaults have")
    .argument("[vault]", "id or name")
    .addHelpText("after", example("holdfast vault tag list"))
    .action(action(list));
}
