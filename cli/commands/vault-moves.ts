/** `holdfast vault migrate|suspend|resume|summary`: resources between vaults, their schedule, and all vaults in sum. */
import type { Command } from "commander";
import type { Client } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { CommandFailed } from "../failure.ts";
import { vaultId } from "../names.ts";
import { cell, formatFields, formatGB } from "../text.ts";
import { getVault } from "../vaults.ts";
import { waitUntil } from "../waiting.ts";
import { resourcesOf, shownVault } from "./vault-view.ts";

async function migrate(
  context: Context,
  options: { readonly wait: boolean },
  given: string,
  destination: string,
  ids: readonly string[],
): Promise<void> {
  const client = await context.client();
  const [from, to] = [await vaultId(client, given), await vaultId(client, destination)];
  await client.send("POST", `/vaults/${from}/migrateresources`, { destination_vault_id: to, resource_ids: ids });
  if (options.wait)
    await waitUntil<true>({ label: "moving", lookLater: "holdfast task list --type migrate_resource" }, async () => {
      const here = resourcesOf(await getVault(client, to)).filter(({ id }) => ids.includes(String(id)));
      const left = here.filter(({ protect_status }) => protect_status === "migrating").length;
      return left === 0
        ? { done: true, result: true }
        : { done: false, percent: (100 * (ids.length - left)) / ids.length };
    });
  const vault = await getVault(client, to);
  context.print(vault, shownVault(vault));
}

const setAutomatic =
  (word: "suspend" | "unsuspend", told: string) =>
  async (context: Context, _options: object, ids: readonly string[]): Promise<void> => {
    const client = await context.client();
    // All are found before the first is changed.
    const holders = new Map<string, string[]>();
    for (const id of ids) {
      const holder = await holderOf(client, id);
      holders.set(holder, [...(holders.get(holder) ?? []), id]);
    }
    for (const [vault, resource_ids] of holders)
      await client.send("PUT", `/vaults/${vault}/set-resources`, { action: word, resource_ids });
    context.print({ action: word, resource_ids: ids }, ids.map((id) => `${cell(id)}: ${told}`).join("\n"));
  };

/** The vault that protects the resource. @throws CommandFailed when none does */
async function holderOf(client: Client, resourceId: string): Promise<string> {
  const [vault] = await client.list("/vaults", "vaults", { resource_ids: resourceId });
  if (typeof vault?.id !== "string") throw new CommandFailed(`no vault protects ${resourceId}`);
  return vault.id;
}

async function summary(context: Context): Promise<void> {
  const client = await context.client();
  const sum = await client.get("/vaults/summary");
  context.print(
    sum,
    formatFields([
      ["size", formatGB(sum.size)],
      ["used", formatGB(sum.used_size)],
    ]),
  );
}

/** Adds these commands to the group of vault commands. */
export function addVaultMoveCommands(group: Command): void {
  group
    .command("migrate")
    .description("move resources to another vault, with all their backups; waits until they have followed")
    .argument("<vault>", "id or name of the vault that they are in")
    .argument("<destination>", "id or name of the vault that they go to")
    .argument("<resource...>", "ids of disks or servers")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast vault migrate nightly archive DISK-ID"))
    .action(action(migrate));

  group
    .command("suspend")
    .description("leave resources out of automatic backups; manual ones stay possible")
    .argument("<resource...>", "ids of disks or servers")
    .addHelpText("after", example("holdfast vault suspend DISK-ID"))
    .action(action(setAutomatic("suspend", "automatic backup is off")));

  group
    .command("resume")
    .description("take resources into automatic backups again")
    .argument("<resource...>", "ids of disks or servers")
    .addHelpText("after", example("holdfast vault resume DISK-ID"))
    .action(action(setAutomatic("unsuspend", "automatic backup is on")));

  group
    .command("summary")
    .description("show the capacity of all vaults together, and how much of it is used")
    .addHelpText("after", example("holdfast vault summary"))
    .action(action<object, []>(summary));
}
