/** Are the servers and disks of a host shown as they could be bound, and registered and removed safely? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { insert, runs } from "../../core/app/records/tables.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { GIB } from "../../core/domain/values.ts";
import type { ResourceInventory } from "../../core/ports/resource-inventory.ts";
import {
  createVaultHost,
  diskResource,
  PROJECT,
  serverResource,
  type VaultHost,
  vaultBody,
} from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const bind = async (object_type: string, ...resources: object[]) =>
  (await host.call("POST", "/vaults", vaultBody({ resources }, { object_type }))).body.vault;
const show = async (type: string, id: string) =>
  (await host.call("GET", `/protectables/${type}/instances/${id}`)).body.instance;
const list = async (type: string, query = "") => {
  const { status, body } = await host.call("GET", `/protectables/${type}/instances?${query}`);
  expect(status).toBe(200);
  return body.instances.map((one: { id: string }) => one.id);
};

describe("a resource that can be bound (cbr-api 5.14)", () => {
  it("is shown with sizes in GB and its disks", async () => {
    host.resources.addServer("s1", 2);
    expect(await show("server", "s1")).toMatchObject({
      id: "s1",
      name: "server-s1",
      type: "OS::Nova::Server",
      status: "SHUTOFF",
      size: 20,
      children: [
        {
          id: "s1-d0",
          type: "OS::Cinder::Volume",
          size: 10,
          detail: { bootable: true, server_id: "s1" },
          children: [],
        },
        { id: "s1-d1", detail: { bootable: false } },
      ],
      protectable: { result: true, code: "", reason: "", message: "", vault: null },
    });
    host.resources.addDisk("d1", { size: 5 * GIB + 1, detail: { path: "/srv/d1.img" } });
    expect(await show("disk", "d1")).toMatchObject({
      size: 6,
      status: "available",
      children: [],
      detail: { path: "/srv/d1.img", bytes: 5 * GIB + 1 },
    });
  });

  it("says why it cannot be, and which vault holds it (CON-04, VLT-20, VLT-23)", async () => {
    host.resources.addServer("s1", 2);
    host.resources.addServer("s2", 2);
    host.resources.addServer("s3", 0);
    const shared = host.resources.addServer("s5", 11);
    host.resources.resources.set("s5", { ...shared, disks: shared.disks.map((one) => ({ ...one, shared: true })) });
    host.resources.addServer("s4", 1, { status: "ERROR", reason: "disk s4-d0 is missing" });
    host.resources.addDisk("d1", { status: "error", reason: "the file is missing" });
    const servers = await bind("server", serverResource("s1"));
    const disks = await bind("disk", diskResource("s2-d1"));
    const verdict = async (type: string, id: string) => {
      const { result, code, vault } = (await show(type, id)).protectable;
      return [result, code, vault?.id ?? null];
    };
    expect(await verdict("server", "s1")).toEqual([false, "BackupService.6103", servers.id]);
    expect(await verdict("disk", "s1-d0")).toEqual([false, "BackupService.6137", servers.id]);
    expect(await verdict("disk", "s2-d1")).toEqual([false, "BackupService.6103", disks.id]);
    expect(await verdict("disk", "s2-d0")).toEqual([true, "", null]);
    expect(await verdict("server", "s2")).toEqual([false, "BackupService.6137", null]);
    expect(await verdict("server", "s3")).toEqual([false, "BackupService.7108", null]);
    expect(await verdict("server", "s4")).toEqual([false, "BackupService.7101", null]);
    expect(await verdict("server", "s5")).toEqual([false, "BackupService.7107", null]);
    expect(await verdict("disk", "d1")).toEqual([false, "BackupService.7003", null]);
    expect((await show("server", "s4")).protectable.reason).toContain("s4-d0 is missing");
  });

  it("is 404 with the code of its kind when it does not exist", async () => {
    host.resources.addDisk("d1");
    for (const [type, id, code] of [
      ["disk", "none", "7000"],
      ["server", "none", "7100"],
      ["server", "d1", "7100"],
      ["turbo", "x", "6302"],
    ]) {
      const { status, body } = await host.call("GET", `/protectables/${type}/instances/${id}`);
      expect([status, body.error_code]).toEqual([404, `BackupService.${code}`]);
    }
  });
});

describe("listing what can be bound (#49)", () => {
  beforeEach(() => {
    for (const id of ["d1", "d2", "d3"]) host.resources.addDisk(id);
    host.resources.addDisk("d4", { status: "in-use", name: "special" });
    host.resources.addServer("s1", 2);
    host.resources.addServer("s2", 1, { status: "ACTIVE" });
  });

  it.each([
    ["disk", "limit=50", ["d1", "d2", "d3", "d4", "s1-d0", "s1-d1", "s2-d0"]],
    ["disk", "limit=2", ["d1", "d2"]],
    ["disk", "limit=2&marker=d2", ["d3", "d4"]],
    ["disk", "limit=2&offset=3", ["d4", "s1-d0"]],
    ["disk", "marker=s2-d0", []],
    ["disk", "offset=100", []],
    ["disk", "name=special", ["d4"]],
    ["disk", "status=In-Use", ["d4"]],
    ["disk", "id=d3", ["d3"]],
    ["disk", "id=s1", []],
    ["disk", "server_id=s1", ["s1-d0", "s1-d1"]],
    ["disk", "server_id=none", []],
    ["server", "", ["s1", "s2"]],
    ["server", "status=active", ["s2"]],
    ["turbo", "", []],
    ["workspace", "", []],
    ["workspace_v2", "", []],
  ])("%s instances with %s", async (type, query, ids) => {
    expect(await list(type, query)).toEqual(ids);
  });

  it.each([
    ["disk", "limit=51", "limit"],
    ["tape", "", "protectable_type"],
  ])("refuses %s instances with %s", async (type, query, field) => {
    const { status, body } = await host.call("GET", `/protectables/${type}/instances?${query}`);
    expect([status, body.error_code]).toEqual([400, "BackupService.9900"]);
    expect(body.error_msg).toContain(field);
  });
});

describe("registering resources of this host", () => {
  class ResourceRefused extends Error {
    override readonly name = "ResourceRefused";
    readonly field: string;
    constructor(field: string, reason: string) {
      super(`${field}: ${reason}`);
      this.field = field;
    }
  }
  const inventory: ResourceInventory = {
    async addDisk({ path, name, system, forceRaw }) {
      if (path.endsWith(".qcow2") && !forceRaw) throw new ResourceRefused("path", "is a qcow2 image");
      host.resources.addDisk("new-disk", { name, system });
      return { id: "new-disk" };
    },
    async addServer({ name, diskIds }) {
      if (diskIds.includes("none")) throw new ResourceRefused("diskIds", "no disk has the id none");
      host.resources.addServer("new-server", diskIds.length, { name });
      return { id: "new-server" };
    },
    async remove(id, { isProtected }) {
      const reason = await isProtected(id);
      if (reason !== undefined) throw new ResourceRefused("id", `${id} cannot be removed: ${reason}`);
      host.resources.resources.delete(id);
      return { id };
    },
  };
  const call = (method: string, path: string, body?: unknown) =>
    host.call(method, `/holdfast/resources${path}`, body, host.over(host.records, { inventory }));
  const add = (resource: object) => call("POST", "", { resource });

  it("answers the new disk or server, and lists them", async () => {
    const disk = await add({ kind: "disk", path: "/srv/a.img", name: "a", system: true });
    expect(disk).toMatchObject({
      status: 200,
      body: {
        resource: { id: "new-disk", kind: "disk", name: "a", size: 10 * GIB, status: "available", system: true },
      },
    });
    const server = await add({ kind: "server", name: "web", disk_ids: ["x", "y"] });
    expect(server.body.resource).toMatchObject({ id: "new-server", kind: "server", disks: [{}, {}] });
    const { body } = await call("GET", "");
    expect(body.count).toBe(4);
    expect(body.resources.map((r: { kind: string }) => r.kind)).toEqual(["server", "disk", "disk", "disk"]);
  });

  it.each([
    [{}, "resource.kind"],
    [{ kind: "tape" }, "resource.kind"],
    [{ kind: "disk", name: "a" }, "resource.path"],
    [{ kind: "disk", path: "/a", name: "" }, "resource.name"],
    [{ kind: "disk", path: "/a.qcow2", name: "a" }, "resource.path: is a qcow2 image"],
    [{ kind: "server", name: "a" }, "resource.disk_ids"],
    [{ kind: "server", name: "a", disk_ids: ["none"] }, "resource.disk_ids: no disk has the id none"],
  ])("refuses %j and names the field", async (resource, text) => {
    const { status, body } = await add(resource);
    expect([status, body.error_code]).toEqual([400, "BackupService.9900"]);
    expect(body.error_msg).toContain(text);
  });

  it("removes what no vault holds, and names the vault of what one does", async () => {
    host.resources.addDisk("d1");
    host.resources.addServer("s1", 1);
    const vault = await bind("disk", diskResource("d1"));
    await bind("server", serverResource("s1"));
    const refused = await call("DELETE", "/d1");
    expect([refused.status, refused.body.error_code]).toEqual([400, "BackupService.9900"]);
    expect(refused.body.error_msg).toContain(vault.id);
    expect((await call("DELETE", "/s1-d0")).body.error_msg).toContain("with server s1");
    host.resources.addDisk("d2");
    expect(await call("DELETE", "/d2")).toEqual({ status: 204, body: undefined });
    expect((await call("DELETE", "/d2")).status).toBe(404);
  });

  it("keeps a disk that no vault holds while a restore writes to it", async () => {
    host.resources.addDisk("d1");
    const target = { provider: "p", diskId: "d1", mode: "overwrite" as const, size: 1, detail: {} };
    const disks = [{ diskId: "source", name: "n", system: false, size: 1, rootId: "root", target }];
    const ids = { id: "run", projectId: PROJECT, vaultId: "v", resourceId: "r", backupId: "b", taskId: "task-1" };
    const run = { ...ids, schema: 1 as const, kind: "restore" as const, domainId: defaultDomain(PROJECT), disks };
    await host.records.write(insert(runs, { ...run, fence: 1, pins: [], attempt: 0, openedAt: 0, heartbeat: 0 }));
    expect((await call("DELETE", "/d1")).body.error_msg).toContain("a restore is working on it (task task-1)");
  });

  it("is 501 on a host without an inventory", async () => {
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["POST", "", { resource: {} }],
      ["DELETE", "/x", undefined],
    ] as const)
      expect((await host.call(method, `/holdfast/resources${path}`, body)).status).toBe(501);
  });
});
