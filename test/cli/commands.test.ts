/** What do the commands ask of the API, and what do they print? */
import { afterEach, describe, expect, test } from "vitest";
import { type FakeService, type Routes, startFakeService } from "./support/fake-service.ts";
import { credentials, dataFolder, type Ended, runCli, startCli } from "./support/run-cli.ts";

const vaultId = "11111111-1111-4111-8111-111111111111";
const backupId = "66666666-6666-4666-8666-666666666666";
const checkpointId = "55555555-5555-4555-8555-555555555555";
const taskId = "99999999-9999-4999-8999-999999999999";
const diskId = "22222222-2222-4222-8222-222222222222";

const vault = {
  id: vaultId,
  name: "nightly",
  billing: { object_type: "disk", status: "available", size: 100, used: 1536 },
  resources: [{ id: diskId, name: "web", type: "OS::Cinder::Volume", protect_status: "available", size: 40 }],
  created_at: "2030-01-02T03:04:05.000006",
};
const backup = (status: string) => ({
  id: backupId,
  name: "manualbk_0a1b",
  status,
  resource_name: "web",
  resource_size: 40,
  checkpoint_id: checkpointId,
  created_at: "2030-01-02T03:04:05.000006",
  children: [],
});
const checkpoint = (status: string) => ({
  checkpoint: { id: checkpointId, status, vault: { id: vaultId, resources: [] } },
});
const task = (status: string, error = { code: "", message: "" }) => ({
  id: taskId,
  status,
  operation_type: "backup",
  checkpoint_id: checkpointId,
  error_info: error,
  extra_info: { common: { progress: 40 }, resource: { id: diskId, name: "web" } },
});

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

/** Standard output is one JSON value and nothing else. */
function json({ stdout }: Ended): unknown {
  expect(stdout.endsWith("\n")).toBe(true);
  return JSON.parse(stdout);
}

describe("results", () => {
  test("are tables with readable sizes for people", async () => {
    const { data } = await setUp({ "GET /vaults": [{ vaults: [vault], count: 1 }] });
    const { code, stdout, stderr } = await runCli(["vault", "list", ...data]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      "ID                                    NAME     TYPE  STATUS     SIZE     USED     RESOURCES\n" +
        `${vaultId}  nightly  disk  available  100 GiB  1.5 GiB  1\n`,
    );
  });

  test("are what the API answered, with --json, wherever the option stands", async () => {
    const { data } = await setUp({ "GET /vaults": [{ vaults: [vault], count: 1 }] });
    for (const args of [
      ["vault", "list", "--json"],
      ["--json", "vault", "list"],
    ])
      expect(json(await runCli([...args, ...data]))).toEqual([vault]);
  });

  test("of a long list come page by page", async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ ...vault, id: `v${i}` }));
    const { data } = await setUp({
      "GET /vaults": [
        { vaults: many, count: 1001 },
        { vaults: [vault], count: 1001 },
      ],
    });
    expect(json(await runCli(["vault", "list", "--json", ...data]))).toHaveLength(1001);
  });

  test("never carry control characters of foreign names to the terminal", async () => {
    const { data } = await setUp({ "GET /vaults": [{ vaults: [{ ...vault, name: "a\u001b[2Jb" }], count: 1 }] });
    expect((await runCli(["vault", "list", ...data])).stdout).not.toContain("\u001b");
  });
});

describe("an error of the API", () => {
  test("is exit code 1, with its code on standard error and nothing on standard output", async () => {
    const refused = [404, { error_code: "BackupService.6105", error_msg: "Vault not found" }] as const;
    const { data } = await setUp({ [`GET /vaults/${vaultId}`]: [refused] });
    for (const extra of [[], ["--json"]]) {
      const { code, stdout, stderr } = await runCli(["vault", "show", vaultId, ...extra, ...data]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toBe("holdfast: BackupService.6105: Vault not found (HTTP 404, request req-1)\n");
    }
  });
});

describe("vaults", () => {
  test("are created with their resources in the type of the vault", async () => {
    const { service, data } = await setUp({ "POST /vaults": [{ vault }] });
    const args = ["vault", "create", "--name", "nightly", "--type", "server", "--size", "40", "--resource", "a"];
    expect(json(await runCli([...args, "--resource", "b", "--json", ...data]))).toEqual(vault);
    expect(service.requests[0]?.body).toEqual({
      vault: {
        name: "nightly",
        billing: { object_type: "server", protect_type: "backup", consistent_level: "crash_consistent", size: 40 },
        resources: [
          { id: "a", type: "OS::Nova::Server" },
          { id: "b", type: "OS::Nova::Server" },
        ],
      },
    });
  });

  test.each([
    ["a server's", { "GET /protectables/server/instances/a": [{ instance: { id: "a" } }] }, "server"],
    ["a disk's", { "GET /protectables/server/instances/a": [[404, { error_code: "BackupService.7100" }]] }, "disk"],
  ] as const)("without --type are of %s type when that is their first resource", async (_whose, answers, type) => {
    const { service, data } = await setUp({ ...answers, "POST /vaults": [{ vault }] });
    await runCli(["vault", "create", "--name", "nightly", "--resource", "a", ...data]);
    expect(service.requests.at(-1)?.body).toMatchObject({ vault: { billing: { object_type: type } } });
  });

  test("VLT-05: are found by name, and a name that two have is refused with their ids", async () => {
    const other = { ...vault, id: backupId };
    const near = { ...vault, id: diskId, name: "nightly-2" };
    const { service, data } = await setUp({
      "GET /vaults": [
        { vaults: [vault, near], count: 2 },
        { vaults: [vault, other], count: 2 },
        { vaults: [], count: 0 },
      ],
      [`GET /vaults/${vaultId}`]: [{ vault }],
    });
    expect((await runCli(["vault", "show", "nightly", ...data])).code).toBe(0);
    expect(service.calls()[0]).toBe("GET /vaults?name=nightly&limit=1000&offset=0");
    const twice = await runCli(["vault", "show", "nightly", ...data]);
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain(`2 vaults are named "nightly"; use an id: ${vaultId}, ${backupId}`);
    expect((await runCli(["vault", "show", "nightly", ...data])).stderr).toContain('no vault is named "nightly"');
  });

  test("are changed in what was asked for and nothing else", async () => {
    const { service, data } = await setUp({ [`PUT /vaults/${vaultId}`]: [{ vault }] });
    await runCli(["vault", "update", vaultId, "--size", "200", "--no-auto-expand", ...data]);
    expect(service.requests[0]?.body).toEqual({ vault: { billing: { size: 200 }, auto_expand: false } });
  });

  test("are gone when delete returns", async () => {
    const deleting = { vault: { ...vault, billing: { ...vault.billing, status: "deleting" } } };
    const { data } = await setUp({
      [`DELETE /vaults/${vaultId}`]: [[204, {}]],
      [`GET /vaults/${vaultId}`]: [deleting, deleting, [404, { error_code: "BackupService.6105", error_msg: "gone" }]],
    });
    expect(json(await runCli(["vault", "delete", vaultId, "--json", ...data]))).toEqual({ id: vaultId, deleted: true });
  });

  test("that could not be deleted are a failure", async () => {
    const { data } = await setUp({
      [`DELETE /vaults/${vaultId}`]: [[204, {}]],
      [`GET /vaults/${vaultId}`]: [{ vault: { ...vault, billing: { ...vault.billing, status: "error" } } }],
    });
    const { code, stderr } = await runCli(["vault", "delete", vaultId, ...data]);
    expect(code).toBe(1);
    expect(stderr).toContain("was not deleted; it is error again");
  });

  test("lose a resource only when its backups are gone", async () => {
    const removing = { vault: { ...vault, resources: [{ ...vault.resources[0], protect_status: "removing" }] } };
    const without = { vault: { ...vault, resources: [] } };
    const { data } = await setUp({
      [`POST /vaults/${vaultId}/removeresources`]: [{ remove_resource_ids: [diskId] }],
      [`GET /vaults/${vaultId}`]: [removing, removing, without],
    });
    const ended = await runCli(["vault", "remove-resource", vaultId, diskId, "--json", ...data]);
    expect(json(ended)).toEqual(without.vault);
  });
});

describe("a vault's tags", () => {
  const tags = [{ key: "env", value: "prod" }];
  test("are set, taken away and listed", async () => {
    const { service, data } = await setUp({
      [`POST /vault/${vaultId}/tags/action`]: [[204, {}]],
      [`GET /vault/${vaultId}/tags`]: [{ tags }],
      "GET /vault/tags": [{ tags: [{ key: "env", values: ["prod", "test"] }] }],
    });
    const added = await runCli(["vault", "tag", "add", vaultId, "env=prod", "a=", "--json", ...data]);
    expect(json(added)).toEqual(tags);
    await runCli(["vault", "tag", "remove", vaultId, "env", "a", ...data]);
    expect(service.requests.filter(({ method }) => method === "POST").map(({ body }) => body)).toEqual([
      { action: "create", tags: [...tags, { key: "a", value: "" }] },
      { action: "delete", tags: [{ key: "env" }, { key: "a" }] },
    ]);
    expect((await runCli(["vault", "tag", "list", vaultId, ...data])).stdout).toContain("env  prod");
    expect((await runCli(["vault", "tag", "list", ...data])).stdout).toContain("env  prod, test");
  });
});

describe("resources of vaults", () => {
  const other = "33333333-3333-4333-8333-333333333333";
  test("have moved, with all their backups, when migrate returns", async () => {
    const arrived = { ...vault, id: other };
    const coming = { ...arrived, resources: [{ ...vault.resources[0], protect_status: "migrating" }] };
    const { service, data } = await setUp({
      [`POST /vaults/${vaultId}/migrateresources`]: [{ migrated_resources: [diskId] }],
      [`GET /vaults/${other}`]: [{ vault: coming }, { vault: coming }, { vault: arrived }],
    });
    expect(json(await runCli(["vault", "migrate", vaultId, other, diskId, "--json", ...data]))).toEqual(arrived);
    expect(service.requests[0]?.body).toEqual({ destination_vault_id: other, resource_ids: [diskId] });
  });

  test("are suspended and resumed wherever they are", async () => {
    const { service, data } = await setUp({
      "GET /vaults": [{ vaults: [vault], count: 1 }],
      [`PUT /vaults/${vaultId}/set-resources`]: [{ set_resource_ids: [diskId] }],
    });
    expect((await runCli(["vault", "suspend", diskId, ...data])).stdout).toContain("automatic backup is off");
    expect((await runCli(["vault", "resume", diskId, ...data])).stdout).toContain("automatic backup is on");
    expect(service.requests.flatMap(({ method, body }) => (method === "PUT" ? [body] : []))).toEqual([
      { action: "suspend", resource_ids: [diskId] },
      { action: "unsuspend", resource_ids: [diskId] },
    ]);
  });

  test("that no vault protects cannot be suspended", async () => {
    const { data } = await setUp({ "GET /vaults": [{ vaults: [], count: 0 }] });
    const { code, stderr } = await runCli(["vault", "suspend", diskId, ...data]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`no vault protects ${diskId}`) });
  });
});

test("vault summary shows all vaults together", async () => {
  const { data } = await setUp({ "GET /vaults/summary": [{ size: 2048, used_size: 3 }] });
  expect((await runCli(["vault", "summary", ...data])).stdout).toBe("size  2 TiB\nused  3 GiB\n");
});

describe("vault advise", () => {
  test("says how large a vault should be, without a service (CAP-21)", async () => {
    const advise = async (...args: string[]) => (await runCli(["vault", "advise", ...args])).stdout;
    expect(await advise("--disk", "800", "--days", "30", "--daily", "10")).toBe("1320 GB\n");
    expect(await advise("--disk", "40.5")).toBe("81 GB\n");
    expect(JSON.parse(await advise("--disk", "40", "--json"))).toEqual({ size: 80 });
  });

  test("wants to know how long and how much together, and numbers", async () => {
    for (const args of [
      ["--days", "30"],
      ["--daily", "1"],
      ["--days", "x", "--daily", "1"],
    ])
      expect((await runCli(["vault", "advise", "--disk", "10", ...args])).code).toBe(2);
  });

  test("is told of where a vault is made (CAP-21)", async () => {
    const { stdout } = await runCli(["vault", "create", "--help"]);
    expect(stdout).toContain("twice the size");
    expect(stdout).toContain("x 1.2");
    expect(stdout).toContain("holdfast vault advise");
  });
});

test("admin vault freeze and unfreeze ask the service of this machine", async () => {
  const frozen = { id: vaultId, name: "nightly", status: "frozen" };
  const { service, data } = await setUp({
    [`POST /holdfast/vaults/${vaultId}/freeze`]: [{ vault: frozen }],
    [`POST /holdfast/vaults/${vaultId}/unfreeze`]: [{ vault: { ...frozen, status: "available" } }],
  });
  expect(json(await runCli(["admin", "vault", "freeze", vaultId, "--json", ...data]))).toEqual(frozen);
  expect((await runCli(["admin", "vault", "unfreeze", vaultId, ...data])).stdout).toContain("is available");
  expect(service.calls()).toHaveLength(2);
});

describe("backup create", () => {
  const routes = (last: string, tasks: object[]): Routes => ({
    "POST /checkpoints": [checkpoint("protecting")],
    [`GET /checkpoints/${checkpointId}`]: [checkpoint("protecting"), checkpoint("protecting"), checkpoint(last)],
    "GET /operation-logs": [{ operation_logs: tasks, count: tasks.length }],
    "GET /backups": [{ backups: [backup(last)], count: 1 }],
  });

  test("waits until the backups are made and prints them", async () => {
    const { service, data } = await setUp(routes("available", [task("success")]));
    const ended = await runCli(["backup", "create", "--vault", vaultId, "--name", "n", "--json", ...data]);
    expect(ended.code).toBe(0);
    expect(json(ended)).toEqual({ checkpoint_id: checkpointId, status: "available", backups: [backup("available")] });
    expect(service.requests[0]?.body).toEqual({
      checkpoint: { vault_id: vaultId, parameters: { auto_trigger: false, incremental: true, name: "n" } },
    });
  });

  test("that fails is exit code 1, with the reason of the task", async () => {
    const why = { code: "BackupService.7003", message: "the disk changed while it was read" };
    const { data } = await setUp(routes("error", [task("failed", why)]));
    const ended = await runCli(["backup", "create", "--vault", vaultId, "--full", "--json", ...data]);
    expect(ended.code).toBe(1);
    expect(json(ended)).toMatchObject({ status: "error" });
    expect(ended.stderr).toContain("backup failed: BackupService.7003: the disk changed while it was read");
  });

  test("with --no-wait returns at once and says where to look", async () => {
    const { service, data } = await setUp(routes("available", []));
    const { code, stderr } = await runCli(["backup", "create", "--vault", vaultId, "--no-wait", ...data]);
    expect(code).toBe(0);
    expect(stderr).toContain(`holdfast checkpoint show ${checkpointId}`);
    expect(service.calls().filter((call) => call.includes("/checkpoints"))).toHaveLength(2);
  });

  test("draws no progress bar into a pipe", async () => {
    const { data } = await setUp(routes("available", [task("success")]));
    expect((await runCli(["backup", "create", "--vault", vaultId, ...data])).stderr).toBe("");
  });

  test("interrupted with Ctrl-C leaves the work alone and says how to look at it", async () => {
    const { service, data } = await setUp({
      ...routes("available", []),
      [`GET /checkpoints/${checkpointId}`]: [checkpoint("protecting")],
    });
    const started = startCli(["backup", "create", "--vault", vaultId, "--json", ...data]);
    while (service.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    started.child.kill("SIGINT");
    const { code, stdout, stderr } = await started.ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`holdfast checkpoint show ${checkpointId}`);
    expect(service.requests.filter(({ method }) => method !== "GET")).toHaveLength(1);
  });

  test("outlives an answer that fails once", async () => {
    const { data } = await setUp({
      ...routes("available", [task("success")]),
      [`GET /checkpoints/${checkpointId}`]: [[503, { error_code: "", error_msg: "busy" }], checkpoint("available")],
    });
    expect((await runCli(["backup", "create", "--vault", vaultId, ...data])).code).toBe(0);
  });
});

describe("backups", () => {
  test("are restored onto a disk, and the command ends with the task", async () => {
    const { service, data } = await setUp({
      [`POST /backups/${backupId}/restore`]: [[202, { job_id: taskId }]],
      [`GET /operation-logs/${taskId}`]: [{ operation_log: task("running") }, { operation_log: task("success") }],
    });
    const ended = await runCli(["backup", "restore", backupId, "--disk", diskId, "--no-power-on", "--json", ...data]);
    expect(ended.code).toBe(0);
    expect(json(ended)).toMatchObject({ id: taskId, status: "success" });
    expect(service.requests[0]?.body).toEqual({ restore: { volume_id: diskId, power_on: false } });
  });

  test("are restored to where they came from when no target is named", async () => {
    const { service, data } = await setUp({
      [`GET /backups/${backupId}`]: [[200, { backup: { resource_id: diskId, resource_type: "OS::Cinder::Volume" } }]],
      [`POST /backups/${backupId}/restore`]: [[202, { job_id: taskId }]],
    });
    await runCli(["backup", "restore", backupId, "--no-wait", "--json", ...data]);
    expect(service.requests.at(-1)?.body).toMatchObject({ restore: { volume_id: diskId } });
  });

  test("are restored onto a server disk by disk", async () => {
    const { service, data } = await setUp({ [`POST /backups/${backupId}/restore`]: [[202, { job_id: taskId }]] });
    const map = ["--map", "b1=d1", "--map", "b2=d2"];
    const ended = await runCli([
      "backup",
      "restore",
      backupId,
      "--server",
      "s",
      ...map,
      "--no-wait",
      "--json",
      ...data,
    ]);
    expect(json(ended)).toEqual({ job_id: taskId });
    expect(service.requests[0]?.body).toEqual({
      restore: {
        server_id: "s",
        mappings: [
          { backup_id: "b1", volume_id: "d1" },
          { backup_id: "b2", volume_id: "d2" },
        ],
        power_on: true,
      },
    });
  });

  test("whose restore failed are exit code 1 with the reason", async () => {
    const failed = task("failed", { code: "BackupService.2011", message: "the disk is in use" });
    const { data } = await setUp({
      [`POST /backups/${backupId}/restore`]: [[202, { job_id: taskId }]],
      [`GET /operation-logs/${taskId}`]: [{ operation_log: failed }],
    });
    const { code, stderr } = await runCli(["backup", "restore", backupId, "--disk", diskId, ...data]);
    expect(code).toBe(1);
    expect(stderr).toContain("BackupService.2011: the disk is in use");
  });

  test("are gone when delete returns, and a backup that came back is a failure", async () => {
    const { data } = await setUp({
      [`DELETE /backups/${backupId}`]: [[204, {}]],
      [`GET /backups/${backupId}`]: [
        { backup: backup("deleting") },
        [404, { error_code: "BackupService.6200", error_msg: "gone" }],
        { backup: backup("error") },
      ],
    });
    expect(json(await runCli(["backup", "delete", backupId, "--json", ...data]))).toEqual({
      id: backupId,
      deleted: true,
    });
    expect((await runCli(["backup", "delete", backupId, ...data])).code).toBe(1);
  });

  test("are renamed", async () => {
    const { service, data } = await setUp({ [`PUT /backups/${backupId}`]: [{ backup: backup("available") }] });
    expect((await runCli(["backup", "rename", backupId, "--name", "keep", ...data])).code).toBe(0);
    expect(service.requests[0]?.body).toEqual({ backup: { name: "keep" } });
  });
});

describe("resources", () => {
  const disk = { id: diskId, kind: "disk", name: "web", size: 1024 ** 3, status: "available" };

  test("are registered through the running service, by absolute path, and printed with their id", async () => {
    const { service, data } = await setUp({ "POST /holdfast/resources": [{ resource: disk }] });
    const args = ["resource", "add", "disk", "web.img", "--name", "web", "--system", "--json", ...data];
    expect(json(await runCli(args, { cwd: "/" }))).toEqual(disk);
    expect(service.requests[0]?.body).toEqual({
      resource: { kind: "disk", path: "/web.img", name: "web", system: true, force_raw: false },
    });
  });

  test("of kind server name their disks in order", async () => {
    const { service, data } = await setUp({ "POST /holdfast/resources": [{ resource: { ...disk, kind: "server" } }] });
    await runCli(["resource", "add", "server", "--name", "s", "--disk", "b", "--disk", "a", ...data]);
    expect(service.requests[0]?.body).toEqual({ resource: { kind: "server", name: "s", disk_ids: ["b", "a"] } });
  });

  test("are listed and removed", async () => {
    const { service, data } = await setUp({
      "GET /holdfast/resources": [{ resources: [disk], count: 1 }],
      [`DELETE /holdfast/resources/${diskId}`]: [[204, {}]],
    });
    expect((await runCli(["resource", "list", ...data])).stdout).toContain(`${diskId}  disk  web   1 GiB  available`);
    expect(json(await runCli(["resource", "remove", diskId, "--json", ...data]))).toEqual({
      id: diskId,
      removed: true,
    });
    expect(service.calls()).toEqual(["GET /holdfast/resources", `DELETE /holdfast/resources/${diskId}`]);
  });
});

describe("tasks, restore points and protectables", () => {
  test("are shown with their progress and their reasons", async () => {
    const failed = task("failed", { code: "BackupService.7100", message: "the file has vanished" });
    const { data } = await setUp({
      "GET /operation-logs": [{ operation_logs: [task("running")], count: 1 }],
      [`GET /operation-logs/${taskId}`]: [{ operation_log: failed }],
      [`GET /checkpoints/${checkpointId}`]: [checkpoint("available")],
      "GET /protectables/server/instances": [
        { instances: [{ id: "i", name: "s", status: "ACTIVE", size: 1, protectable: { result: true } }] },
      ],
    });
    expect((await runCli(["task", "list", ...data])).stdout).toContain("running  40 %");
    expect((await runCli(["task", "show", taskId, ...data])).stdout).toContain(
      "BackupService.7100: the file has vanished",
    );
    expect((await runCli(["checkpoint", "show", checkpointId, ...data])).stdout).toContain("available");
    expect((await runCli(["protectable", "list", "--type", "server", ...data])).stdout).toContain("1 GiB  yes");
  });
});
