/** Are people and machines told of what failed, and of what went well (MON-02)? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Notice } from "../../core/ports/notifier.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
});
afterEach(() => host.close());

/** What was told since it was asked last, runs over vaults left aside. */
const told = (): readonly Notice[] => host.notices.splice(0).filter(({ topic }) => topic !== "checkpoint.ended");
const backUp = async () => (await host.backUp(vault)).of.d1 ?? "";
/** Every put of such an object fails until `mend`. */
const breakPuts = (kind: string) => {
  host.objects.before = (operation, name) => {
    if (operation === "put" && name.includes(`/${kind}/`)) throw new Error("the store says no");
  };
};
const mend = () => {
  host.objects.before = () => undefined;
};

describe("MON-02: an event", () => {
  it("of a backup is told when it is available, and is critical when it failed", async () => {
    const id = await backUp();
    expect(told()).toEqual([
      {
        severity: "info",
        topic: "backup.succeeded",
        projectId: expect.any(String),
        message: expect.stringMatching(/^backup manualbk_\S+ of disk-d1 is available$/),
        facts: { backup_id: id, resource_id: "d1", vault_id: vault },
      },
    ]);
    breakPuts("packs");
    host.disks.setBytes("d1", diskOf(2 * BLOCK, { 0: 6 }));
    const failed = await backUp();
    expect(told()).toMatchObject([{ severity: "critical", topic: "backup.failed", facts: { backup_id: failed } }]);
  });

  it("of a restore is told when it is complete, and is critical when it failed", async () => {
    const id = await backUp();
    told();
    const { id: taskId } = await host.restore(id, { volume_id: "d1" });
    expect(told()).toMatchObject([
      { severity: "info", topic: "restore.succeeded", facts: { backup_id: id, task_id: taskId, resource_id: "d1" } },
    ]);
    host.hooks = {
      async beforeTask(task) {
        if (task === "restore-group.write") throw new Error("killed");
      },
    };
    await host.restore(id, { volume_id: "d1" });
    expect(told()).toMatchObject([{ severity: "critical", topic: "restore.failed", facts: { backup_id: id } }]);
  });

  it("of a backup's deletion is told when it is gone, and is critical when it failed", async () => {
    const id = await backUp();
    told();
    breakPuts("intents");
    await host.drop(id);
    expect(told()).toMatchObject([
      {
        severity: "critical",
        topic: "backup.delete-failed",
        message: expect.stringContaining("was not deleted: "),
        facts: { backup_id: id, vault_id: vault },
      },
    ]);
    mend();
    await host.drop(id);
    expect(told()).toMatchObject([
      { severity: "info", topic: "backup.deleted", facts: { backup_id: id, vault_id: vault } },
    ]);
  });

  it("of a vault's deletion is told when it is gone, and is critical when it failed", async () => {
    await backUp();
    told();
    breakPuts("intents");
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(told()).toMatchObject([
      {
        severity: "critical",
        topic: "vault.delete-failed",
        message: expect.stringContaining("vault vault-demo was not deleted: "),
        facts: { vault_id: vault },
      },
    ]);
    mend();
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(told()).toMatchObject([
      { severity: "info", topic: "vault.deleted", message: "vault vault-demo was deleted with everything in it" },
    ]);
  });

  it("goes with the trash as well: there a backup is deleted, and one that comes back is no event", async () => {
    host.close();
    host = await createAppHost({ trashMs: 24 * 3600_000 });
    host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
    vault = await host.vault(["d1"]);
    const id = await backUp();
    told();
    await host.drop(id);
    expect(told()).toMatchObject([{ topic: "backup.deleted" }]);
    await host.call("POST", `/holdfast/backups/${id}/undelete`, {});
    await host.idle();
    expect((await host.backup(id)).status).toBe("available");
    expect(told()).toEqual([]);
  });

  it("of a vault that its owner has silenced is told to nobody, its own end included (MON-03)", async () => {
    await host.call("PUT", `/vaults/${vault}`, { vault: { smn_notify: false } });
    const id = await backUp();
    await host.restore(id, { volume_id: "d1" });
    await host.drop(id);
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(host.notices).toEqual([]);
  });
});
