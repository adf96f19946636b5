/** `holdfast policy …`: when vaults are backed up by themselves, and what is kept. */
import { type Command, Option } from "commander";
import { type Row, rowOf, rowsOf } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { UsageError } from "../failure.ts";
import { policyId, vaultId } from "../names.ts";
import { memberOf } from "../tasks.ts";
import { cell, formatFields, formatTable } from "../text.ts";
import { addPolicyOptions, definitionOf, type PolicyOptions, patternsOf, saysDefinition } from "./policy-options.ts";

interface CreateOptions extends PolicyOptions {
  readonly name: string;
  readonly disabled?: true;
  readonly replicateTo?: string;
  readonly destinationProject?: string;
}
interface UpdateOptions extends PolicyOptions {
  readonly name?: string;
  readonly enable?: true;
  readonly disable?: true;
}

const patterns = (policy: Row): string[] => {
  const { pattern } = memberOf(memberOf(policy, "trigger"), "properties");
  return Array.isArray(pattern) ? pattern.map(String) : [];
};

function kept(policy: Row): string {
  const rule = memberOf(policy, "operation_definition");
  const words: readonly (readonly [string, string])[] = [
    ["max_backups", "newest"],
    ["retention_duration_days", "days"],
    ["day_backups", "daily"],
    ["week_backups", "weekly"],
    ["month_backups", "monthly"],
    ["year_backups", "yearly"],
  ];
  const set = words.filter(([member]) => typeof rule[member] === "number" && Number(rule[member]) > 0);
  return set.length === 0 ? "everything" : set.map(([member, word]) => `${cell(rule[member])} ${word}`).join(", ");
}

function shown(policy: Row): string {
  const vaults = rowsOf(policy, "associated_vaults");
  return [
    formatFields([
      ["id", cell(policy.id)],
      ["name", cell(policy.name)],
      ["type", cell(policy.operation_type)],
      ["enabled", cell(policy.enabled)],
      ...patterns(policy).map((pattern) => ["at (UTC)", cell(pattern)] as const),
      ["keeps", kept(policy)],
      ["zone", cell(memberOf(policy, "operation_definition").timezone)],
    ]),
    "",
    vaults.length === 0
      ? "applied to no vault"
      : formatTable(
          ["VAULT", "DESTINATION"],
          vaults.map((vault) => [cell(vault.vault_id), cell(vault.destination_vault_id)]),
        ),
  ].join("\n");
}

async function create(context: Context, options: CreateOptions): Promise<void> {
  const pattern = patternsOf(options) ?? missingTime();
  const client = await context.client();
  const { replicateTo, destinationProject } = options;
  const destination = {
    ...(replicateTo !== undefined && { destination_region: replicateTo }),
    ...(destinationProject !== undefined && { destination_project_id: destinationProject }),
  };
  const answer = await client.send("POST", "/policies", {
    policy: {
      name: options.name,
      operation_type: replicateTo === undefined ? "backup" : "replication",
      enabled: options.disabled !== true,
      operation_definition: definitionOf(options, destination),
      trigger: { properties: { pattern } },
    },
  });
  const policy = rowOf(answer, "policy");
  context.print(policy, shown(policy));
}

const missingTime = (): never => {
  throw new UsageError("give at least one time with --at");
};

async function update(context: Context, options: UpdateOptions, given: string): Promise<void> {
  if (options.enable === true && options.disable === true) throw new UsageError("give --enable or --disable, not both");
  const pattern = patternsOf(options);
  const client = await context.client();
  const id = await policyId(client, given);
  const change: Row = {
    ...(options.name !== undefined && { name: options.name }),
    ...(options.enable === true && { enabled: true }),
    ...(options.disable === true && { enabled: false }),
    ...(pattern !== undefined && { trigger: { properties: { pattern } } }),
    ...(saysDefinition(options) && {
      // The API replaces the whole definition: what is not mentioned is sent again.
      operation_definition: definitionOf(
        options,
        memberOf(rowOf(await client.get(`/policies/${id}`), "policy"), "operation_definition"),
      ),
    }),
  };
  if (Object.keys(change).length === 0) throw new UsageError("nothing to change: give at least one option");
  const policy = rowOf(await client.send("PUT", `/policies/${id}`, { policy: change }), "policy");
  context.print(policy, shown(policy));
}

async function bind(context: Context, { to }: { to?: string }, policy: string, vault: string): Promise<void> {
  const client = await context.client();
  const ids = { policy_id: await policyId(client, policy), vault_id: await vaultId(client, vault) };
  const answer = await client.send("POST", `/vaults/${ids.vault_id}/associatepolicy`, {
    policy_id: ids.policy_id,
    ...(to !== undefined && { destination_vault_id: to }),
  });
  context.print(rowOf(answer, "associate_policy"), `vault ${ids.vault_id} follows policy ${ids.policy_id}`);
}

async function unbind(context: Context, _options: object, policy: string, vault: string): Promise<void> {
  const client = await context.client();
  const ids = { policy_id: await policyId(client, policy), vault_id: await vaultId(client, vault) };
  const path = `/vaults/${ids.vault_id}/dissociatepolicy`;
  const answer = await client.send("POST", path, { policy_id: ids.policy_id });
  context.print(rowOf(answer, "dissociate_policy"), `vault ${ids.vault_id} no longer follows policy ${ids.policy_id}`);
}

/** Adds `policy create|list|show|update|delete|bind|unbind`. @returns the group, for commands of other files */
export function addPolicyCommands(program: Command): Command {
  const group = program.command("policy").description("manage policies: when vaults are backed up, and what is kept");

  addPolicyOptions(
    group
      .command("create")
      .description("create a policy; bind it to vaults afterwards")
      .requiredOption("--name <name>", "name"),
  )
    .option("--disabled", "do not run yet")
    .option("--replicate-to <region>", "a policy that copies backups to another region")
    .option("--destination-project <id>", "project in that region")
    .addHelpText("after", example("holdfast policy create --name nightly --at 02:00 --keep 7 --weekly 4"))
    .action(action(create));

  group
    .command("list")
    .description("list policies")
    .option("--vault <vault>", "only the policies of this vault (id or name)")
    .addOption(new Option("--type <type>", "only this kind").choices(["backup", "replication"]))
    .addHelpText("after", example("holdfast policy list --vault nightly"))
    .action(
      action<{ vault?: string; type?: string }, []>(async (context, options) => {
        const client = await context.client();
        const policies = await client.list("/policies", "policies", {
          operation_type: options.type,
          vault_id: options.vault === undefined ? undefined : await vaultId(client, options.vault),
        });
        const rows = policies.map((policy) => [
          cell(policy.id),
          cell(policy.name),
          cell(policy.operation_type),
          policy.enabled === true ? "yes" : "no",
          String(rowsOf(policy, "associated_vaults").length),
          kept(policy),
        ]);
        context.print(policies, formatTable(["ID", "NAME", "TYPE", "ENABLED", "VAULTS", "KEEPS"], rows));
      }),
    );

  group
    .command("show")
    .description("show a policy and the vaults that follow it")
    .argument("<policy>", "id or name")
    .addHelpText("after", example("holdfast policy show nightly"))
    .action(
      action<object, [string]>(async (context, _options, given) => {
        const client = await context.client();
        const policy = rowOf(await client.get(`/policies/${await policyId(client, given)}`), "policy");
        context.print(policy, shown(policy));
      }),
    );

  addPolicyOptions(
    group
      .command("update")
      .description(
        "change a policy; what is not given stays, but a rule of what is kept replaces the old one as a whole",
      )
      .argument("<policy>", "id or name"),
  )
    .option("--name <name>", "new name")
    .option("--enable", "run it from its next point on")
    .option("--disable", "do not run it any more")
    .addHelpText("after", example("holdfast policy update nightly --keep 14 --weekly 4"))
    .action(action(update));

  group
    .command("delete")
    .description("delete a policy; its vaults follow it no more, backups stay")
    .argument("<policy>", "id or name")
    .addHelpText("after", example("holdfast policy delete nightly"))
    .action(
      action<object, [string]>(async (context, _options, given) => {
        const client = await context.client();
        const id = await policyId(client, given);
        await client.send("DELETE", `/policies/${id}`);
        context.print({ id, deleted: true }, `deleted policy ${id}`);
      }),
    );

  group
    .command("bind")
    .description("let a vault follow a policy, in place of another one of its type")
    .argument("<policy>", "id or name")
    .argument("<vault>", "id or name")
    .option("--to <vault-id>", "destination vault of a replication policy")
    .addHelpText("after", example("holdfast policy bind nightly web-servers"))
    .action(action(bind));

  group
    .command("unbind")
    .description("let a vault follow a policy no more; its backups stay")
    .argument("<policy>", "id or name")
    .argument("<vault>", "id or name")
    .addHelpText("after", example("holdfast policy unbind nightly web-servers"))
    .action(action(unbind));
  return group;
}
