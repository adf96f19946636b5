/** Of what is a backup one: which disks, at which instant, by which pieces, and how many can there be? */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { backupRow, putBackup } from "../support/backup-rows.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { createReplacingDisks } from "../support/replacing-disks.ts";
import { diskResource, serverResource, vaultBody } from "../support/vault-host.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

const SIZE = 8 * BLOCK;
const refusal = ({ status, body }: Awaited<ReturnType<AppHost["call"]>>) => [status, body.error_code];

/** The disks of each capture that is taken from now on; the clock goes on by a second before each. */
function captured(): string[][] {
  const asked: string[][] = [];
  const { capture } = host.disks;
  host.disks.capture = async (request) => {
    host.clock.ahead += 1000;
    asked.push([...request.diskIds]);
    return capture(request);
  };
  return asked;
}

describe("the disks of a server", () => {
  const contents = [diskOf(SIZE, { 0: 1, 5: 3 }), diskOf(SIZE, { 2: 5 })];
  beforeEach(() => {
    host.disks.addServerWith(
      "srv",
      contents.map((bytes) => Uint8Array.from(bytes)),
    );
  });

  test("in a disk vault are backed up each at an instant of its own, and nothing links the backups (CON-07)", async () => {
    const vault = await host.vault(["srv-d0", "srv-d1"]);
    const asked = captured();
    const { of } = await host.backUp(vault);
    expect(asked).toHaveLength(2);
    const [a, b] = [await host.backup(of["srv-d0"] ?? ""), await host.backup(of["srv-d1"] ?? "")];
    expect(a.protected_at).not.toBe(b.protected_at);
    for (const backup of [a, b]) {
      expect(backup).toMatchObject({ parent_id: null, children: [] });
      expect(backup.extend_info.app_consistency).toBeNull();
      expect(JSON.stringify(backup)).not.toContain('"srv"');
    }
  });

  test("in a server vault are backed up as they were at one instant, without what was not yet on them (CON-08)", async () => {
    const vault = await host.vault(["srv"]);
    const asked = captured();
    // What an application wrote back from memory only after the instant is on the disks by the time that they are read.
    host.hooks = {
      beforeTask: (task) => {
        if (task === "backup-group.transfer") for (const id of ["srv-d0", "srv-d1"]) host.disks.bytes.get(id)?.fill(7);
      },
    };
    const { of } = await host.backUp(vault);
    expect(asked).toEqual([["srv-d0", "srv-d1"]]);
    const { children, extend_info } = await host.backup(of.srv ?? "");
    expect(new Set(children.map((child: { protected_at: string }) => child.protected_at)).size).toBe(1);
    expect(extend_info.app_consistency).toBeNull();
    expect((await host.restore(of.srv ?? "", { server_id: "srv" })).status).toBe("success");
    for (const [i, bytes] of contents.entries())
      expect(Buffer.from(host.disks.bytes.get(`srv-d${i}`) ?? []).equals(bytes)).toBe(true);
  });

  test("are shown to have been kept encrypted each by itself, and stay so whatever becomes of the disks", async () => {
    const vault = await host.vault(["srv"]);
    const { capture } = host.disks;
    const encrypts = (...ids: string[]) => {
      host.disks.capture = async (request) => {
        const taken = await capture(request);
        const disks = taken.disks.map((disk) => (ids.includes(disk.diskId) ? { ...disk, encrypted: true } : disk));
        return { ...taken, disks };
      };
    };
    const shown = async (id = "") => {
      const { children, extend_info } = await host.backup(id);
      const disks = children.map((child: { resource_id: string; extend_info: { encrypted: boolean } }) => [
        child.resource_id,
        child.extend_info.encrypted,
      ]);
      return [extend_info.encrypted, Object.fromEntries(disks)];
    };
    encrypts("srv-d1");
    const first = (await host.backUp(vault)).of.srv;
    encrypts();
    const second = (await host.backUp(vault)).of.srv;
    expect([await shown(first), await shown(second)]).toEqual([
      [true, { "srv-d0": false, "srv-d1": true }],
      [false, { "srv-d0": false, "srv-d1": false }],
    ]);
  });

  test("are chosen whole: a partition is no disk, and leaves nothing to back up (CON-09)", async () => {
    const create = (extra_info: object) =>
      host.call(
        "POST",
        "/vaults",
        vaultBody({ resources: [serverResource("srv", { extra_info })] }, { object_type: "server" }),
      );
    for (const id of ["srv-d0-part1", "vda1"]) {
      const refused = await create({ include_volumes: [{ id }] });
      expect(refusal(refused)).toEqual([400, "BackupService.9900"]);
      expect(refused.body.error_msg).toContain("leave no disk");
    }
    const part = { exclude_volumes: ["srv-d0-part1"] };
    expect(
      refusal(
        await host.call("POST", "/vaults", vaultBody({ resources: [diskResource("srv-d0", { extra_info: part })] })),
      ),
    ).toEqual([400, "BackupService.9900"]);
    const vault = (await create(part)).body.vault.id;
    const { of } = await host.backUp(vault);
    for (const bytes of host.disks.bytes.values()) bytes.fill(9);
    expect((await host.restore(of.srv ?? "", { server_id: "srv" })).status).toBe("success");
    expect(Buffer.from(host.disks.bytes.get("srv-d0") ?? []).equals(contents[0] ?? Buffer.alloc(0))).toBe(true);
  });
});

describe("a disk", () => {
  test("is compared and stored by its blocks, never by files: one sector is found, and what moves counts again (CON-10)", async () => {
    const disk = diskOf(SIZE, { 0: 1, 5: 3 });
    host.disks.addDiskWith("d1", Uint8Array.from(disk));
    const vault = await host.vault(["d1"]);
    const used = async () => (await host.binding(vault, "d1")).used / BLOCK;
    const first = (await host.backUp(vault)).of.d1 ?? "";
    expect(await used()).toBe(2);
    const sector = Uint8Array.from(disk);
    sector.fill(7, 5 * BLOCK + 512, 5 * BLOCK + 1024);
    host.disks.setBytes("d1", sector);
    const second = (await host.backUp(vault)).of.d1 ?? "";
    expect(await used()).toBe(3);
    // A file system that moves a file: not one byte of it is new, and it stands at another place.
    const moved = Uint8Array.from(sector);
    moved.copyWithin(6 * BLOCK, 5 * BLOCK, 6 * BLOCK).fill(0, 5 * BLOCK, 6 * BLOCK);
    host.disks.setBytes("d1", moved);
    const third = (await host.backUp(vault)).of.d1 ?? "";
    expect(await used()).toBe(4);
    for (const [id, bytes] of [
      [first, disk],
      [second, sector],
      [third, moved],
    ] as const) {
      expect((await host.restore(id, { volume_id: "d1" })).status).toBe("success");
      expect(Buffer.from(host.disks.bytes.get("d1") ?? []).equals(bytes)).toBe(true);
    }
  });

  test("has as many backups as one likes, in as many vaults (CON-19)", async () => {
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 1 }));
    const vault = await host.vault(["d1"]);
    const many = 1500;
    for (let i = 0; i < many; i++)
      await putBackup(host.records, backupRow(`b${i}`, { vaultId: vault, resourceId: "d1", createdAt: i + 1 }));
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect((await host.call("GET", "/backups?resource_id=d1&limit=1")).body.count).toBe(many + 1);
    for (let i = 0; i < 300; i++) await host.vault([], { name: `v${i}` });
    expect((await host.call("GET", "/vaults?limit=1")).body.count).toBe(301);
  });
});

test("once progress is above 10 % the server may be started again: its backup is of the instant before (BKP-17)", async () => {
  const disks = createReplacingDisks();
  const other = await createAppHost(disks.options);
  try {
    const then = [1, 2, 3, 4].map((seed) => diskOf(SIZE, { 0: seed, 5: seed }));
    disks.addServer("srv", then);
    const vault = await other.vault(["srv"]);
    const progress = async (): Promise<number> =>
      (await other.call("GET", "/operation-logs?operation_type=backup")).body.operation_logs[0].extra_info.common
        .progress;
    const untilCaptured: number[] = [];
    let restart = () => {};
    const restarted = new Promise<void>((resolve) => {
      restart = resolve;
    });
    let first = true;
    other.hooks = {
      async beforeTask(task) {
        if (task === "backup-member.capture" || task === "backup-member.ready") untilCaptured.push(await progress());
        if (task !== "backup-group.transfer") return;
        // The first disk is read; the others when the server is up again.
        if (!first) await restarted;
        first = false;
      },
      async afterEffect(task) {
        if (task !== "backup-group.transfer" || (await progress()) <= 10) return;
        for (const i of then.keys()) disks.live(`srv-d${i}`).bytes.fill(9);
        restart();
      },
    };
    const { of } = await other.backUp(vault);
    other.hooks = {};
    expect(untilCaptured).toEqual([0, 0]);
    expect(disks.live("srv-d3").bytes[0]).toBe(9);
    expect((await other.restore(of.srv ?? "", { server_id: "srv" })).status).toBe("success");
    for (const [i, bytes] of then.entries())
      expect(Buffer.from(disks.live(`srv-d${i}`).bytes).equals(bytes)).toBe(true);
  } finally {
    other.close();
  }
});
