/** Are tasks shown on the wire in the shapes that clients decode? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Task } from "../../core/app/records/entities.ts";
import { taskProgressKey } from "../../core/app/records/keys.ts";
import { tasks } from "../../core/app/records/tables.ts";
import { forced } from "../support/forced.ts";
import { createVaultHost, PROJECT, type VaultHost } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const at = (second: number) => Date.parse("2030-01-02T03:04:00Z") + second * 1000;
const task = (id: string, change: Partial<Task> = {}): Task => ({
  schema: 1,
  id,
  projectId: PROJECT,
  type: "backup",
  status: "running",
  requestId: "req-1",
  vaultId: "v1",
  vaultName: "vault-demo",
  checkpointId: "c1",
  resource: { id: "r1", type: "OS::Nova::Server", name: "web" },
  backup: { id: "b1", name: "nightly" },
  createdAt: at(0),
  startedAt: at(1),
  updatedAt: at(1),
  ...change,
});
const put = (...rows: Task[]) => host.records.transact(rows.map((row) => forced(tasks, row)));
const show = async (id: string) => (await host.call("GET", `/operation-logs/${id}`)).body.operation_log;

describe("showing a task (#48)", () => {
  it("has the contract's members while it runs", async () => {
    await put(task("t1"));
    expect(await show("t1")).toEqual({
      id: "t1",
      project_id: PROJECT,
      provider_id: "0daac4c5-6707-4851-97ba-169e36266b66",
      operation_type: "backup",
      status: "running",
      checkpoint_id: "c1",
      policy_id: null,
      vault_id: "v1",
      vault_name: "vault-demo",
      created_at: "2030-01-02T03:04:00.000000",
      started_at: "2030-01-02T03:04:01.000000",
      updated_at: "2030-01-02T03:04:01.000000",
      ended_at: null,
      error_info: { code: "", message: "" },
      extra_info: {
        common: { progress: 0, request_id: "req-1", task_id: "t1" },
        resource: { id: "r1", type: "OS::Nova::Server", name: "web", extra_info: null },
        backup: {
          backup_id: "b1",
          backup_name: "nightly",
          app_consistency_status: "0",
          app_consistency_error_code: "",
          app_consistency_error_message: "",
        },
      },
    });
  });

  it.each<[Partial<Task>, object]>([
    [{ type: "delete" }, { delete: { backup_id: "b1", backup_name: "nightly" } }],
    [
      { type: "restore", target: { id: "r2", name: "other" } },
      {
        restore: { backup_id: "b1", backup_name: "nightly", target_resource_id: "r2", target_resource_name: "other" },
      },
    ],
    [
      { type: "vault_delete", totals: { total: 7, failed: 2 } },
      { vault_delete: { total_count: 7, fail_count: 2, total_delete_count: 7, fail_delete_count: 2 } },
    ],
    [
      { type: "remove_resource", totals: { total: 3, failed: 0 } },
      {
        remove_resources: {
          total_count: 3,
          fail_count: 0,
          resources: [{ id: "r1", type: "OS::Nova::Server", name: "web", extra_info: null }],
        },
      },
    ],
  ])("of the kind %j has the extras of its kind alone (TSK-01, D-11)", async (change, extras) => {
    await put(task("t1", change));
    const { common, resource, ...rest } = (await show("t1")).extra_info;
    expect(common.task_id).toBe("t1");
    expect(resource.extra_info).toBeNull();
    expect(rest).toEqual(extras);
  });

  it("of a vault has no resource, but still texts where clients read one", async () => {
    const { resource: _, backup: __, checkpointId: ___, ...row } = task("t1", { type: "vault_delete" });
    await put(row);
    const log = await show("t1");
    expect(log).toMatchObject({ provider_id: null, checkpoint_id: null });
    expect(log.extra_info.resource).toEqual({ id: "", type: "", name: "", extra_info: null });
  });

  it("that failed carries code and message (TSK-04)", async () => {
    const error = { code: "7003", message: "disk d1 changed while it was read" };
    await put(task("t1", { status: "failed", endedAt: at(5), error }));
    expect(await show("t1")).toMatchObject({
      status: "failed",
      ended_at: "2030-01-02T03:04:05.000000",
      error_info: { code: "BackupService.7003", message: error.message },
    });
  });

  it("that does not exist, or is another project's, is 404 6500", async () => {
    await put(task("t1", { projectId: "b".repeat(32) }));
    for (const id of ["t1", "none"]) {
      const { status, body } = await host.call("GET", `/operation-logs/${id}`);
      expect([status, body.error_code]).toEqual([404, "BackupService.6500"]);
    }
    expect((await host.call("GET", "/operation-logs?vault_id=v1")).body.operation_logs).toEqual([]);
  });
});

describe("progress (TSK-07)", () => {
  const done = (id: string, bytes: number) =>
    host.records.write({ op: "add", key: taskProgressKey(id), counters: { bytes }, if: "any" });

  it("never falls, stays below 100 until success, and is 100 then, in lists too", async () => {
    await put(task("t1", { totalBytes: 1000 }), task("t2", { status: "success", createdAt: at(1) }), task("t3"));
    const seen: number[] = [];
    for (const bytes of [0, 9, 500, 480, 900]) {
      await done("t1", bytes);
      seen.push((await show("t1")).extra_info.common.progress);
    }
    expect(seen).toEqual([0, 0, 50, 98, 99]);
    expect((await show("t2")).extra_info.common.progress).toBe(100);
    const { operation_logs } = (await host.call("GET", "/operation-logs")).body;
    const listed = operation_logs.map((log: { id: string; extra_info: { common: { progress: number } } }) => [
      log.id,
      log.extra_info.common.progress,
    ]);
    expect(Object.fromEntries(listed)).toEqual({ t1: 99, t2: 100, t3: 0 });
  });
});

describe("listing tasks (#47, TSK-03)", () => {
  beforeEach(async () => {
    const other = { id: "r2", type: "OS::Cinder::Volume", name: "data" };
    await put(
      task("t1", { createdAt: at(1) }),
      task("t2", { createdAt: at(2), type: "restore", status: "success", vaultId: "v2", vaultName: "other" }),
      task("t3", { createdAt: at(3), status: "failed", resource: other, enterpriseProjectId: "eps" }),
    );
  });

  it.each([
    ["limit=1000&offset=0", ["t3", "t2", "t1"]],
    ["offset=3", []],
    ["limit=1&marker=t3", ["t2"]],
    ["operation_type=restore", ["t2"]],
    ["status=failed", ["t3"]],
    ["provider_id=d1603440-187d-4516-af25-121250c7cc97", ["t3"]],
    ["vault_id=v1", ["t3", "t1"]],
    ["vault_id=v1&status=running", ["t1"]],
    ["vault_name=vault", ["t3", "t1"]],
    ["resource_id=r2", ["t3"]],
    ["resource_name=we", ["t2", "t1"]],
    ["id=t1,t2", ["t2", "t1"]],
    ["start_time=2030-01-02T03:04:02Z&end_time=2030-01-02T03:04:02Z", ["t2"]],
    ["enterprise_project_id=0", ["t2", "t1"]],
    ["enterprise_project_id=eps", ["t3"]],
    ["enterprise_project_id=all_granted_eps", ["t3", "t2", "t1"]],
  ])("%s", async (query, ids) => {
    const { status, body } = await host.call("GET", `/operation-logs?${query}`);
    expect(status).toBe(200);
    expect(body.operation_logs.map((log: { id: string }) => log.id)).toEqual(ids);
    expect(body).toMatchObject({ count: expect.any(Number), limit: expect.any(Number), offset: expect.any(Number) });
  });
});

describe("a task's life", () => {
  const DAY_MS = 24 * 3600_000;
  const listed = async (): Promise<string[]> =>
    (await host.call("GET", "/operation-logs")).body.operation_logs.map(({ id }: { id: string }) => id).sort();

  it("TSK-02: ends 90 days after the task, of a policy's as of a person's, so that 30 can always be seen", async () => {
    const ended = { status: "success", endedAt: at(2), updatedAt: at(2) } as const;
    await put(task("manual", ended), task("policy", { ...ended, policyId: "p1" }), task("running"));
    host.clock.now = at(2) + 90 * DAY_MS - 1000;
    expect(await listed()).toEqual(["manual", "policy", "running"]);
    expect(await show("policy")).toMatchObject({ policy_id: "p1", status: "success" });
    host.clock.now += 2000;
    expect(await listed()).toEqual(["running"]);
  });

  it.each([
    ["DELETE", "/operation-logs/t1"],
    ["PUT", "/operation-logs/t1"],
    ["POST", "/operation-logs/t1"],
    ["POST", "/operation-logs/t1/cancel"],
    ["DELETE", "/operation-logs"],
  ])("TSK-05: is nobody's to end: there is no %s %s", async (method, path) => {
    await put(task("t1"));
    const { status, body } = await host.call(method, path, method === "DELETE" ? undefined : { status: "cancelled" });
    expect([404, 405]).toContain(status);
    expect(body.error_code).toBe("APIGW.0101");
    expect(await show("t1")).toMatchObject({ status: "running" });
  });
});
