/** `holdfast admin bootstrap|preflight`: what an operator does with a deployment on AWS, with their own AWS credentials. */
import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import type { Command } from "commander";
import { path } from "../arguments.ts";
import { action, type Context, example } from "../context.ts";
import { CommandFailed, PreflightFailed } from "../failure.ts";
import { formatTable } from "../text.ts";
import { addAccountCommands } from "./accounts.ts";
import { type AccessOptions, accessOf, told, withAccess } from "./admin-access.ts";
import { addAdminVaultCommands } from "./admin-vault.ts";

interface BootstrapOptions extends AccessOptions {
  readonly stack: string;
  readonly out?: string;
}
interface PreflightOptions extends AccessOptions {
  readonly stack?: string;
}

async function bootstrap(context: Context, options: BootstrapOptions): Promise<void> {
  // The AWS SDK is loaded by these commands only: all others start faster without it.
  const { bootstrapDeployment } = await import("../../functions/aws/operate.ts");
  const file = options.out ?? `holdfast-credentials-${options.stack}.json`;
  let kept: KeptFile | undefined;
  try {
    const ready = (): void => {
      // Before anything is made: a disk that takes no file must not cost the only copy of a secret.
      kept = createKept(file);
    };
    const answer = await told(bootstrapDeployment(accessOf(options), options.stack, ready));
    if (!answer.created) return existing(context, answer.url, answer.account);
    const { url, credentials } = answer;
    const shown = { url, ...credentials };
    kept?.write(`${JSON.stringify(shown, null, 2)}\n`);
    await printed(context, shown, file);
    if (options.out === undefined) kept?.remove();
    context.note(
      "These credentials are shown once. The service never tells the password and the secret key again." +
        (options.out === undefined ? "" : ` They are in ${file}, too.`),
    );
  } finally {
    kept?.close();
  }
}

function existing(context: Context, url: string, account: Readonly<Record<string, string>>): never {
  if (context.json) context.print({ created: false, url, ...account }, "");
  throw new CommandFailed(
    `the account of ${url} exists already: domain ${account.domain_name} (${account.domain_id}), project ` +
      `${account.project_name} (${account.project_id}), user ${account.user_name}, access key ${account.access_key}. ` +
      "Its secrets were shown when it was made and are not told again",
  );
}

/** Prints, and waits until it is out. What cannot be printed stays in the file. */
async function printed(context: Context, shown: Readonly<Record<string, string>>, file: string): Promise<void> {
  // Runs before the program ends itself because its reader has gone.
  process.stdout.prependOnceListener("error", () => context.note(`not printed: the credentials are in ${file}`));
  const lines = Object.entries(shown).map(([name, value]) => `export HOLDFAST_${name.toUpperCase()}=${quoted(value)}`);
  context.print(shown, lines.join("\n"));
  await new Promise<void>((resolve, reject) => {
    process.stdout.write("", (error) =>
      error ? reject(new CommandFailed(`not printed: ${error.message}`)) : resolve(),
    );
  });
}

/** For POSIX shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

interface KeptFile {
  write(text: string): void;
  remove(): void;
  /** Removes the file when nothing was written to it. */
  close(): void;
}

/** A new file that only its owner can read. */
function createKept(file: string): KeptFile {
  let fd: number;
  try {
    fd = openSync(file, "wx", 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new CommandFailed(`${file} exists already: move it away, or name another with --out FILE`);
    throw new CommandFailed(`${file} cannot be written: ${message}; name another file with --out FILE`);
  }
  let stands: "empty" | "written" | "gone" = "empty";
  const remove = (): void => {
    if (stands !== "gone") unlinkSync(file);
    stands = "gone";
  };
  return {
    write(text) {
      writeSync(fd, text);
      fsyncSync(fd);
      stands = "written";
    },
    remove,
    close() {
      closeSync(fd);
      if (stands === "empty") remove();
    },
  };
}

async function preflight(context: Context, options: PreflightOptions): Promise<void> {
  const { preflightDeployment } = await import("../../functions/aws/operate.ts");
  const report = await told(preflightDeployment(accessOf(options), options.stack));
  const { region, findings, problems } = report;
  for (const problem of problems) context.note(`not asked: ${problem}`);
  const rows = findings.map(({ verdict, service, quota, have, source, need, why }) => {
    const shown = source === "default" ? `${have} (default)` : String(have);
    return [VERDICTS[verdict], `${service}: ${quota}`, shown, String(need), why];
  });
  context.print(report, formatTable(["VERDICT", "QUOTA", "HAVE", "NEED", "WHY"], rows));
  const low = findings.filter(({ verdict }) => verdict === "must");
  for (const { service, code, need } of low)
    context.note(
      `aws service-quotas request-service-quota-increase --region ${region} --service-code ${service} ` +
        `--quota-code ${code} --desired-value ${Math.max(1000, need)}`,
    );
  if (low.length > 0)
    throw new PreflightFailed(
      `${low.map(({ quota }) => quota).join(", ")} must be raised first, or deploy with "-c reservedConcurrency=false"`,
    );
}

const VERDICTS = { ok: "ok", slow: "slower", must: "raise" } as const;

/** Adds `admin …`: bootstrap, preflight, the commands on accounts, and those on vaults. */
export function addAdminCommands(program: Command): void {
  const group = program
    .command("admin")
    .description("accounts, keys and roles; freezing vaults; first steps of a deployment on AWS");

  withAccess(
    group
      .command("bootstrap")
      .description("make the first domain, project, user and access key; their secrets are shown once")
      .option("--stack <name>", "name of the deployment", "holdfast")
      .option("--out <file>", "keep them in this new file as well (JSON, readable by you only)", path),
  )
    .addHelpText(
      "after",
      "\nThe credentials are written to a file before they are printed, so that they cannot be lost on the way: to the one\n" +
        "that --out names, else to ./holdfast-credentials-NAME.json, which is removed once they are printed.\n" +
        example(
          'eval "$(holdfast admin bootstrap --stack holdfast)"',
          "holdfast admin bootstrap --out credentials.json",
        ),
    )
    .action(action(bootstrap));

  withAccess(
    group
      .command("preflight")
      .description("say which quotas of the account must be raised before deploying, and why; exit code 3 if any")
      .option("--stack <name>", "a deployment that may stand already: its own share is counted as there"),
  )
    .addHelpText("after", example("holdfast admin preflight --region eu-central-1"))
    .action(action(preflight));

  addAccountCommands(group);
  addAdminVaultCommands(group);
}
