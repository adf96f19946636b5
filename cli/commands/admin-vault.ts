/** `holdfast admin vault freeze|unfreeze`: an operator stops all work in a vault, and lets it go on. */
import type { Command } from "commander";
import { type Row, rowOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { vaultId } from "../names.ts";
import { cell } from "../text.ts";
import { type AccessOptions, accessOf, told, withAccess } from "./admin-access.ts";

interface FreezeOptions extends AccessOptions {
  readonly stack?: string;
  readonly violation?: true;
}

const change =
  (frozen: boolean) =>
  async (context: Context, options: FreezeOptions, given: string): Promise<void> => {
    const vault =
      options.stack === undefined ? await here(context, options, given, frozen) : await there(options, given, frozen);
    context.print(vault, `vault ${cell(vault.name)} (${cell(vault.id)}) is ${cell(vault.status)}`);
  };

const sceneOf = ({ violation }: FreezeOptions) => (violation === true ? ({ scene: "violation" } as const) : {});

/** The service of this machine. */
async function here(context: Context, options: FreezeOptions, given: string, frozen: boolean): Promise<Row> {
  const client = await context.client();
  const id = await vaultId(client, given);
  return rowOf(
    await client.send("POST", `/holdfast/vaults/${id}/${frozen ? "freeze" : "unfreeze"}`, sceneOf(options)),
    "vault",
  );
}

/** A deployment on AWS, through its admin function. */
async function there(options: FreezeOptions, given: string, frozen: boolean): Promise<Row> {
  // The AWS SDK is loaded only now: all other commands start faster without it.
  const { freezeDeployedVault } = await import("../../functions/aws/operate.ts");
  return {
    ...(await told(
      freezeDeployedVault(accessOf(options), options.stack ?? "", { vaultId: given, frozen, ...sceneOf(options) }),
    )),
  };
}

/** Adds the group `vault` to the operator's commands. */
export function addAdminVaultCommands(admin: Command): void {
  const group = admin
    .command("vault")
    .description("freeze vaults of this machine's service, or of a deployment on AWS");
  const command = (name: string, description: string): Command =>
    withAccess(
      group
        .command(name)
        .description(description)
        .argument("<vault>", "id, or name in this machine's service")
        .option("--stack <name>", "name of a deployment on AWS (default: this machine's service)"),
    );

  command("freeze", "stop all work in a vault: no backup, no restore, no change; its backups are kept")
    .option("--violation", "because it breaks rules; without it, because nobody pays for it")
    .addHelpText("after", example("holdfast admin vault freeze nightly"))
    .action(action(change(true)));

  command("unfreeze", "let a frozen vault go on")
    .addHelpText("after", example("holdfast admin vault unfreeze VAULT-ID --stack holdfast"))
    .action(action(change(false)));
}
