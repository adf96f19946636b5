/** What do the commands on policies and runs ask of the API, and what do they print? */
import { afterEach, describe, expect, test } from "vitest";
import { type FakeService, type Routes, startFakeService } from "./support/fake-service.ts";
import { credentials, dataFolder, runCli } from "./support/run-cli.ts";

const vaultId = "11111111-1111-4111-8111-111111111111";
const policyId = "33333333-3333-4333-8333-333333333333";
const policy = {
  id: policyId,
  name: "nightly",
  enabled: true,
  operation_type: "backup",
  operation_definition: { max_backups: 7, week_backups: 4, timezone: "UTC+01:00" },
  associated_vaults: [{ vault_id: vaultId }],
  trigger: { properties: { pattern: ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30"] } },
};

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function setUp(routes: Routes): Promise<{ service: FakeService; data: readonly string[] }> {
  const service = await startFakeService(routes);
  const folder = dataFolder(credentials(service.url));
  cleanUps.push(() => service.close(), folder.remove);
  return { service, data: ["--data", folder.path] };
}

describe("policies", () => {
  test.each([
    [
      "every day at two times",
      ["--at", "02:30", "--at", "14:00", "--keep", "7", "--weekly", "4"],
      ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30", "FREQ=DAILY;INTERVAL=1;BYHOUR=14;BYMINUTE=00"],
      { max_backups: 7, week_backups: 4, timezone: "UTC+00:00" },
    ],
    [
      "on weekdays",
      ["--at", "22:00", "--on", "mo,fr", "--keep-days", "30"],
      ["FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=22;BYMINUTE=00"],
      { retention_duration_days: 30 },
    ],
    [
      "every third day, every tenth one full",
      ["--at", "05:00", "--every", "3", "--full-every", "10"],
      ["FREQ=DAILY;INTERVAL=3;BYHOUR=05;BYMINUTE=00"],
      { full_backup_interval: 10 },
    ],
  ])("are created as the API wants them: %s", async (_, args, pattern, operation_definition) => {
    const { service, data } = await setUp({ "POST /policies": [{ policy }] });
    const { code, stdout } = await runCli(["policy", "create", "--name", "nightly", ...args, ...data]);
    expect(code).toBe(0);
    expect(stdout).toContain("7 newest, 4 weekly");
    expect(service.requests[0]?.body).toEqual({
      policy: {
        name: "nightly",
        operation_type: "backup",
        enabled: true,
        operation_definition,
        trigger: { properties: { pattern } },
      },
    });
  });

  test("without a time, or with two kinds of days, are a usage error and no request", async () => {
    const { service, data } = await setUp({});
    for (const args of [[], ["--on", "MO"], ["--at", "2:00"], ["--at", "02:00", "--on", "MO", "--every", "2"]])
      expect((await runCli(["policy", "create", "--name", "x", ...args, ...data])).code).toBe(2);
    expect(service.requests).toEqual([]);
  });

  test("are changed without losing the rest of their definition, which the API replaces as a whole", async () => {
    const { service, data } = await setUp({
      "GET /policies": [{ policies: [policy], count: 1 }],
      [`GET /policies/${policyId}`]: [{ policy }],
      [`PUT /policies/${policyId}`]: [{ policy }],
    });
    await runCli(["policy", "update", "nightly", "--full-every", "5", "--disable", ...data]);
    expect(service.requests.at(-1)?.body).toEqual({
      policy: { enabled: false, operation_definition: { ...policy.operation_definition, full_backup_interval: 5 } },
    });
    await runCli(["policy", "update", policyId, "--keep-days", "30", ...data]);
    expect(service.requests.at(-1)?.body).toEqual({
      policy: { operation_definition: { retention_duration_days: 30, timezone: "UTC+01:00" } },
    });
    expect((await runCli(["policy", "update", policyId, ...data])).code).toBe(2);
  });

  test("are bound to vaults and released from them by id or name", async () => {
    const { service, data } = await setUp({
      "GET /policies": [{ policies: [policy], count: 1 }],
      [`POST /vaults/${vaultId}/associatepolicy`]: [{ associate_policy: { vault_id: vaultId, policy_id: policyId } }],
      [`POST /vaults/${vaultId}/dissociatepolicy`]: [{ dissociate_policy: { vault_id: vaultId, policy_id: policyId } }],
    });
    for (const command of ["bind", "unbind"]) {
      expect((await runCli(["policy", command, "nightly", vaultId, ...data])).code).toBe(0);
      expect(service.requests.at(-1)?.body).toEqual({ policy_id: policyId });
    }
  });

  test("are applied to a vault from its creation on", async () => {
    const { service, data } = await setUp({
      "GET /policies": [{ policies: [policy], count: 1 }],
      "POST /vaults": [{ vault: { id: vaultId, resources: [], billing: {} } }],
    });
    await runCli(["vault", "create", "--name", "web", "--policy", "nightly", ...data]);
    expect(service.requests.at(-1)?.body).toMatchObject({ vault: { backup_policy_id: policyId } });
  });

  test("are listed with what they keep, and deleted", async () => {
    const { service, data } = await setUp({
      "GET /policies": [{ policies: [policy], count: 1 }],
      [`DELETE /policies/${policyId}`]: [[204, {}]],
    });
    const { stdout } = await runCli(["policy", "list", "--vault", vaultId, "--type", "backup", ...data]);
    expect(stdout).toContain("nightly  backup  yes      1       7 newest, 4 weekly");
    expect(service.requests[0]?.target).toContain(`operation_type=backup&vault_id=${vaultId}`);
    expect((await runCli(["policy", "delete", "nightly", ...data])).stdout).toBe(`deleted policy ${policyId}\n`);
  });
});

describe("a check of the rules (MON-04)", () => {
  const row = { policy_id: policyId, policy_name: "nightly", longest_gap_hours: 72, compliant: false };
  const vaults = [...Array(1001).keys()].map((n) => ({
    vault_id: vaultId,
    vault_name: `v${n}`,
    policy_id: null,
    policy_name: null,
    compliant: n !== 1000,
    reason: n === 1000 ? "the vault follows no backup policy" : null,
  }));

  test("tells of every policy and vault, over all pages, and ends in 3 when one breaks them", async () => {
    const policies = [{ ...row, reason: "its points lie up to 72 hours apart, more than 48" }];
    const { service, data } = await setUp({
      "GET /holdfast/compliance": [
        { policies, vaults: vaults.slice(0, 1000) },
        { policies, vaults: vaults.slice(1000) },
      ],
    });
    const { code, stdout, stderr } = await runCli(["policy", "check", "--max-gap", "48", "--min-days", "30", ...data]);
    expect(code).toBe(3);
    expect(stderr).toContain("2 of 1002 break the rules");
    expect(stdout).toContain("nightly  72                   no: its points lie up to 72 hours apart, more than 48");
    expect(stdout).toContain("v1000  -       no: the vault follows no backup policy");
    expect(service.requests.map(({ target }) => target.split("?")[1])).toEqual([
      "max_gap_hours=48&min_retention_days=30&limit=1000&offset=0",
      "max_gap_hours=48&min_retention_days=30&limit=1000&offset=1000",
    ]);
  });

  test("ends in 0 when none does, and leaves the limits to the service", async () => {
    const policies = [{ ...row, compliant: true, reason: null }];
    const { service, data } = await setUp({ "GET /holdfast/compliance": [{ policies, vaults: vaults.slice(0, 1) }] });
    const { code, stdout } = await runCli(["policy", "check", "--json", ...data]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ policies, vaults: vaults.slice(0, 1) });
    expect(service.requests[0]?.target.split("?")[1]).toBe("limit=1000&offset=0");
  });
});

describe("runs", () => {
  test("are listed with their state and the reason of what did not happen", async () => {
    const run = {
      nominal_at: "2030-01-02T02:30:00.000000",
      state: "missed",
      vault_name: "web",
      policy_name: "nightly",
      planned_at: "2030-01-02T02:31:07.000000",
      started_at: null,
      reason: "the service did not run at that time",
    };
    const { service, data } = await setUp({ "GET /holdfast/runs": [{ runs: [run], count: 1 }] });
    const args = ["runs", "list", "--vault", vaultId, "--state", "missed", "--since", "2030-01-01"];
    const { stdout } = await runCli([...args, ...data]);
    expect(stdout).toBe(
      "POINT                    STATE   VAULT  POLICY   PROMISED                 STARTED  REASON\n" +
        "2030-01-02 02:30:00 UTC  missed  web    nightly  2030-01-02 02:31:07 UTC  -        the service did not run at that time\n",
    );
    expect(service.requests[0]?.target).toContain("state=missed&start_time=2030-01-01T00%3A00%3A00Z");
    expect((await runCli(["runs", "list", "--state", "lost", ...data])).code).toBe(2);
  });
});
