/** What deleting a backup promises. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(4 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
});
afterEach(() => host.close());

const rows = async (path: string, key: string) => (await host.call("GET", path)).body[key];
const code = async (method: string, path: string, body?: unknown) => {
  const answer = await host.call(method, path, body);
  return [answer.status, answer.body?.error_code];
};
const backUp = async (content?: Record<number, number>, parameters?: object) => {
  if (content !== undefined) host.disks.setBytes("d1", diskOf(4 * BLOCK, content));
  return (await host.backUp(vault, parameters)).of.d1 ?? "";
};

describe("deleting a backup", () => {
  test("is a task of its own; the backup is deleting, then 404, and its checkpoint goes with its last backup (DEL-01, DEL-02, DEL-07)", async () => {
    const { checkpoint, of } = await host.backUp(vault);
    const id = of.d1 ?? "";
    let during: unknown;
    host.hooks = {
      async beforeTask(task) {
        if (task === "delete-backup.remove") during = (await host.backup(id)).status;
      },
    };
    await host.drop(id);
    expect(during).toBe("deleting");
    expect(await code("GET", `/backups/${id}`)).toEqual([404, "BackupService.6200"]);
    expect(await code("GET", `/checkpoints/${checkpoint}`)).toEqual([404, "BackupService.6217"]);
    const [log] = await rows("/operation-logs?operation_type=delete", "operation_logs");
    expect(log).toMatchObject({ status: "success", extra_info: { delete: { backup_id: id } } });
    expect(await rows("/backups", "backups")).toEqual([]);
  });

  test("of any of a chain leaves the others whole and lowers used by what nobody else needs (CON-14, CAP-03, CAP-04)", async () => {
    const a = await backUp({ 0: 2, 1: 2 });
    const b = await backUp({ 0: 4, 1: 2 });
    const c = await backUp({ 0: 4, 1: 2, 2: 2 });
    const used = async () => (await host.binding(vault, "d1")).used / BLOCK;
    expect(await used()).toBe(4);
    // The oldest: block 1 is still needed, block 0 of it is not.
    await host.drop(a);
    expect(await used()).toBe(3);
    await host.drop(b);
    expect(await used()).toBe(3);
    expect((await host.restore(c, { volume_id: "d1" })).status).toBe("success");
    expect(Buffer.from(host.disks.bytes.get("d1") ?? []).equals(diskOf(4 * BLOCK, { 0: 4, 1: 2, 2: 2 }))).toBe(true);
    // The next one compares with the baseline still, and plays the role of the full one.
    await host.drop(c);
    expect(await used()).toBe(0);
    const d = await backUp({ 0: 4 });
    expect(await used()).toBe(1);
    expect((await host.restore(d, { volume_id: "d1" })).status).toBe("success");
  });

  test("leaves the disk alone (DEL-08)", async () => {
    const id = await backUp();
    const before = Uint8Array.from(host.disks.bytes.get("d1") ?? []);
    await host.drop(id);
    expect(host.disks.bytes.get("d1")).toEqual(before);
  });

  test("is refused while it is being restored, and for the newest one while the next runs (DEL-04, CCY-01)", async () => {
    const older = await backUp({ 0: 2 });
    const newest = await backUp({ 0: 4 });
    let during: unknown;
    host.hooks = {
      async beforeTask(task) {
        if (task === "restore-group.write") during = await code("DELETE", `/backups/${newest}`);
      },
    };
    await host.restore(newest, { volume_id: "d1" });
    expect(during).toEqual([400, "BackupService.6216"]);

    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task !== "backup-group.transfer") return;
        seen.push(await code("DELETE", `/backups/${newest}`), await code("DELETE", `/backups/${older}`));
      },
    };
    await backUp({ 0: 6 });
    expect(seen).toEqual([
      [400, "BackupService.6216"],
      [204, undefined],
    ]);
    expect(await code("GET", `/backups/${older}`)).toEqual([404, "BackupService.6200"]);
    expect((await host.backup(newest)).status).toBe("available");
  });

  test("of a backup that is being deleted, or of another project's, is refused (DEL-01)", async () => {
    const id = await backUp();
    let during: unknown;
    host.hooks = {
      async beforeTask(task) {
        if (task === "delete-backup.remove") during = await code("DELETE", `/backups/${id}`);
      },
    };
    await host.drop(id);
    expect(during).toEqual([400, "BackupService.6201"]);
    expect(await code("DELETE", `/backups/${id}`)).toEqual([404, "BackupService.6200"]);
  });

  test("that fails leaves it in error, deletable again (DEL-01, TSK-04)", async () => {
    const id = await backUp();
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/intents/")) throw new Error("the store says no");
    };
    await host.drop(id);
    expect((await host.backup(id)).status).toBe("error");
    const [log] = await rows("/operation-logs?operation_type=delete", "operation_logs");
    expect(log).toMatchObject({ status: "failed", error_info: { message: expect.stringContaining("says no") } });
    host.objects.before = () => undefined;
    await host.drop(id);
    expect(await code("GET", `/backups/${id}`)).toEqual([404, "BackupService.6200"]);
    expect((await host.binding(vault, "d1")).used).toBe(0);
  });

  test("keeps used exact when the clock was set back between request and run", async () => {
    host.hooks = {
      beforeTask: (task) => {
        if (task === "backup-member.open") host.clock.ahead -= 3_600_000;
      },
    };
    const a = await backUp({ 0: 2 });
    const b = await backUp({ 0: 2, 1: 2 });
    host.hooks = {};
    expect((await host.binding(vault, "d1")).used).toBe(2 * BLOCK);
    await host.drop(b);
    expect((await host.binding(vault, "d1")).used).toBe(BLOCK);
    await host.drop(a);
    expect((await host.binding(vault, "d1")).used).toBe(0);
  });

  test("after much was deleted in the guest frees little: freed sectors are data still (DEL-09, CAP-03)", async () => {
    const used = async () => (await host.binding(vault, "d1")).used / BLOCK;
    const full = await backUp({ 0: 2, 1: 2, 2: 2 });
    expect(await used()).toBe(3);
    // The guest deletes its files: only what lists them changes.
    const emptied = await backUp({ 0: 4, 1: 2, 2: 2 });
    expect(await used()).toBe(4);
    await host.drop(full);
    expect(await used()).toBe(3);
    // Zeroing the free space is what helps, once no backup holds the old sectors any more.
    const zeroed = await backUp({ 0: 4 });
    await host.drop(emptied);
    expect(await used()).toBe(1);
    await host.drop(zeroed);
    expect(await used()).toBe(0);
  });

  test("of many is a request each (DEL-12): all are accepted, whoever else is deleting in the vault", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push(await backUp({ 0: 2 * (i + 1) }));
    const answers = await Promise.all(ids.map((id) => code("DELETE", `/backups/${id}`)));
    expect(answers).toEqual(ids.map(() => [204, undefined]));
    await host.idle();
    expect(await rows("/backups", "backups")).toEqual([]);
    expect(await host.binding(vault, "d1")).toMatchObject({ used: 0, backups: 0 });
    const logs = await rows("/operation-logs?operation_type=delete&limit=100", "operation_logs");
    expect(logs.map((l: { status: string }) => l.status)).toEqual(ids.map(() => "success"));
  });
});

describe("a server's backup", () => {
  test("goes with its children, which cannot be deleted alone (CON-06, DEL-03)", async () => {
    host.disks.addServerWith("srv", [diskOf(BLOCK, { 0: 2 }), diskOf(BLOCK, { 0: 4 })]);
    const of = await host.vault(["srv"]);
    const id = (await host.backUp(of)).of.srv ?? "";
    const { children } = await host.backup(id);
    expect(children).toHaveLength(2);
    for (const child of children)
      expect(await code("DELETE", `/backups/${child.id}`)).toEqual([400, "BackupService.6201"]);
    await host.drop(id);
    for (const one of [{ id }, ...children])
      expect(await code("GET", `/backups/${one.id}`)).toEqual([404, "BackupService.6200"]);
  });

  test("of 24 disks, the most there are, is backed up, deleted from the middle of its chain and restored (DEL-03)", async () => {
    const contents = (seed: number) => Array.from({ length: 24 }, (_, i) => new Uint8Array(512).fill(seed + i));
    host.disks.addServerWith("srv", contents(1));
    const of = await host.vault(["srv"]);
    const taken: string[] = [];
    for (const seed of [1, 100, 100]) {
      contents(seed).forEach((bytes, i) => {
        host.disks.setBytes(`srv-d${i}`, bytes);
      });
      taken.push((await host.backUp(of)).of.srv ?? "");
    }
    expect((await host.binding(of, "srv")).used).toBe(2 * 24 * 512);
    await host.drop(taken[1] ?? "");
    expect((await host.binding(of, "srv")).used).toBe(2 * 24 * 512);
    await host.drop(taken[2] ?? "");
    expect((await host.binding(of, "srv")).used).toBe(24 * 512);
    const logs = await rows("/operation-logs?operation_type=delete", "operation_logs");
    expect(logs.map((l: { status: string }) => l.status)).toEqual(["success", "success"]);
    expect((await host.restore(taken[0] ?? "", { server_id: "srv" })).status).toBe("success");
    expect(host.disks.bytes.get("srv-d23")).toEqual(contents(1)[23]);
  });

  test("that was deleted half is never one to restore from", async () => {
    host.disks.addServerWith(
      "srv",
      Array.from({ length: 24 }, () => new Uint8Array(512).fill(1)),
    );
    const of = await host.vault(["srv"]);
    const id = (await host.backUp(of)).of.srv ?? "";
    // Its resource is removed; after the first step of the deletion the store fails for good.
    let puts = 0;
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/intents/") && ++puts > 16) throw new Error("the store says no");
    };
    await host.call("POST", `/vaults/${of}/removeresources`, { resource_ids: ["srv"] });
    await host.idle();
    expect((await host.backup(id)).status).toBe("error");
    expect(await code("POST", `/backups/${id}/restore`, { restore: { server_id: "srv" } })).toEqual([
      400,
      "BackupService.2005",
    ]);
    host.objects.before = () => undefined;
    await host.drop(id);
    expect(await host.binding(of, "srv")).toMatchObject({ used: 0, backups: 0 });
  });
});
