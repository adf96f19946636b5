/** What do the commands about retention and the trash ask of the API, and what do they print? */
import { afterEach, describe, expect, test } from "vitest";
import { type FakeService, type Routes, startFakeService } from "./support/fake-service.ts";
import { credentials, dataFolder, runCli } from "./support/run-cli.ts";

const backupId = "66666666-6666-4666-8666-666666666666";
const policyId = "88888888-8888-4888-8888-888888888888";
const taskId = "99999999-9999-4999-8999-999999999999";
const time = "2030-01-02T03:04:05.000006";

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

const task = (status: string, error = { code: "", message: "" }) => ({
  operation_log: { id: taskId, status, operation_type: "undelete", error_info: error, extra_info: {} },
});

describe("fate", () => {
  test("says why, when, and what stands in the way", async () => {
    const fate = {
      backup_id: backupId,
      state: "going",
      reasons: ["not among the newest 3"],
      expires_at: null,
      goes: "when the next backup of the resource completes",
      blocked_by: "a person has to confirm it",
      policy_id: policyId,
      policy_name: "nightly",
    };
    const { data } = await setUp({ [`GET /holdfast/backups/${backupId}/fate`]: [{ fate }] });
    const { code, stdout } = await runCli(["backup", "fate", backupId, ...data]);
    expect(code).toBe(0);
    expect(stdout).toContain("not among the newest 3");
    expect(stdout).toContain("when the next backup of the resource completes");
    expect(stdout).toContain("a person has to confirm it");
    expect(stdout).toContain(`nightly (${policyId})`);
  });
});

describe("the trash", () => {
  const row = {
    id: backupId,
    name: "autobk_0a1b",
    resource_name: "web",
    deleted_at: time,
    purge_not_before: time,
    reason: "too many",
  };

  test("is listed with times and reasons", async () => {
    const { data } = await setUp({ "GET /holdfast/trash": [{ backups: [row], count: 1 }] });
    const { stdout } = await runCli(["trash", "list", ...data]);
    expect(stdout.split("\n")[1]).toContain(
      `${backupId}  autobk_0a1b  web       2030-01-02 03:04:05 UTC  2030-01-02 03:04:05 UTC  too many`,
    );
  });

  test("gives a backup back, and waits for it", async () => {
    const { data } = await setUp({
      [`POST /holdfast/backups/${backupId}/undelete`]: [[202, { job_id: taskId }]],
      [`GET /operation-logs/${taskId}`]: [task("running"), task("success")],
    });
    const { code, stdout } = await runCli(["backup", "undelete", backupId, ...data]);
    expect([code, stdout]).toEqual([0, `backup ${backupId} is back\n`]);
  });

  test("does not when the task fails: exit code 1 and the reason", async () => {
    const { data } = await setUp({
      [`POST /holdfast/backups/${backupId}/undelete`]: [[202, { job_id: taskId }]],
      [`GET /operation-logs/${taskId}`]: [task("failed", { code: "BackupService.6114", message: "no room" })],
    });
    const { code, stderr } = await runCli(["backup", "undelete", backupId, ...data]);
    expect(code).toBe(1);
    expect(stderr).toContain("no room");
  });
});

describe("policies", () => {
  const preview = {
    deletions: [
      {
        backup_id: backupId,
        backup_name: "autobk_0a1b",
        created_at: time,
        reason: "not among the newest 2",
        needs_confirmation: null,
      },
    ],
    deleted: 1,
    kept: 2,
    freed_gb: { at_least: 0.5, at_most: 1 },
    note: null,
  };

  test("are previewed with the rule that they would have: what is given replaces what is kept", async () => {
    const operation_definition = { max_backups: 9, timezone: "UTC+01:00" };
    const { service, data } = await setUp({
      [`GET /policies/${policyId}`]: [{ policy: { id: policyId, operation_definition } }],
      [`POST /holdfast/policies/${policyId}/preview`]: [{ preview }],
    });
    const { code, stdout } = await runCli(["policy", "preview", policyId, "--keep", "2", ...data]);
    expect(code).toBe(0);
    expect(service.requests.at(-1)?.body).toEqual({
      operation_definition: { max_backups: 2, timezone: "UTC+01:00" },
    });
    expect(stdout).toContain("512 MiB to 1 GiB");
    expect(stdout).toContain("not among the newest 2");
  });

  test("show what waits for a person, and are let go on", async () => {
    const plan = {
      plan_id: "0f1e2d3c4b5a6978",
      resource_id: "d1",
      resource_name: "web",
      vault_id: "v",
      reason: "10 of the vault's 12 backups would go at once",
      since: time,
      confirmed: false,
      deleted: 10,
      deletions: preview.deletions,
    };
    const { service, data } = await setUp({
      "GET /holdfast/held-plans": [{ held_plans: [plan], count: 1 }],
      "POST /holdfast/held-plans/d1/confirm": [[202, { held_plan: { ...plan, confirmed: true } }]],
    });
    const { stdout } = await runCli(["policy", "held", ...data]);
    expect(stdout).toContain("10 of the vault's 12 backups");
    expect(stdout).toMatch(/^plan +0f1e2d3c4b5a6978$/m);
    const { code } = await runCli(["policy", "confirm", "d1", "--plan", "0f1e2d3c4b5a6978", ...data]);
    expect([code, service.requests.at(-1)?.target]).toEqual([0, expect.stringContaining("/held-plans/d1/confirm")]);
    expect(service.requests.at(-1)?.body).toEqual({ plan_id: "0f1e2d3c4b5a6978" });
  });
});
