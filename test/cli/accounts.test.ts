/** Do the commands on accounts work with a running service, on the folder of a stopped one, and with a deployment on AWS? */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Service, startService } from "../../local/service.ts";
import { type RunningAws, startFakeAws } from "./support/fake-aws.ts";
import { runCli } from "./support/run-cli.ts";

let folder: string;
let service: Service | undefined;
let aws: RunningAws | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-accounts-"));
});
afterEach(async () => {
  await stop();
  await aws?.close();
  aws = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const dataDir = () => join(folder, "data");
async function start(profile?: "otc"): Promise<Service> {
  const options = { dataDir: dataDir(), port: 0, host: "127.0.0.1", log: () => undefined };
  service = await startService({ ...options, ...(profile !== undefined && { profile }) });
  return service;
}
async function stop(): Promise<void> {
  await service?.stop(2_000);
  service = undefined;
}

const admin = (args: readonly string[], options: { readonly input?: string } = {}) =>
  runCli(["--data", dataDir(), "admin", ...args], options);
/** A command that must succeed; its JSON. */
async function made(
  args: readonly string[],
  options: { readonly input?: string } = {},
): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await admin([...args, "--json"], options);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, string>;
}
/** What the service answers to a command of another user. */
const asUser = (url: string, key: Record<string, string>, ...args: string[]) =>
  runCli(args, {
    env: { HOLDFAST_URL: url, HOLDFAST_ACCESS_KEY: key.access_key ?? "", HOLDFAST_SECRET_KEY: key.secret_key ?? "" },
    cwd: folder,
  });
const credentials = (): Record<string, string> =>
  JSON.parse(readFileSync(join(dataDir(), "credentials.json"), "utf8")) as Record<string, string>;

/** A domain with a project, and a user with a role in it and a key. */
async function team(): Promise<{ project: Record<string, string>; key: Record<string, string> }> {
  await made(["domain", "create", "--name", "acme"]);
  const project = await made(["project", "create", "--name", "local-1", "--domain", "acme"]);
  await made(["user", "create", "--name", "ann", "--domain", "acme", "--password-stdin"], { input: "correct horse\n" });
  const role = ["--project", "local-1", "--role", "cbr readonlyaccess"];
  await made(["role", "grant", "--user", "ann", "--domain", "acme", ...role]);
  return { project, key: await made(["key", "create", "--user", "ann", "--domain", "acme"]) };
}

describe("on one machine", () => {
  test("a running service changes accounts at once, for its first user only: a key works until it is revoked", async () => {
    const { url } = await start();
    const { project, key } = await team();
    expect(project.id).toMatch(/^[0-9a-f]{32}$/);
    expect(await asUser(url, key, "vault", "list")).toMatchObject({ code: 0, stderr: "" });
    const refused = await asUser(url, key, "vault", "create", "--name", "v");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("ann may not do cbr:vaults:create") });
    const orders = await asUser(url, key, "admin", "user", "list");
    expect(orders).toMatchObject({ code: 1, stderr: expect.stringContaining("only the first user") });
    await made(["key", "revoke", key.access_key ?? ""]);
    expect((await asUser(url, key, "vault", "list")).stderr).toContain("HTTP 401");
  });

  test("the folder of a stopped service is changed itself, and the next start knows it", async () => {
    await start();
    await stop();
    const { key } = await team();
    const { url } = await start();
    expect(await asUser(url, key, "vault", "list")).toMatchObject({ code: 0, stderr: "" });
  });

  test("the first user's key and password are changed under a running service without locking the command out", async () => {
    const { url } = await start();
    const first = credentials();
    const next = await made(["key", "create", "--user", "admin"]);
    await made(["key", "revoke", first.access_key ?? ""]);
    await made(["user", "password", "--user", "admin"], { input: "battery staple" });
    const { access_key, secret_key } = next;
    expect(credentials()).toEqual({ ...first, url, access_key, secret_key, password: "battery staple" });
    expect((await admin(["user", "list"])).code).toBe(0);
  });

  test("lists are tables, one thing is lines, and a secret is said to be shown once", async () => {
    await start();
    const { stdout, stderr } = await admin(["key", "create", "--user", "admin"]);
    expect(stdout).toMatch(/^access_key +HF\w{18}\nsecret_key +\w{40}\n/);
    expect(stderr).toContain("shown once");
    expect((await admin(["user", "list"])).stdout).toMatch(
      /^ID +NAME +DOMAIN +ACCESS +PASSWORD\n\w{32} +admin +holdfast +everything/,
    );
  });

  test.each([
    [["domain", "create", "--name", "a b"], 2, "name: must be letters"],
    [["role", "grant", "--user", "a", "--project", "p", "--role", "boss"], 2, "It must be one of: CBR FullAccess"],
    [["user", "password", "--user", "admin"], 2, "password: must have 8 to 1024 characters"],
    [["key", "revoke", "HFNOBODY"], 1, "there is no access key HFNOBODY"],
    [["user", "delete", "--user", "admin"], 1, "the first user, who cannot be deleted"],
  ])("%j is refused with exit code %i", async (args, code, text) => {
    await start();
    await stop();
    const ended = await admin(args);
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: expect.stringContaining(text) });
  });

  test("resources are frozen and released, by their ids, with a service and without", async () => {
    await start();
    expect(await made(["resource", "freeze", "disk-1"])).toEqual({ resource: "disk-1", frozen: true });
    await stop();
    expect((await admin(["resource", "frozen"])).stdout).toMatch(
      /^RESOURCE +FROZEN SINCE\ndisk-1 +\d{4}-[-0-9: ]+ UTC\n/,
    );
    expect(await made(["resource", "unfreeze", "disk-1"])).toEqual({ resource: "disk-1", frozen: false });
    expect(await made(["resource", "frozen"])).toEqual([]);
  });

  test("a folder that is not there is not made by looking into it", async () => {
    const { code, stderr } = await admin(["user", "list"]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("with --stack", () => {
  const stacks = {
    HoldfastCompute: { AdminFunction: "holdfast-admin" },
    HoldfastApi: { ApiUrl: "https://abc.execute-api.eu-west-1.amazonaws.com/" },
  };
  const onAws = async (answer: unknown, ...args: string[]) => {
    aws = await startFakeAws({ stacks, answers: [answer] });
    return runCli(["admin", ...args, "--stack", "holdfast"], { env: aws.env, cwd: folder });
  };

  test("the admin function gets the order, and its answer is printed", async () => {
    const answer = { result: { id: "1".repeat(32), name: "acme" } };
    const { code, stdout } = await onAws(answer, "domain", "create", "--name", "acme", "--json");
    expect({ code, printed: JSON.parse(stdout) }).toEqual({ code: 0, printed: answer.result });
    expect(aws?.calls).toEqual([{ name: "holdfast-admin", payload: { action: "domain-create", name: "acme" } }]);
  });

  test("what it refuses is told in one line", async () => {
    const { code, stderr } = await onAws({ refused: "there is no user bob" }, "key", "create", "--user", "bob");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "holdfast: there is no user bob\n" });
  });

  test("a function of another version is told from a good one", async () => {
    const { code, stderr } = await onAws({ created: false }, "domain", "list");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("of another version") });
  });
});

test("serve --profile otc refuses what that cloud has not", async () => {
  await start("otc");
  const { code, stderr } = await runCli(["--data", dataDir(), "vault", "create", "--name", "备份"]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("vault.name: must be Latin letters") });
});
