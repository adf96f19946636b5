/** What a backup run promises, from the request to the sealed backup. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

const SIZE = 8 * BLOCK;
const _GB = 1024 ** 3;
const rows = async (path: string, key: string) => (await host.call("GET", path)).body[key];
const logs = (query: string) => rows(`/operation-logs?${query}`, "operation_logs");
const checkpoint = async (id: string) => (await host.call("GET", `/checkpoints/${id}`)).body.checkpoint;
const refusal = ({ status, body }: Awaited<ReturnType<AppHost["call"]>>) => [status, body.error_code];

describe("a disk's backup", () => {
  test("is available with its sizes, instant and a successful task, and its resource is free again (BKP-04, BKP-16, BKP-25)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1, 5: 2 }));
    const vault = await host.vault(["d1"]);
    const before = host.services.now();
    const { checkpoint: id, of } = await host.backUp(vault, { name: "first" });
    const shown = await host.backup(of.d1 ?? "");
    expect(shown).toMatchObject({ name: "first", status: "available", resource_id: "d1", children: [] });
    const protectedAt = Date.parse(`${shown.protected_at}Z`);
    expect(protectedAt).toBeGreaterThanOrEqual(before);
    expect(protectedAt).toBeLessThanOrEqual(host.services.now());
    expect((await checkpoint(id)).status).toBe("available");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", used: 2 * BLOCK, backups: 1 });
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing).toMatchObject({ used: 1 });
    const [log] = await logs("operation_type=backup");
    expect(log).toMatchObject({ status: "success", extra_info: { common: { progress: 100 } } });
    expect(log.ended_at).not.toBeNull();
    expect(host.disks.captures.size).toBe(0);
  });

  test("holds the instant of its capture, whatever is written to the disk while it runs (BKP-15, BKP-16)", async () => {
    const then = diskOf(SIZE, { 0: 1, 5: 2 });
    host.disks.addDiskWith("d1", Uint8Array.from(then));
    const vault = await host.vault(["d1"]);
    host.hooks = {
      beforeTask: (task) => {
        if (task === "backup-group.transfer") host.disks.bytes.get("d1")?.fill(7);
      },
    };
    const { capture } = host.services.resources;
    let instant = 0;
    // The instant is the snapshot's, not that of its answer.
    host.services.resources.capture = async (ask) => {
      const made = await capture(ask);
      instant = made.instant;
      host.clock.ahead += 5000;
      return made;
    };
    const { of } = await host.backUp(vault);
    expect(Date.parse(`${(await host.backup(of.d1 ?? "")).protected_at}Z`)).toBe(instant);
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(host.disks.bytes.get("d1")).toEqual(then);
  });

  test("reads all and stores only what changed; a block of zeros is neither stored nor counted (CON-11, CON-13)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1, 5: 3 }));
    const vault = await host.vault(["d1"]);
    await host.backUp(vault);
    const stored = () =>
      [...host.objects.objects].reduce((sum, [name, b]) => sum + (name.includes("/packs/") ? b.length : 0), 0);
    const first = stored();
    host.disks.setBytes("d1", diskOf(SIZE, { 0: 1, 5: 3, 6: 5 }));
    await host.backUp(vault);
    expect(stored() - first).toBeLessThan(1.2 * BLOCK);
    expect((await host.binding(vault, "d1")).used).toBe(3 * BLOCK);
    await host.backUp(vault);
    expect((await host.binding(vault, "d1")).used).toBe(3 * BLOCK);
  });

  test("counts what the guest deleted but did not zero as any other data (CON-12)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1, 1: 3, 2: 5 }));
    const vault = await host.vault(["d1"]);
    await host.backUp(vault);
    const freed = diskOf(SIZE, { 0: 1, 1: 3, 2: 5 });
    freed[0] = (freed[0] ?? 0) ^ 1;
    host.disks.setBytes("d1", freed);
    await host.backUp(vault);
    expect((await host.binding(vault, "d1")).used).toBe(4 * BLOCK);
  });

  test("can be asked in full; a full one restores like any other (CON-15)", async () => {
    const first = diskOf(SIZE, { 0: 1, 5: 3 });
    host.disks.addDiskWith("d1", Uint8Array.from(first));
    const vault = await host.vault(["d1"]);
    const a = await host.backUp(vault);
    const full = await host.backUp(vault, { incremental: false });
    expect((await host.backup(full.of.d1 ?? "")).incremental).toBe(false);
    expect((await host.binding(vault, "d1")).used).toBe(2 * BLOCK);
    for (const id of [full.of.d1, a.of.d1]) {
      host.disks.setBytes("d1", new Uint8Array(SIZE).fill(9));
      expect((await host.restore(id ?? "", { volume_id: "d1" })).status).toBe("success");
      expect(host.disks.bytes.get("d1")).toEqual(first);
    }
  });

  test("survives its disk: it stays listed and deletable when the disk is gone (CON-18)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const { of } = await host.backUp(vault);
    host.disks.resources.delete("d1");
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect(refusal(await host.start(vault))).toEqual([404, "BackupService.7000"]);
    expect(refusal(await host.call("POST", `/backups/${of.d1}/restore`, { restore: { volume_id: "d1" } }))).toEqual([
      404,
      "BackupService.7000",
    ]);
    await host.drop(of.d1 ?? "");
    expect((await host.call("GET", `/backups/${of.d1}`)).status).toBe(404);
  });

  test("belongs to one vault, one resource and one checkpoint (CON-05)", async () => {
    host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const { checkpoint: id, of } = await host.backUp(vault);
    expect(await host.backup(of.d1 ?? "")).toMatchObject({ vault_id: vault, resource_id: "d1", checkpoint_id: id });
  });
});

describe("names and flags of a run", () => {
  beforeEach(() => {
    for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(BLOCK, { 0: 1 }));
  });
  const namesOf = async (id: string) =>
    (await rows(`/backups?checkpoint_id=${id}`, "backups")).map((b: { name: string }) => b.name).sort();

  test("are the given name with -0001, -0002 in list order, or manualbk_xxxx (BKP-02)", async () => {
    const vault = await host.vault(["d1", "d2"]);
    expect(await namesOf((await host.backUp(vault, { name: "weekly" })).checkpoint)).toEqual([
      "weekly-0001",
      "weekly-0002",
    ]);
    const [first, second] = await namesOf((await host.backUp(vault)).checkpoint);
    expect(first).toMatch(/^manualbk_[0-9a-f]{4}-0001$/);
    expect(second).toBe(first.replace("-0001", "-0002"));
    const one = await host.backUp(vault, { resources: ["d2"] });
    expect(await namesOf(one.checkpoint)).toEqual([expect.stringMatching(/^manualbk_[0-9a-f]{4}$/)]);
  });

  test("keep the suffix of the longest name within 64 characters (BKP-02)", async () => {
    const vault = await host.vault(["d1", "d2"]);
    const long = "n".repeat(64);
    const names = await namesOf((await host.backUp(vault, { name: long })).checkpoint);
    expect(names).toEqual([`${"n".repeat(59)}-0001`, `${"n".repeat(59)}-0002`]);
  });

  test("of an automatic run carry the flag, the vault's prefix and autobk_ (BKP-02, BKP-03, BKP-04)", async () => {
    const vault = await host.vault(["d1"], { backup_name_prefix: "nightly-" });
    const { of } = await host.backUp(vault, { auto_trigger: true });
    const shown = await host.backup(of.d1 ?? "");
    expect(shown.name).toMatch(/^nightly-autobk_[0-9a-f]{4}$/);
    expect(shown.extend_info.auto_trigger).toBe(true);
    const manual = await host.backUp(vault, { name: "autobk_fake" });
    expect((await host.backup(manual.of.d1 ?? "")).extend_info.auto_trigger).toBe(false);
  });
});

describe("which resources take part", () => {
  test("all of the vault or the chosen ones, each with a backup and a task of its own (BKP-01, BKP-09, TSK-01)", async () => {
    for (const id of ["d1", "d2", "d3"]) host.disks.addDiskWith(id, diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1", "d2", "d3"]);
    expect(Object.keys((await host.backUp(vault)).of).sort()).toEqual(["d1", "d2", "d3"]);
    expect(Object.keys((await host.backUp(vault, { resources: ["d3", "d1"] })).of).sort()).toEqual(["d1", "d3"]);
    const tasks = await logs("operation_type=backup");
    expect(tasks.map((t: { extra_info: { resource: { id: string } } }) => t.extra_info.resource.id).sort()).toEqual([
      "d1",
      "d1",
      "d2",
      "d3",
      "d3",
    ]);
  });

  test("a run over a vault without resources is refused with 0001 (BKP-06)", async () => {
    const made = await host.vault([]);
    expect(refusal(await host.start(made))).toEqual([400, "BackupService.0001"]);
  });

  test("unfit ones are skipped with code and reason while the others run (BKP-07)", async () => {
    for (const id of ["d1", "d2", "d3"]) host.disks.addDiskWith(id, diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1", "d2", "d3"]);
    host.disks.resources.delete("d2");
    host.disks.addDisk("d3", { status: "in-use", reason: "process 7 has it open" });
    const started = await host.start(vault);
    await host.idle();
    expect(started.body.checkpoint.vault.skipped_resources).toEqual([
      expect.objectContaining({ id: "d2", code: "BackupService.7000" }),
      expect.objectContaining({ id: "d3", code: "BackupService.7003", reason: "process 7 has it open" }),
    ]);
    expect((await checkpoint(started.body.checkpoint.id)).vault.skipped_resources).toHaveLength(2);
    expect(await rows(`/backups?checkpoint_id=${started.body.checkpoint.id}`, "backups")).toHaveLength(1);
  });

  test("all unfit for one reason refuse the run with its code, for several reasons with 0001 (BKP-06, BKP-07)", async () => {
    for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1", "d2"]);
    host.disks.resources.delete("d1");
    host.disks.resources.delete("d2");
    expect(refusal(await host.start(vault))).toEqual([404, "BackupService.7000"]);
    host.disks.addDisk("d2", { status: "error", reason: "cannot be read" });
    const both = await host.start(vault);
    expect(refusal(both)).toEqual([400, "BackupService.0001"]);
    expect(both.body.error_msg).toContain("cannot be read");
    expect(await logs("operation_type=backup")).toEqual([]);
  });

  test("a resource that is not in the vault, or named twice, refuses the run before anything is taken", async () => {
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    expect(refusal(await host.start(vault, { resources: ["d1", "other"] }))).toEqual([400, "BackupService.6135"]);
    expect(refusal(await host.start(vault, { resources: ["d1", "d1"] }))).toEqual([400, "BackupService.6104"]);
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", backups: 0 });
  });

  test("60 resources are one checkpoint; one that gets busy while it is recorded is skipped (BKP-07, CCY-02)", async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `d${String(i).padStart(2, "0")}`);
    for (const id of ids) host.disks.addDiskWith(id, new Uint8Array(4096).fill(3));
    const vault = await host.vault(ids);
    // d55 is taken by another run between the first transaction and its own.
    const { transact } = host.records;
    let recorded = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    host.hooks = { beforeTask: () => held };
    host.records.transact = async (writes) => {
      await transact(writes);
      if (writes.length < 60 || ++recorded > 1) return;
      const other = await host.start(vault, { resources: ["d55"], name: "other" });
      expect(other.status).toBe(200);
    };
    const started = await host.start(vault);
    host.records.transact = transact;
    expect(recorded).toBeGreaterThan(0);
    expect(started.status).toBe(200);
    release();
    const { id, vault: part } = started.body.checkpoint;
    expect(part.resources).toHaveLength(59);
    expect(part.skipped_resources).toEqual([expect.objectContaining({ id: "d55", code: "BackupService.6125" })]);
    await host.idle();
    expect((await checkpoint(id)).status).toBe("available");
    const backups = await rows("/backups?limit=1000", "backups");
    expect(backups).toHaveLength(60);
    expect(new Set(backups.map((b: { status: string }) => b.status))).toEqual(new Set(["available"]));
    for (const one of ids) expect(await host.binding(vault, one)).toMatchObject({ status: "available", backups: 1 });
  });
});
