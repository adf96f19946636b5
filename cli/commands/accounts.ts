/** `holdfast admin domain|project|user|key|role|resource …`: who may use the service, and for what; what is frozen. */
import { text } from "node:stream/consumers";
import { type Command, InvalidArgumentError } from "commander";
import { AdminOrder } from "../../core/app/identity/admin/orders.ts";
import { ROLE_NAMES, type RoleName } from "../../core/domain/roles.ts";
import { order, type Target } from "../administration.ts";
import type { Row } from "../client.ts";
import { action, type Context, example } from "../context.ts";
import { UsageError } from "../failure.ts";
import { cell, formatFields, formatTable, formatTime } from "../text.ts";

interface Options extends Target {
  readonly name?: string;
  readonly domain?: string;
  readonly user?: string;
  readonly project?: string;
  readonly role?: RoleName;
  readonly passwordStdin?: true;
}

/** Members that are points in time. */
const TIMES: readonly string[] = ["created_at", "since"];

/** Columns of a list: member of a row and its heading. */
type Columns = readonly (readonly [member: string, heading: string])[];

const PLACES: Columns = [
  ["id", "ID"],
  ["name", "NAME"],
  ["domain_name", "DOMAIN"],
];
const USERS: Columns = [...PLACES, ["access", "ACCESS"], ["password", "PASSWORD"]];
const KEYS: Columns = [
  ["access_key", "ACCESS KEY"],
  ["user_name", "USER"],
  ["created_at", "CREATED"],
];
const RECOVERY: Columns = [["recovery_code", "RECOVERY CODE"]];
const FROZEN: Columns = [
  ["resource", "RESOURCE"],
  ["since", "FROZEN SINCE"],
];
const GRANTS: Columns = [
  ["user_name", "USER"],
  ["project_name", "PROJECT"],
  ["roles", "ROLES"],
];

/** Carries it out and prints what came of it: a table for a list, `name  value` lines for one thing. */
async function run(context: Context, options: Options, what: object, columns: Columns): Promise<void> {
  const parsed = AdminOrder.safeParse(what);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`${issue?.path.join(".") ?? "the order"}: ${issue?.message ?? "is not acceptable"}`);
  }
  const result = await order(context, options, parsed.data);
  const shown = (row: Row, member: string): string => {
    const value = row[member];
    if (TIMES.includes(member)) return formatTime(value);
    return cell(Array.isArray(value) ? value.join(", ") : value);
  };
  if (Array.isArray(result)) {
    const rows = result.map((row) => columns.map(([member]) => shown(row, member)));
    context.print(
      result,
      formatTable(
        columns.map(([, heading]) => heading),
        rows,
      ),
    );
    return;
  }
  context.print(result, formatFields(Object.keys(result).map((member) => [member, shown(result, member)])));
  if (result.secret_key !== undefined) context.note("The secret key is shown once: the service never tells it again.");
  if (result.recovery_code !== undefined)
    context.note(
      "The recovery code is shown once, and kept nowhere: write it down. Earlier codes stay good. It opens this project's backups in copies made from now on: " +
        `holdfast store list --store DATA --domain ${cell(result.repository)} --recovery-code CODE`,
    );
}

/** Everything on standard input but the line's end. A password on the command line would be seen by every user. */
async function passwordFromInput(context: Context, asked: boolean): Promise<{ readonly password?: string }> {
  if (!asked) return {};
  if (process.stdin.isTTY) context.note("Type the password, which is shown as you type, then Enter and Ctrl-D.");
  const password = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (/[\r\n]/.test(password)) throw new UsageError("the password must be one line");
  return { password };
}

const userOf = ({ user, domain }: Options): object => ({ user, domain });

function role(given: string): RoleName {
  const known = ROLE_NAMES.find((name) => name.toLowerCase() === given.toLowerCase());
  if (known === undefined) throw new InvalidArgumentError(`It must be one of: ${ROLE_NAMES.join(", ")}.`);
  return known;
}

/** Adds `admin domain|project|user|key|role|resource …` to the group. */
export function addAccountCommands(group: Command): void {
  const topic = (name: string, description: string) => {
    const parent = group.command(name).description(description);
    return (verb: string, about: string, sample: string): Command =>
      parent
        .command(verb)
        .description(about)
        .option(
          "--stack <name>",
          "a deployment on AWS, with your own AWS credentials; without it, the service of --data",
        )
        .option("--region <region>", "with --stack: AWS region (default: AWS_REGION, or the profile's)")
        .option("--profile <name>", "with --stack: profile of the AWS configuration files (default: AWS_PROFILE)")
        .addHelpText("after", example(`holdfast admin ${name} ${verb} ${sample}`.trimEnd()));
  };
  const inDomain = (command: Command): Command =>
    command.option("--domain <domain>", "id or name of the domain (default: the first one)");
  const ofUser = (command: Command): Command =>
    inDomain(command.requiredOption("--user <user>", "id or name of the user"));

  const domain = topic("domain", "domains: accounts that see nothing of one another");
  domain("create", "make a domain", "--name acme")
    .requiredOption("--name <name>", "its name")
    .action(action((c, o: Options) => run(c, o, { action: "domain-create", name: o.name }, PLACES)));
  domain("list", "list the domains", "").action(
    action((c, o: Options) => run(c, o, { action: "domain-list" }, PLACES.slice(0, 2))),
  );

  const project = topic("project", "projects: what vaults and backups belong to");
  inDomain(
    project(
      "create",
      "make a project; clients find by themselves the one that is named like the region",
      "--name team-b",
    ),
  )
    .requiredOption("--name <name>", "its name")
    .action(action((c, o: Options) => run(c, o, { action: "project-create", name: o.name, domain: o.domain }, PLACES)));
  project("list", "list projects", "--domain acme")
    .option("--domain <domain>", "of this domain only")
    .action(action((c, o: Options) => run(c, o, { action: "project-list", domain: o.domain }, PLACES)));

  const user = topic("user", "users, and their passwords");
  inDomain(
    user("create", "make a user, who has no right until a role is granted", "--name ann --password-stdin < file"),
  )
    .requiredOption("--name <name>", "the user's name")
    .option("--password-stdin", "read a password from standard input; without it only access keys work")
    .action(
      action(async (c, o: Options) => {
        const password = await passwordFromInput(c, o.passwordStdin === true);
        return run(c, o, { action: "user-create", name: o.name, domain: o.domain, ...password }, USERS);
      }),
    );
  user("list", "list users", "--domain acme")
    .option("--domain <domain>", "of this domain only")
    .action(action((c, o: Options) => run(c, o, { action: "user-list", domain: o.domain }, USERS)));
  ofUser(user("password", "set another password; tokens got with the old one end at once", "--user ann < file")).action(
    action(async (c, o: Options) => {
      const password = await passwordFromInput(c, true);
      return run(c, o, { action: "user-password", ...userOf(o), ...password }, USERS);
    }),
  );
  ofUser(user("delete", "delete a user with all keys; tokens end at once", "--user ann")).action(
    action((c, o: Options) => run(c, o, { action: "user-delete", ...userOf(o) }, USERS)),
  );

  const key = topic("key", "access keys");
  ofUser(key("create", "make an access key; its secret is shown once", "--user ann --json")).action(
    action((c, o: Options) => run(c, o, { action: "key-create", ...userOf(o) }, KEYS)),
  );
  ofUser(key("list", "list a user's keys", "--user ann")).action(
    action((c, o: Options) => run(c, o, { action: "key-list", ...userOf(o) }, KEYS)),
  );
  key("revoke", "revoke a key: the next request signed with it is refused", "HFABCDEFGHIJKLMNOPQR")
    .argument("<access-key>", "the key")
    .action(
      action((c, o: Options, accessKey: string) => run(c, o, { action: "key-revoke", access_key: accessKey }, KEYS)),
    );

  const recovery = topic("recovery", "recovery codes: a project's backups without the service and its key");
  inDomain(
    recovery("create", "make a recovery code, which is shown once; earlier codes stay good", "--project local-1"),
  )
    .option("--project <project>", "id or name of the project (default: the domain's only one)")
    .action(
      action((c, o: Options) =>
        run(c, o, { action: "recovery-create", project: o.project, domain: o.domain }, RECOVERY),
      ),
    );

  const roles = topic("role", "roles of users in projects");
  const grant = (command: Command): Command =>
    ofUser(command)
      .requiredOption("--project <project>", "id or name of a project of the user's domain")
      .requiredOption("--role <role>", ROLE_NAMES.join(", "), role);
  const granted = (verb: "grant" | "revoke") =>
    action((c, o: Options) =>
      run(c, o, { action: `role-${verb}`, ...userOf(o), project: o.project, role: o.role }, GRANTS),
    );
  const sample = '--user ann --project team-b --role "CBR FullAccess"';
  grant(roles("grant", "let a user do what a role allows", sample)).action(granted("grant"));
  grant(roles("revoke", "take a role away", sample)).action(granted("revoke"));
  ofUser(roles("list", "list a user's roles", "--user ann")).action(
    action((c, o: Options) => run(c, o, { action: "role-list", ...userOf(o) }, GRANTS)),
  );

  const resource = topic("resource", "servers and disks that no run backs up until they go on; their backups stay");
  const frozen = (verb: "freeze" | "unfreeze") =>
    action((c, o: Options, id: string) => run(c, o, { action: `resource-${verb}`, resource: id }, FROZEN));
  resource("freeze", "leave a server or disk out of all backups", "ID")
    .argument("<resource>", "its id")
    .action(frozen("freeze"));
  resource("unfreeze", "let it be backed up again", "ID").argument("<resource>", "its id").action(frozen("unfreeze"));
  resource("frozen", "list what is frozen", "").action(
    action((c, o: Options) => run(c, o, { action: "resource-frozen" }, FROZEN)),
  );
}
