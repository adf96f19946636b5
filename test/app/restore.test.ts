/** What a restore promises: who may go where, what is written, and what a failure leaves behind. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TargetUnusable } from "../../core/ports/blocks.ts";
import type { Server } from "../../core/ports/resource-provider.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

const SIZE = 4 * BLOCK;
const ask = async (id: string, restore: object) => {
  const { status, body } = await host.call("POST", `/backups/${id}/restore`, { restore });
  return [status, body.error_code ?? "accepted"];
};
const bytes = (id: string) => Buffer.from(host.disks.bytes.get(id) ?? []);
const same = (id: string, content: Uint8Array) => bytes(id).equals(content);

describe("a disk's restore", () => {
  const then = diskOf(SIZE, { 0: 1, 2: 2 });
  let vault: string;
  let id: string;
  beforeEach(async () => {
    host.disks.addDiskWith("d1", Uint8Array.from(then));
    host.disks.addDiskWith("d2", Uint8Array.from(then));
    vault = await host.vault(["d1", "d2"]);
    id = (await host.backUp(vault)).of.d1 ?? "";
  });

  test("overwrites everything, zeros too, and says so while it runs (RST-01, RST-05, RST-25)", async () => {
    host.disks.bytes.get("d1")?.fill(0xee);
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task !== "restore-group.write") return;
        const { operation_logs } = (await host.call("GET", "/operation-logs?operation_type=restore")).body;
        seen.push((await host.backup(id)).status, (await host.binding(vault, "d1")).status, operation_logs[0].status);
      },
    };
    const log = await host.restore(id, { volume_id: "d1" });
    expect(seen).toEqual(["restoring", "restoring", "running"]);
    expect(log).toMatchObject({ status: "success", extra_info: { common: { progress: 100 } } });
    expect(same("d1", then)).toBe(true);
    expect((await host.backup(id)).status).toBe("available");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });
  });

  test("of a system disk goes back to it while nothing uses it (RST-25, RST-26)", async () => {
    const content = diskOf(SIZE, { 3: 2 });
    host.disks.addDiskWith("boot", Uint8Array.from(content), { system: true });
    const boot = (await host.backUp(await host.vault(["boot"]))).of.boot ?? "";
    host.disks.addDisk("boot", { system: true, size: SIZE, status: "in-use" });
    expect(await ask(boot, { volume_id: "boot" })).toEqual([400, "BackupService.2011"]);
    host.disks.addDiskWith("boot", new Uint8Array(SIZE).fill(1), { system: true });
    expect((await host.restore(boot, { volume_id: "boot" })).status).toBe("success");
    expect(same("boot", content)).toBe(true);
  });

  test("leaves what a disk that grew since holds behind the backup's end (RST-08)", async () => {
    const grown = new Uint8Array(SIZE + BLOCK).fill(5);
    host.disks.setBytes("d1", grown);
    expect((await host.restore(id, { volume_id: "d1" })).status).toBe("success");
    expect(bytes("d1").subarray(0, SIZE).equals(then)).toBe(true);
    expect(
      bytes("d1")
        .subarray(SIZE)
        .every((b) => b === 5),
    ).toBe(true);
  });

  test("is refused, nothing changed, for another disk, a smaller one, one in use or gone (RST-02, RST-25, RST-27, RST-28)", async () => {
    expect(await ask(id, {})).toEqual([400, "BackupService.9900"]);
    expect(await ask(id, { volume_id: "d2" })).toEqual([400, "BackupService.9900"]);
    host.disks.setBytes("d1", new Uint8Array(SIZE - 512));
    expect(await ask(id, { volume_id: "d1" })).toEqual([400, "BackupService.2001"]);
    host.disks.addDiskWith("d1", new Uint8Array(SIZE), { status: "in-use", reason: "qemu has it open" });
    expect(await ask(id, { volume_id: "d1" })).toEqual([400, "BackupService.2011"]);
    host.disks.addDiskWith("d1", new Uint8Array(SIZE), { system: true });
    expect(await ask(id, { volume_id: "d1" })).toEqual([400, "BackupService.2013"]);
    host.disks.resources.delete("d1");
    expect(await ask(id, { volume_id: "d1" })).toEqual([404, "BackupService.7000"]);
    expect(await ask("none", { volume_id: "d1" })).toEqual([404, "BackupService.6200"]);
    expect((await host.backup(id)).status).toBe("available");
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });
    expect((await host.call("GET", "/operation-logs?operation_type=restore")).body.count).toBe(0);
  });

  test("to a disk that its provider cannot give away, such as one that servers share, is 2011 (RST-18)", async () => {
    const { target } = host.disks;
    host.disks.target = async () => {
      throw new TargetUnusable("volume d1 is attached to several instances: detach it from all but one first");
    };
    expect(await ask(id, { volume_id: "d1" })).toEqual([400, "BackupService.2011"]);
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });
    host.disks.target = target;
    expect((await host.restore(id, { volume_id: "d1" })).status).toBe("success");
  });

  test("goes one at a time, not beside a backup of the resource, and keeps backups off (RST-04, CCY-01)", async () => {
    const other = (await host.backUp(vault, { resources: ["d1"] })).of.d1 ?? "";
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task === "restore-group.write") {
          seen.push(await ask(id, { volume_id: "d1" }), await ask(other, { volume_id: "d1" }));
          const run = await host.start(vault, { resources: ["d1"] });
          seen.push([run.status, run.body.error_code]);
        }
        if (task === "backup-member.seal") seen.push(await ask(id, { volume_id: "d1" }));
      },
    };
    await host.restore(id, { volume_id: "d1" });
    await host.backUp(vault, { resources: ["d1"] });
    expect(seen).toEqual([
      [400, "BackupService.2010"],
      [400, "BackupService.2010"],
      [400, "BackupService.2010"],
      [400, "BackupService.2002"],
    ]);
  });

  test("that reads as success has given everything back: the next operation starts at once (CCY-02)", async () => {
    const { transact } = host.records;
    let next: number | undefined;
    host.records.transact = async (writes) => {
      await transact(writes);
      const path = "/operation-logs?operation_type=restore&status=success";
      if (next !== undefined || (await host.call("GET", path)).body.count === 0) return;
      next = 0;
      next = (await host.start(vault, { resources: ["d1"] })).status;
    };
    await host.restore(id, { volume_id: "d1" });
    await host.idle();
    expect(next).toBe(200);
  });

  test("the next backup after it compares with the baseline still and stores what the disk holds (CON-11)", async () => {
    host.disks.setBytes("d1", diskOf(SIZE, { 1: 4 }));
    const b = (await host.backUp(vault, { resources: ["d1"] })).of.d1 ?? "";
    await host.restore(id, { volume_id: "d1" });
    const c = (await host.backUp(vault, { resources: ["d1"] })).of.d1 ?? "";
    expect((await host.binding(vault, "d1")).used).toBe(5 * BLOCK);
    for (const [one, content] of [
      [b, diskOf(SIZE, { 1: 4 })],
      [c, then],
    ] as const) {
      await host.restore(one, { volume_id: "d1" });
      expect(same("d1", content)).toBe(true);
    }
  });

  test("whose target was taken meanwhile fails without a mark: nothing was written", async () => {
    host.hooks = {
      beforeTask: (task) => {
        if (task === "restore.begin") host.disks.addDisk("d1", { status: "in-use", size: SIZE });
      },
    };
    const log = await host.restore(id, { volume_id: "d1" });
    expect(log).toMatchObject({ status: "failed", error_info: { code: "BackupService.2011" } });
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "available", restoreIncomplete: false });
    expect((await host.backup(id)).status).toBe("available");
  });

  test("that failed half-way keeps backups off until one has finished (design §6)", async () => {
    const { restore } = host.services.dataPlane;
    host.services.dataPlane.restore = async () => {
      throw new Error("the disk is on fire");
    };
    const log = await host.restore(id, { volume_id: "d1" });
    expect(log).toMatchObject({ status: "failed", error_info: { message: "the disk is on fire" } });
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error", restoreIncomplete: true });
    expect((await host.backup(id)).status).toBe("available");
    expect(host.notices.map((n) => n.topic)).toContain("restore.failed");
    const refused = await host.start(vault, { resources: ["d1"] });
    expect([refused.status, refused.body.error_code]).toEqual([400, "BackupService.6215"]);
    const all = await host.start(vault);
    expect(all.body.checkpoint.vault.skipped_resources).toEqual([
      expect.objectContaining({ id: "d1", code: "BackupService.6215" }),
    ]);
    await host.idle();
    host.services.dataPlane.restore = restore;
    expect((await host.restore(id, { volume_id: "d1" })).status).toBe("success");
    expect((await host.start(vault, { resources: ["d1"] })).status).toBe(200);
    await host.idle();
  });
});

describe("a server's restore", () => {
  const contents = [diskOf(SIZE, { 0: 1 }), diskOf(SIZE, { 1: 2 })];
  let vault: string;
  let id: string;
  let parts: { id: string; resource_id: string }[];
  const server = (): Server => host.disks.resources.get("srv") as Server;
  const change = (more: Partial<Server>) => host.disks.resources.set("srv", { ...server(), ...more });
  const wipe = () => {
    for (const disk of server().disks) host.disks.bytes.get(disk.id)?.fill(9);
  };
  beforeEach(async () => {
    host.disks.addServerWith(
      "srv",
      contents.map((c) => Uint8Array.from(c)),
    );
    vault = await host.vault(["srv"]);
    id = (await host.backUp(vault)).of.srv ?? "";
    parts = (await host.backup(id)).children;
    parts.sort((a, b) => (a.resource_id < b.resource_id ? -1 : 1));
  });

  test("puts each disk back where it came from, from one instant (CON-06, RST-12, RST-14)", async () => {
    expect(parts.map((p) => p.resource_id)).toEqual(["srv-d0", "srv-d1"]);
    wipe();
    expect((await host.restore(id, { server_id: "srv", power_on: false })).status).toBe("success");
    expect(same("srv-d0", contents[0] ?? new Uint8Array())).toBe(true);
    expect(same("srv-d1", contents[1] ?? new Uint8Array())).toBe(true);
  });

  test("puts each disk where the mappings say (RST-06, RST-12)", async () => {
    host.disks.addDiskWith("extra", new Uint8Array(SIZE), { serverId: "srv" });
    const extra = host.disks.resources.get("extra");
    if (extra?.kind !== "disk") throw new Error("no extra disk");
    change({ disks: [...server().disks, extra] });
    wipe();
    const mappings = [
      { backup_id: parts[0]?.id, volume_id: "srv-d0" },
      { backup_id: parts[1]?.id, volume_id: "extra" },
    ];
    expect((await host.restore(id, { server_id: "srv", mappings })).status).toBe("success");
    expect(same("extra", contents[1] ?? new Uint8Array())).toBe(true);
    expect(bytes("srv-d1").every((b) => b === 9)).toBe(true);
  });

  test("puts a system disk's backup onto a data disk where the mappings say so, and never a data disk's onto the system disk (RST-13)", async () => {
    host.disks.addDiskWith("extra", new Uint8Array(SIZE), { serverId: "srv" });
    const extra = host.disks.resources.get("extra");
    if (extra?.kind !== "disk") throw new Error("no extra disk");
    change({ disks: [...server().disks, extra] });
    const to = (system: string, data: string) => ({
      server_id: "srv",
      mappings: [
        { backup_id: parts[0]?.id, volume_id: system },
        { backup_id: parts[1]?.id, volume_id: data },
      ],
    });
    expect(await ask(id, to("extra", "srv-d0"))).toEqual([400, "BackupService.2013"]);
    expect((await host.restore(id, to("extra", "srv-d1"))).status).toBe("success");
    expect(same("extra", contents[0] ?? new Uint8Array())).toBe(true);
  });

  test("leaves disks that came later as they are and does without those that are gone (RST-06, RST-17)", async () => {
    host.disks.addDiskWith("later", new Uint8Array(512).fill(3), { serverId: "srv" });
    const later = host.disks.resources.get("later");
    const [first] = server().disks;
    if (later?.kind !== "disk" || first === undefined) throw new Error("no disks");
    change({ disks: [first, later] });
    host.disks.bytes.get("srv-d0")?.fill(9);
    expect((await host.restore(id, { server_id: "srv" })).status).toBe("success");
    expect(same("srv-d0", contents[0] ?? new Uint8Array())).toBe(true);
    expect(bytes("later").every((b) => b === 3)).toBe(true);
  });

  test("is refused with the reason for whatever does not fit (RST-06, RST-11, RST-12, RST-13, RST-14, RST-21)", async () => {
    const [d0, d1] = parts.map((p) => p.id);
    const map = (...pairs: [string | undefined, string][]) => ({
      server_id: "srv",
      mappings: pairs.map(([backup_id, volume_id]) => ({ backup_id, volume_id })),
    });
    expect(await ask(id, {})).toEqual([400, "BackupService.9900"]);
    host.disks.addServerWith("srv2", [new Uint8Array(SIZE), new Uint8Array(SIZE)]);
    expect(await ask(id, { server_id: "srv2" })).toEqual([400, "BackupService.2003"]);
    expect(await ask(id, { server_id: "nobody" })).toEqual([404, "BackupService.7100"]);
    // A system disk's content may go to a data disk, never the other way round.
    expect(await ask(id, map([d0, "srv-d1"], [d1, "srv-d0"]))).toEqual([400, "BackupService.2013"]);
    expect(await ask(id, map([d0, "srv-d0"]))).toEqual([400, "BackupService.2012"]);
    expect(await ask(id, map([d0, "srv-d0"], [d1, "srv-d0"]))).toEqual([400, "BackupService.9900"]);
    expect(await ask(id, map([d0, "srv-d0"], [d0, "srv-d1"]))).toEqual([400, "BackupService.9900"]);
    expect(await ask(id, map([d0, "srv-d0"], [d1, "srv2-d1"]))).toEqual([404, "BackupService.7000"]);
    expect(await ask(id, map([d0, "srv-d0"], ["other", "srv-d1"]))).toEqual([400, "BackupService.9900"]);
    host.disks.setBytes("srv-d1", new Uint8Array(512));
    expect(await ask(id, { server_id: "srv" })).toEqual([400, "BackupService.2001"]);
    host.disks.setBytes("srv-d1", new Uint8Array(SIZE));
    change({ disks: server().disks.map((d) => ({ ...d, status: "in-use" as const })), status: "ACTIVE" });
    expect(await ask(id, { server_id: "srv" })).toEqual([400, "BackupService.2011"]);
    change({ status: "ERROR", reason: "disk srv-d1 is missing" });
    expect(await ask(id, { server_id: "srv" })).toEqual([400, "BackupService.2008"]);
    host.disks.resources.delete("srv");
    expect(await ask(id, { server_id: "srv" })).toEqual([404, "BackupService.7100"]);
    expect(await host.binding(vault, "srv")).toMatchObject({ status: "available", restoreIncomplete: false });
  });

  test("of a child alone is refused: restoring happens at parent level (CON-06)", async () => {
    const [status] = await ask(parts[0]?.id ?? "", { volume_id: "srv-d0" });
    expect(status).toBe(404);
  });

  test("a disk that came later is in the next backup; excluded ones are not, included ones alone are (VLT-24)", async () => {
    host.disks.addDiskWith("later", new Uint8Array(512).fill(3), { serverId: "srv" });
    const later = host.disks.resources.get("later");
    if (later?.kind !== "disk") throw new Error("no disk");
    change({ disks: [...server().disks, later] });
    const disksOf = async (extra_info: object) => {
      const { of } = await host.backUp(vault, {
        resource_details: [{ id: "srv", type: "OS::Nova::Server", extra_info }],
      });
      return (await host.backup(of.srv ?? "")).children.map((c: { resource_id: string }) => c.resource_id).sort();
    };
    expect(await disksOf({})).toEqual(["later", "srv-d0", "srv-d1"]);
    expect(await disksOf({ exclude_volumes: ["srv-d1"] })).toEqual(["later", "srv-d0"]);
    expect(await disksOf({ include_volumes: [{ id: "srv-d1" }] })).toEqual(["srv-d1"]);
  });
});
