/** Is a resource bound once, wholly, and only where it fits? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listVaults } from "../../core/app/lists/list-vaults.ts";
import { vaultKey } from "../../core/app/records/keys.ts";
import { bindings, insert, remove, replace, vaults } from "../../core/app/records/tables.ts";
import { addResources } from "../../core/app/vaults/add-resources.ts";
import { createVault, type VaultDraft } from "../../core/app/vaults/create-vault.ts";
import type { ResourceAsk } from "../../core/app/vaults/plan-bindings.ts";
import { loadClaims } from "../../core/app/vaults/sagas.ts";
import { showVault } from "../../core/app/vaults/show-vault.ts";
import type { Fault } from "../../core/domain/fault.ts";
import { GIB } from "../../core/domain/values.ts";
import { CALLER, createVaultHost, PROJECT, type VaultHost } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const disk = (id: string, extraInfo = {}): ResourceAsk => ({ id, type: "OS::Cinder::Volume", extraInfo });
const server = (id: string, extraInfo = {}): ResourceAsk => ({ id, type: "OS::Nova::Server", extraInfo });

const draft = (
  objectType: VaultDraft["billing"]["objectType"],
  resources: readonly ResourceAsk[] = [],
  protectType: "backup" | "replication" = "backup",
): VaultDraft => ({
  name: "v",
  description: "",
  billing: {
    objectType,
    protectType,
    consistentLevel: "crash_consistent",
    cloudType: "public",
    size: 100,
    isMultiAz: false,
  },
  resources,
  tags: [],
  enterpriseProjectId: "0",
  autoBind: false,
  bindRules: [],
  autoExpand: false,
  smnNotify: true,
  threshold: 80,
  locked: false,
  backupNamePrefix: "",
  demandBilling: false,
  availabilityZone: "",
  sysLockSourceService: "",
});

const create = (...args: Parameters<typeof draft>) => createVault(host.services, CALLER, draft(...args));
const add = (vaultId: string, ...asks: ResourceAsk[]) => addResources(host.services, CALLER, vaultId, asks);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: Fault) => error.code ?? String(error),
  );
const all = async () =>
  (await listVaults(host.services, PROJECT, { ids: [], resourceIds: [] }, { limit: 1000, offset: 0 })).rows;

describe("what a vault takes", () => {
  beforeEach(() => {
    host.resources.addDisk("d");
    host.resources.addServer("s", 2);
    host.resources.addDisk("bad-disk", { status: "error", reason: "the file is missing" });
    host.resources.addServer("bad-server", 1, { status: "ERROR" });
    host.resources.addServer("empty-server", 0);
    host.resources.addServer("diskless", 0, { status: "ACTIVE" });
    host.resources.addDisk("busy-disk", { status: "in-use" });
    for (const [id, shared] of [
      ["sharing", 10],
      ["sharing-all", 11],
    ] as const) {
      const made = host.resources.addServer(id, 12);
      const disks = made.disks.map((one, i) => (i < shared ? { ...one, shared: true } : one));
      host.resources.resources.set(id, { ...made, disks });
    }
  });

  it.each<[string, VaultDraft["billing"]["objectType"], readonly ResourceAsk[], string]>([
    ["a server in a disk vault (CON-01)", "disk", [server("s")], "6102"],
    ["a disk in a server vault (CON-02)", "server", [disk("d")], "6102"],
    ["an unknown type", "disk", [{ ...disk("d"), type: "OS::Tape" }], "6102"],
    ["an unknown disk", "disk", [disk("none")], "7000"],
    ["an unknown server", "server", [server("none")], "7100"],
    ["a disk that is called a server", "server", [server("d")], "7100"],
    ["a server that is called a disk", "disk", [disk("s")], "7000"],
    ["a share of a file system, which no host has yet", "turbo", [{ ...disk("d"), type: "OS::Sfs::Turbo" }], "7500"],
    ["a resource twice", "disk", [disk("d"), disk("d")], "6104"],
    ["a disk in error (VLT-20)", "disk", [disk("bad-disk")], "7003"],
    ["a server in error (VLT-20)", "server", [server("bad-server")], "7101"],
    ["a server without disks (VLT-20)", "server", [server("empty-server")], "7108"],
    ["a server with more than ten shared disks (VLT-23)", "server", [server("sharing-all")], "7107"],
    ["a running server without disks (VLT-20)", "server", [server("diskless")], "7108"],
    ["no disk left (VLT-24)", "server", [server("s", { exclude_volumes: ["s-d0", "s-d1"] })], "9900"],
    ["only an unknown disk included (VLT-24)", "server", [server("s", { include_volumes: [{ id: "x" }] })], "9900"],
    ["chosen volumes of a disk", "disk", [disk("d", { exclude_volumes: ["x"] })], "9900"],
  ])("refuses %s, and makes no vault (VLT-06)", async (_, kind, resources, code) => {
    expect(await codeOf(create(kind, resources))).toBe(code);
    expect(await all()).toEqual([]);
    const { vault } = await create(kind);
    expect(await codeOf(add(vault.id, ...resources))).toBe(code);
    expect((await showVault(host.services, PROJECT, vault.id)).bindings).toEqual([]);
    expect(await loadClaims(host.records, PROJECT, ["d", "s", "s-d0", "s-d1", "bad-disk"])).toEqual(new Map());
  });

  it("takes a disk that is in use, and one that is larger than the vault (VLT-20, VLT-26)", async () => {
    host.resources.addDisk("huge", { size: 500 * GIB });
    const { bindings: bound } = await create("disk", [disk("busy-disk"), disk("huge")]);
    expect(bound.map((b) => b.resourceId)).toEqual(["busy-disk", "huge"]);
  });

  it("takes a server with ten shared disks (VLT-23)", async () => {
    expect((await create("server", [server("sharing")])).bindings[0]?.claimedDisks).toHaveLength(12);
  });

  it("keeps an excluded disk that is not there any more, as long as one stays (VLT-24)", async () => {
    const { bindings: bound } = await create("server", [server("s", { exclude_volumes: ["s-d1", "gone"] })]);
    expect(bound[0]?.extraInfo).toEqual({ exclude_volumes: ["s-d1", "gone"] });
  });

  it("binds nothing in a replication vault (CON-03: 6108)", async () => {
    expect(await codeOf(create("server", [server("s")], "replication"))).toBe("6108");
    const { vault } = await create("server", [], "replication");
    expect(await codeOf(add(vault.id, server("s")))).toBe("6108");
  });

  it("takes 255 at creation and 256 in all (VLT-06, VLT-07: 6100)", async () => {
    const disks = Array.from({ length: 258 }, (_, i) => host.resources.addDisk(`m${i}`).id);
    expect(
      await codeOf(
        create(
          "disk",
          disks.slice(0, 256).map((id) => disk(id)),
        ),
      ),
    ).toBe("6100");
    const { vault } = await create(
      "disk",
      disks.slice(0, 255).map((id) => disk(id)),
    );
    expect(await codeOf(add(vault.id, disk("m255"), disk("m256")))).toBe("6100");
    expect(await add(vault.id, disk("m255"))).toEqual(["m255"]);
    expect(await codeOf(add(vault.id, disk("m256")))).toBe("6100");
    expect(await add(vault.id, disk("m3"))).toEqual(["m3"]);
    expect((await showVault(host.services, PROJECT, vault.id)).bindings).toHaveLength(256);
  });
});

describe("one vault a resource (CON-04)", () => {
  beforeEach(() => {
    host.resources.addDisk("d");
    host.resources.addServer("s", 2);
  });

  it("refuses a resource of another vault with 6103", async () => {
    await create("disk", [disk("d")]);
    await create("server", [server("s")]);
    expect(await codeOf(create("disk", [disk("d")]))).toBe("6103");
    const { vault } = await create("server");
    expect(await codeOf(add(vault.id, server("s")))).toBe("6103");
  });

  it("refuses a disk that is reached twice with 6137, whichever way comes first", async () => {
    await create("server", [server("s")]);
    expect(await codeOf(create("disk", [disk("s-d1")]))).toBe("6137");
    const t = host.resources.addServer("t", 2);
    await create("disk", [disk("t-d1")]);
    expect(await codeOf(create("server", [server("t")]))).toBe("6137");
    host.resources.addServer("u", 1, { disks: t.disks });
    host.resources.addServer("w", 1, { disks: t.disks });
    expect(await codeOf(create("server", [server("u"), server("w")]))).toBe("6137");
  });

  it("lets exactly one of many parallel requests bind a resource (CCY-02)", async () => {
    const { vault } = await create("disk");
    const outcomes = await Promise.all([
      ...Array.from({ length: 5 }, () => codeOf(create("disk", [disk("d")]))),
      ...Array.from({ length: 5 }, () => codeOf(add(vault.id, disk("d")))),
    ]);
    const holders = (await all()).filter(({ bindings: bound }) => bound.length > 0);
    expect(holders).toHaveLength(1);
    // Adding to the vault that holds it is no conflict (VLT-25).
    const here = holders[0]?.vault.id === vault.id;
    expect(outcomes.filter((o) => o === "done")).toHaveLength(here ? 5 : 1);
    expect(new Set(outcomes)).toEqual(new Set(["done", "6103"]));
  });

  it("frees a resource when the vault that held it is gone", async () => {
    const { vault, bindings: bound } = await create("disk", [disk("d")]);
    await host.records.transact([
      { op: "delete", key: vaultKey(vault.id), if: "any" },
      ...bound.map((b) => remove(bindings, b)),
    ]);
    expect(await codeOf(create("disk", [disk("d")]))).toBe("done");
  });

  it("claims the disks that a server gained, and frees those that it lost, when it is added again", async () => {
    const { vault } = await create("server", [server("s")]);
    const gained = host.resources.addDisk("new", { serverId: "s" });
    const s = host.resources.resources.get("s");
    if (s?.kind !== "server") throw new Error("no server");
    host.resources.resources.set("s", { ...s, disks: [...s.disks.slice(0, 1), gained] });
    await add(vault.id, server("s"));
    expect(await codeOf(create("disk", [disk("new")]))).toBe("6137");
    expect(await codeOf(create("disk", [disk("s-d1")]))).toBe("done");
  });
});

describe("the numbers of a vault", () => {
  it("shows what is bound as allocated and what backups hold as used (CAP-01, CAP-10)", async () => {
    host.resources.addDisk("a", { size: 10 * GIB });
    host.resources.addDisk("b", { size: 1 });
    const { bindings: bound } = await create("disk", [disk("a"), disk("b")]);
    const [first, second] = bound;
    if (first === undefined || second === undefined) throw new Error("two bindings");
    await host.records.write(replace(bindings, { ...first, used: 3 * 1024 ** 2 + 1, backups: 2 }));
    await host.records.write(replace(bindings, { ...second, used: 512, backups: 1 }));
    const { body } = await host.call("GET", "/vaults");
    expect(body.vaults[0].billing).toMatchObject({ allocated: 11, used: 4 });
    expect(body.vaults[0].resources).toMatchObject([
      { id: "a", size: 10, backup_size: 4, backup_count: 2 },
      { id: "b", size: 1, backup_size: 1, backup_count: 1 },
    ]);
  });

  it("does not shrink below what backups use (CAP-18: 6101)", async () => {
    host.resources.addDisk("a");
    const { vault, bindings: bound } = await create("disk", [disk("a")]);
    const [first] = bound;
    if (first === undefined) throw new Error("a binding");
    await host.records.write(replace(bindings, { ...first, used: 20 * GIB + 1 }));
    const put = (size: number) => host.call("PUT", `/vaults/${vault.id}`, { vault: { billing: { size } } });
    expect((await put(20)).body.error_code).toBe("BackupService.6101");
    expect((await put(21)).body.vault.billing.size).toBe(21);
  });
});

describe("the gate", () => {
  it("makes a binding begin again when the vault changed meanwhile, so that it never joins a vault that is going", async () => {
    host.resources.addDisk("d");
    const { vault } = await create("disk");
    const slow = host.over(host.records, {
      resources: {
        ...host.resources,
        find: async (id: string) => {
          const fresh = await showVault(host.services, PROJECT, vault.id);
          if (fresh.vault.status === "available")
            await host.records.write(replace(vaults, { ...fresh.vault, status: "deleting" }));
          return host.resources.find(id);
        },
      },
    });
    expect(await codeOf(addResources(slow, CALLER, vault.id, [disk("d")]))).toBe("6112");
    expect(await loadClaims(host.records, PROJECT, ["d"])).toEqual(new Map());
  });

  it("raises the vault's version, so that a start that read it before loses", async () => {
    host.resources.addDisk("d");
    const { vault } = await create("disk");
    await add(vault.id, disk("d"));
    await expect(host.records.write(replace(vaults, vault))).rejects.toThrow("condition failed");
    await expect(host.records.write(insert(vaults, vault))).rejects.toThrow("condition failed");
  });
});
