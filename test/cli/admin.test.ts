/** What do the operator's commands do with a deployment, and what do they say when AWS says no? */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RESERVATIONS } from "../../functions/aws/preflight.ts";
import { type FakeAws, type RunningAws, startFakeAws } from "./support/fake-aws.ts";
import { type Ended, runCli } from "./support/run-cli.ts";

const account = {
  region: "eu-west-1",
  domain_name: "holdfast",
  domain_id: "d1",
  project_name: "eu-west-1",
  project_id: "p1",
  user_name: "admin",
  access_key: "HFKEY",
};
const credentials = { ...account, password: "it's", secret_key: "hush" };
const stacks = {
  HoldfastCompute: { AdminFunction: "holdfast-admin" },
  HoldfastApi: { ApiUrl: "https://abc.execute-api.eu-west-1.amazonaws.com/" },
};
const url = "https://abc.execute-api.eu-west-1.amazonaws.com";

let folder: string;
let aws: RunningAws | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-admin-"));
});
afterEach(async () => {
  await aws?.close();
  aws = undefined;
  rmSync(folder, { recursive: true });
});

/** Runs `holdfast admin …` in an empty folder against a stand-in for AWS. */
async function admin(fake: FakeAws, ...args: readonly string[]): Promise<Ended> {
  aws = await startFakeAws(fake);
  return runCli(["admin", ...args], { env: aws.env, cwd: folder });
}
const made: FakeAws = { stacks, answers: [{ created: true, credentials }] };

describe("bootstrap", () => {
  test("prints the first credentials as a shell takes them, and says that they are shown once", async () => {
    const { code, stdout, stderr } = await admin(made, "bootstrap");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("shown once") });
    expect(stdout.split("\n")).toEqual(
      expect.arrayContaining([
        `export HOLDFAST_URL='${url}'`,
        "export HOLDFAST_PROJECT_ID='p1'",
        "export HOLDFAST_ACCESS_KEY='HFKEY'",
        "export HOLDFAST_SECRET_KEY='hush'",
        "export HOLDFAST_PASSWORD='it'\\''s'",
      ]),
    );
    expect(aws?.calls).toEqual([{ name: "holdfast-admin", payload: { action: "bootstrap" } }]);
  });

  test("prints one JSON value with --json, and leaves no file behind", async () => {
    const { code, stdout } = await admin(made, "bootstrap", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ url, ...credentials });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("keeps them in a file that only its owner reads, when asked to", async () => {
    const { code } = await admin(made, "bootstrap", "--out", "credentials.json");
    const file = join(folder, "credentials.json");
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ url, ...credentials });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("asks for nothing to be made when the file that it would keep them in cannot be written", async () => {
    writeFileSync(join(folder, "taken.json"), "mine");
    const { code, stderr } = await admin(made, "bootstrap", "--out", "taken.json");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^holdfast: taken\.json exists already/),
    });
    expect(aws?.calls).toEqual([]);
    expect(readFileSync(join(folder, "taken.json"), "utf8")).toBe("mine");
  });

  test("tells of an account that exists without any secret, and fails", async () => {
    const { code, stdout, stderr } = await admin({ stacks, answers: [{ created: false, account }] }, "bootstrap");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    for (const name of ["holdfast (d1)", "eu-west-1 (p1)", "user admin", "HFKEY"]) expect(stderr).toContain(name);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("finds a deployment of another name", async () => {
    const other = { OtherCompute: { AdminFunction: "other-admin" }, OtherApi: { ApiUrl: "https://o.example" } };
    const { code } = await admin({ ...made, stacks: other }, "bootstrap", "--stack", "other");
    expect(code).toBe(0);
    expect(aws?.calls.map(({ name }) => name)).toEqual(["other-admin"]);
  });
});

describe("in one line, it is told", () => {
  const cases: readonly (readonly [string, FakeAws, Readonly<Record<string, string>>, RegExp])[] = [
    ["that there is no such stack", {}, {}, /there is no stack HoldfastCompute in eu-west-1/],
    [
      "that a stack is not complete",
      { stacks: { HoldfastCompute: {} } },
      {},
      /no output AdminFunction.*CREATE_COMPLETE/,
    ],
    [
      "that access is denied, and to what",
      { refusal: { code: "AccessDenied", message: "not you" } },
      {},
      /access denied: cloudformation:DescribeStacks on HoldfastCompute: not you/,
    ],
    [
      "that keys are not accepted",
      { refusal: { code: "InvalidClientTokenId", message: "The security token is invalid" } },
      {},
      /AWS does not accept these credentials/,
    ],
    ["that there are no credentials", {}, { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" }, /no AWS credentials/],
    ["that there is no region", {}, { AWS_REGION: "" }, /no AWS region: give --region/],
    [
      "what the function failed with",
      { stacks, functionError: true, answers: [{ errorType: "KeyUnavailable", errorMessage: "the key is disabled" }] },
      {},
      /holdfast-admin failed: KeyUnavailable: the key is disabled/,
    ],
    ["that the function is of another version", { stacks, answers: [{ hello: 1 }] }, {}, /of another version/],
  ];
  test.each(cases)("%s", async (_what, fake, env, message) => {
    aws = await startFakeAws(fake);
    const { code, stdout, stderr } = await runCli(["admin", "bootstrap"], { env: { ...aws.env, ...env }, cwd: folder });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(join(folder, "holdfast-credentials-holdfast.json"))).toBe(false);
  });
});

describe("preflight", () => {
  test("of an account that has enough is good", async () => {
    const { code, stdout, stderr } = await admin({}, "preflight");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ok +lambda: Concurrent executions +1000 +/m);
  });

  test("of a fresh account says what to raise, to what and how, and ends with 3", async () => {
    const { code, stdout, stderr } = await admin({ concurrency: { concurrent: 10, unreserved: 10 } }, "preflight");
    expect(code).toBe(3);
    expect(stdout).toMatch(new RegExp(`^raise +lambda: Concurrent executions +10 +${RESERVATIONS + 100} `, "m"));
    expect(stderr).toContain(
      "aws service-quotas request-service-quota-increase --region eu-west-1 --service-code lambda --quota-code L-B99A9384",
    );
    expect(stderr).toContain("reservedConcurrency=false");
  });

  test("counts a deployment that stands there already as part of the account", async () => {
    const concurrency = { concurrent: RESERVATIONS + 100, unreserved: 100 };
    const standing = await admin({ stacks, concurrency }, "preflight", "--stack", "holdfast");
    expect(standing.code).toBe(0);
  });

  test("prints one JSON value with --json, also when something must be raised", async () => {
    const { code, stdout } = await admin({ concurrency: { concurrent: 10, unreserved: 10 } }, "preflight", "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      region: "eu-west-1",
      findings: [{ verdict: "must", have: 10 }, {}, {}, {}, {}, {}],
    });
  });

  test("names AWS's defaults where it may not ask, and says why", async () => {
    const { code, stdout, stderr } = await admin(
      { refusal: { code: "AccessDeniedException", message: "no" } },
      "preflight",
    );
    expect(code).toBe(3);
    expect(stderr).toContain("not asked: access denied: servicequotas:ListServiceQuotas of ebs");
    expect(stdout).toContain("10 (default)");
  });
});

describe("vault freeze and unfreeze", () => {
  test("say why, when it is not that nobody pays", async () => {
    const vault = { id: "v1", name: "nightly", status: "frozen" };
    const ended = await admin(
      { stacks, answers: [{ vault }] },
      "vault",
      "freeze",
      "v1",
      "--stack",
      "holdfast",
      "--violation",
    );
    expect(ended.code).toBe(0);
    expect(aws?.calls).toEqual([
      { name: "holdfast-admin", payload: { action: "freeze-vault", vault_id: "v1", frozen: true, scene: "violation" } },
    ]);
  });

  const id = "11111111-1111-4111-8111-111111111111";
  test("call the deployment's admin function when a stack is named", async () => {
    const vault = { id, name: "nightly", status: "frozen" };
    const ended = await admin({ stacks, answers: [{ vault }] }, "vault", "freeze", id, "--stack", "holdfast", "--json");
    expect({ code: ended.code, vault: JSON.parse(ended.stdout) }).toEqual({ code: 0, vault });
    expect(aws?.calls).toEqual([
      { name: "holdfast-admin", payload: { action: "freeze-vault", vault_id: id, frozen: true } },
    ]);
  });

  test("tell a refusal in one line", async () => {
    const answers = [{ refused: `6105: vault ${id} does not exist` }];
    const { code, stderr } = await admin({ stacks, answers }, "vault", "unfreeze", id, "--stack", "holdfast");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("6105: vault") });
  });
});
