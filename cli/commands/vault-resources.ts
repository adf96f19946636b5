/** `holdfast vault add-resource|remove-resource`: what a vault protects. */
import type { Command } from "commander";
import { action, type Context, example } from "../context.ts";
import { CommandFailed } from "../failure.ts";
import { vaultId } from "../names.ts";
import { memberOf } from "../tasks.ts";
import { cell } from "../text.ts";
import { getVault, toResources } from "../vaults.ts";
import { waitUntil } from "../waiting.ts";
import { resourcesOf, shownVault } from "./vault-view.ts";

async function addResources(context: Context, _options: object, given: string, ids: readonly string[]): Promise<void> {
  const client = await context.client();
  const id = await vaultId(client, given);
  const { object_type } = memberOf(await getVault(client, id), "billing");
  await client.send("POST", `/vaults/${id}/addresources`, { resources: toResources(object_type, ids) });
  const vault = await getVault(client, id);
  context.print(vault, shownVault(vault));
}

async function removeResources(
  context: Context,
  options: { readonly wait: boolean },
  given: string,
  ids: readonly string[],
): Promise<void> {
  const client = await context.client();
  const id = await vaultId(client, given);
  await client.send("POST", `/vaults/${id}/removeresources`, { resource_ids: ids });
  if (options.wait)
    await waitUntil<true>({ label: "removing", lookLater: "holdfast task list --type remove_resource" }, async () => {
      const left = resourcesOf(await getVault(client, id)).filter((resource) => ids.includes(String(resource.id)));
      const stuck = left.find((resource) => resource.protect_status !== "removing");
      if (stuck !== undefined)
        throw new CommandFailed(`${cell(stuck.id)} was not removed; it is ${cell(stuck.protect_status)} again`);
      return left.length === 0
        ? { done: true, result: true }
        : { done: false, percent: (100 * (ids.length - left.length)) / ids.length };
    });
  const vault = await getVault(client, id);
  context.print(vault, shownVault(vault));
}

/** Adds `add-resource` and `remove-resource` to the group of vault commands. */
export function addVaultResourceCommands(group: Command): void {
  group
    .command("add-resource")
    .description("protect disks or servers with a vault")
    .argument("<vault>", "id or name")
    .argument("<resource...>", "ids of disks or servers")
    .addHelpText("after", example("holdfast vault add-resource nightly DISK-ID"))
    .action(action(addResources));

  group
    .command("remove-resource")
    .description("stop protecting resources and DELETE their backups in this vault; waits until they are gone")
    .argument("<vault>", "id or name")
    .argument("<resource...>", "ids of disks or servers")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast vault remove-resource nightly DISK-ID"))
    .action(action(removeResources));
}
