/** `holdfast vault …`: the containers that hold resources and their backups. */
import { type Command, Option } from "commander";
import { collect, integer } from "../arguments.ts";
import { type Client, rowOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { ApiError, UsageError } from "../failure.ts";
import { policyId, vaultId } from "../names.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatTable } from "../text.ts";
import { getVault, toResources, vaultTypes } from "../vaults.ts";
import { waitUntilGone } from "../waiting.ts";
import { addVaultAdviceCommand } from "./vault-advice.ts";
import { addVaultMoveCommands } from "./vault-moves.ts";
import { addVaultResourceCommands } from "./vault-resources.ts";
import { addVaultTagCommands } from "./vault-tags.ts";
import { listedVault, shownVault, vaultHeadings } from "./vault-view.ts";

const SMALLEST_GB = 10;
const LARGEST_GB = 10_485_760;
const DEFAULT_GB = 100;
/** CAP-21. */
const SIZING = `How large? At least twice the size of what is protected. Or, when you know how much changes:
(size + days that backups are kept x change a day) x 1.2, which "holdfast vault advise" works out.`;

interface CreateOptions {
  readonly name: string;
  readonly type?: string;
  readonly size: number;
  readonly description?: string;
  readonly resource?: readonly string[];
  readonly policy?: string;
  readonly autoExpand?: true;
}
interface UpdateOptions {
  readonly name?: string;
  readonly size?: number;
  readonly threshold?: number;
  readonly autoExpand?: boolean;
  readonly lock?: true;
}

async function create(context: Context, options: CreateOptions): Promise<void> {
  const client = await context.client();
  const type = options.type ?? (await typeOf(client, options.resource?.[0]));
  const policy = options.policy === undefined ? undefined : await policyId(client, options.policy);
  const answer = await client.send("POST", "/vaults", {
    vault: {
      name: options.name,
      ...(policy === undefined ? {} : { backup_policy_id: policy }),
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.autoExpand === true ? { auto_expand: true } : {}),
      billing: {
        object_type: type,
        protect_type: "backup",
        consistent_level: "crash_consistent",
        size: options.size,
      },
      resources: toResources(type, options.resource ?? []),
    },
  });
  const vault = rowOf(answer, "vault");
  context.print(vault, shownVault(vault));
}

/** What a vault for this resource protects; disks when there is none to ask about. */
async function typeOf(client: Client, resource: string | undefined): Promise<string> {
  if (resource === undefined) return "disk";
  try {
    await client.get(`/protectables/server/instances/${encodeURIComponent(resource)}`);
    return "server";
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return "disk";
    throw error;
  }
}

async function update(context: Context, options: UpdateOptions, given: string): Promise<void> {
  const changes = {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.size === undefined ? {} : { billing: { size: options.size } }),
    ...(options.threshold === undefined ? {} : { threshold: options.threshold }),
    ...(options.autoExpand === undefined ? {} : { auto_expand: options.autoExpand }),
    ...(options.lock === true ? { locked: true } : {}),
  };
  if (Object.keys(changes).length === 0) throw new UsageError("nothing to change: give at least one option");
  const client = await context.client();
  const id = await vaultId(client, given);
  const vault = rowOf(await client.send("PUT", `/vaults/${id}`, { vault: changes }), "vault");
  context.print(vault, shownVault(vault));
}

async function remove(context: Context, options: { readonly wait: boolean }, given: string): Promise<void> {
  const client = await context.client();
  const id = await vaultId(client, given);
  await client.send("DELETE", `/vaults/${id}`);
  if (options.wait)
    await waitUntilGone(
      { label: "deleting", lookLater: "holdfast task list --type vault_delete" },
      () => getVault(client, id),
      (vault) => {
        const { status } = memberOf(vault, "billing");
        return status === "deleting" ? undefined : `vault ${id} was not deleted; it is ${cell(status)} again`;
      },
    );
  context.print({ id, deleted: options.wait }, options.wait ? `deleted vault ${id}` : `vault ${id} is being deleted`);
}

/** Adds `vault create|list|show|update|delete` and the commands on a vault's resources and tags. */
export function addVaultCommands(program: Command): void {
  const group = program.command("vault").description("manage vaults: what is protected, and where its backups live");
  const size = integer(SMALLEST_GB, LARGEST_GB);

  group
    .command("create")
    .description("create a vault")
    .requiredOption("--name <name>", "name; need not be unique")
    .addOption(
      new Option("--type <type>", "what it protects; as the first resource says, else disk").choices(vaultTypes),
    )
    .option("--size <gb>", `capacity in GB, from ${SMALLEST_GB}`, size, DEFAULT_GB)
    .option("--description <text>", "description")
    .option("--resource <id>", "protect this disk or server (repeatable)", collect)
    .option("--policy <policy>", "back up by this policy (id or name)")
    .option("--auto-expand", "grow the capacity when it is used up")
    .addHelpText("after", example("holdfast vault create --name nightly --size 200 --resource DISK-ID"))
    .addHelpText("after", `\n${SIZING}`)
    .action(action(create));

  group
    .command("list")
    .description("list vaults")
    .option("--name <name>", "only vaults with this in their name")
    .addHelpText("after", example("holdfast vault list"))
    .action(
      action<{ name?: string }, []>(async (context, options) => {
        const client = await context.client();
        const vaults = await client.list("/vaults", "vaults", { name: options.name });
        context.print(vaults, formatTable(vaultHeadings, vaults.map(listedVault)));
      }),
    );

  group
    .command("show")
    .description("show a vault and what it protects")
    .argument("<vault>", "id or name")
    .addHelpText("after", example("holdfast vault show nightly"))
    .action(
      action<object, [string]>(async (context, _options, given) => {
        const client = await context.client();
        const vault = await getVault(client, await vaultId(client, given));
        context.print(vault, shownVault(vault));
      }),
    );

  group
    .command("update")
    .description("change a vault")
    .argument("<vault>", "id or name")
    .option("--name <name>", "new name")
    .option("--size <gb>", "new capacity in GB", size)
    .option("--threshold <percent>", "warn when this much is used", integer(1, 100))
    .option("--auto-expand", "grow the capacity when it is used up")
    .option("--no-auto-expand", "do not grow it")
    .option("--lock", "lock the vault; this cannot be undone")
    .addHelpText("after", example("holdfast vault update nightly --size 500"))
    .action(action(update));

  group
    .command("delete")
    .description("delete a vault and all its backups; waits until they are gone")
    .argument("<vault>", "id or name")
    .option("--no-wait", "do not wait")
    .addHelpText("after", example("holdfast vault delete nightly"))
    .action(action(remove));
  addVaultAdviceCommand(group);
  addVaultResourceCommands(group);
  addVaultMoveCommands(group);
  addVaultTagCommands(group);
}
