/** `holdfast protectable …`: what the API offers for protection, and why some of it cannot be protected. */
import { type Command, Option } from "commander";
import { action, example } from "../context.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatGB, formatTable } from "../text.ts";

/** Adds `protectable list`. */
export function addProtectableCommands(program: Command): void {
  program
    .command("protectable")
    .description("look at what can be protected")
    .command("list")
    .description("list disks or servers, and whether each can be protected")
    .addOption(new Option("--type <type>", "kind of resource").choices(["disk", "server"]).default("disk"))
    .addHelpText("after", example("holdfast protectable list --type server"))
    .action(
      action<{ readonly type: string }, []>(async (context, options) => {
        const client = await context.client();
        const instances = await client.list(`/protectables/${options.type}/instances`, "instances");
        const rows = instances.map((instance) => {
          const { result, reason, message, vault } = memberOf(instance, "protectable");
          const holder = typeof vault === "object" && vault !== null ? memberOf({ vault }, "vault") : undefined;
          return [
            cell(instance.id),
            cell(instance.name),
            cell(instance.status),
            formatGB(instance.size),
            result === true ? "yes" : "no",
            holder === undefined ? cell(reason || message) : `in vault ${cell(holder.name ?? holder.id)}`,
          ];
        });
        context.print(instances, formatTable(["ID", "NAME", "STATUS", "SIZE", "PROTECTABLE", "WHY"], rows));
      }),
    );
}
