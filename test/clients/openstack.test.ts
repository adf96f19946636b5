/** Does `openstack cbr`, unmodified, live a whole life of a vault against `holdfast serve`, by ids and by names? */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Python, type PythonRun, run } from "../support/python.ts";
import { clientEnvironment, clientsPython, firstContent, INSTALL_MS, LIFE_MS, type Served, serve } from "./served.ts";

const COMMANDS = fileURLToPath(new URL("openstack_commands.py", import.meta.url));

let tool: Python;
let served: Served | undefined;
let client: ChildProcess | undefined;
let answers: AsyncIterator<string> | undefined;

beforeAll(async () => {
  tool = await clientsPython();
  if (!("python" in tool)) return;
  served = await serve();
  client = spawn(tool.python, [COMMANDS], { env: environment(served), stdio: ["pipe", "pipe", "inherit"] });
  if (client.stdout !== null) answers = createInterface(client.stdout)[Symbol.asyncIterator]();
}, INSTALL_MS);
afterAll(async () => {
  client?.stdin?.end();
  if (client !== undefined && client.exitCode === null) await once(client, "exit");
  await served?.close();
});
beforeEach(({ skip }) => skip("problem" in tool, "problem" in tool ? tool.problem : undefined));

const environment = ({ credentials, home }: Served): NodeJS.ProcessEnv => ({
  ...process.env,
  ...clientEnvironment(home),
  OS_AUTH_URL: `${credentials.url}/v3`,
  OS_USERNAME: credentials.user_name,
  OS_PASSWORD: credentials.password,
  OS_USER_DOMAIN_NAME: credentials.domain_name,
  OS_PROJECT_NAME: credentials.project_name,
  OS_IDENTITY_API_VERSION: "3",
});

/** One command of the client that is kept: openstack_commands.py says why. */
async function openstack(...args: readonly string[]): Promise<PythonRun> {
  client?.stdin?.write(`${JSON.stringify(["cbr", ...args])}\n`);
  const { value, done: over } = (await answers?.next()) ?? { value: "", done: true };
  if (over === true) throw new Error("the client's process has ended");
  return JSON.parse(value) as PythonRun;
}
/** One command as a user types it, in a process of its own. */
async function typed(...args: readonly string[]): Promise<PythonRun> {
  if (served === undefined || !("python" in tool)) throw new Error("no service");
  return run(tool.python, ["-m", "openstackclient.shell", "cbr", ...args], environment(served));
}
/** What it prints with `-f json`: names of columns are the client's. */
async function told<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await openstack(...args, "-f", "json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}
async function done(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await openstack(...args);
  expect(code, stderr).toBe(0);
}
type Rows = readonly Record<string, unknown>[];

/** Asks for the tasks until one of this kind ended. @returns its id */
async function ended(operation: string): Promise<string> {
  for (;;) {
    const tasks = await told<Rows>("task", "list");
    const task = tasks.find((one) => one.operation_type === operation && one.ended_at);
    if (task !== undefined) return String(task.id);
    await sleep(500);
  }
}

test("openstack cbr: from the first vault to the last 404", { timeout: LIFE_MS }, async () => {
  const { disk } = served ?? {};
  if (disk === undefined) throw new Error("no service");
  const kind = ["--consistent-level", "crash_consistent", "--object-type", "disk", "--size", "10"];
  const vault = await told("vault", "create", "osc-vault", ...kind, "--description", "by hand", "--tag", "stage=test");
  expect(vault).toMatchObject({ name: "osc-vault", status: "available", size: 10, charging_mode: "post_paid" });
  const id = String(vault.ID ?? vault.id);

  const policy = await told(
    ...["policy", "create", "osc-policy", "--pattern", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=14;BYMINUTE=00"],
    ...["--max-backups", "7", "--week-backups", "3", "--timezone", "UTC+01:00"],
  );
  expect(policy).toMatchObject({ name: "osc-policy", enabled: true });
  expect((await told<Rows>("policy", "list")).map((row) => row.name)).toEqual(["osc-policy"]);
  await told("vault", "bind", "osc-vault", String(policy.ID ?? policy.id));
  // A full page, so the client asks for the next one with a marker, and must find it empty.
  expect(await told<Rows>("vault", "list", "--limit", "1", "--policy-id", String(policy.ID ?? policy.id))).toHaveLength(
    1,
  );

  expect((await typed("vault", "list", "-f", "value", "-c", "name")).stdout.trim()).toBe("osc-vault");
  await told("vault", "associate", "osc-vault", "--resource", `id=${disk.id},type=OS::Cinder::Volume`);
  expect(JSON.stringify(await told("vault", "show", id))).toContain(disk.id);

  const point = await told("checkpoint", "create", "--vault-id", id, "--backup-name", "osc-backup");
  expect(point).toMatchObject({ vault_id: id, vault_name: "osc-vault", backup_name: "osc-backup" });
  const task = await ended("backup");
  expect(await told("task", "show", task)).toMatchObject({ id: task, vault_id: id, operation_type: "backup" });
  expect(await told("checkpoint", "show", String(point.id))).toMatchObject({ id: point.id, status: "available" });

  const backups = await told<Rows>("backup", "list", "--limit", "1", "--vault-id", id);
  expect(backups.map((row) => row.name)).toEqual(["osc-backup"]);
  expect(await told("backup", "show", "osc-backup")).toMatchObject({ status: "available", resource_id: disk.id });
  writeFileSync(disk.path, Buffer.alloc(firstContent().length));
  await done("backup", "restore", "osc-backup", "--volume-id", disk.id);
  await ended("restore");
  expect(readFileSync(disk.path).equals(firstContent())).toBe(true);

  await done("backup", "delete", String(backups[0]?.id));
  await ended("delete");
  await done("vault", "dissociate", id, "--resource", disk.id);
  await done("vault", "unbind", id, String(policy.ID ?? policy.id));
  await done("vault", "delete", "osc-vault");
  const gone = await typed("vault", "show", "osc-vault");
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringMatching(/No Vault found for osc-vault/)]);
});
