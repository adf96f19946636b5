/** Can a deletion be taken back for a day, wholly and exactly, and for no longer? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { purgeTrashed } from "../../core/app/delete/purge-trashed.ts";
import { INTENTS, intentKey } from "../../core/app/records/keys.ts";
import { walkItems } from "../../core/app/records/tables.ts";
import { sweepRoots } from "../../core/app/repository/intents.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { settleOrphans } from "../../core/app/repository/orphans.ts";
import { observeClock } from "../../core/app/time/clock.ts";
import { tick } from "../../core/app/time/tick.ts";
import { moveToEnterpriseProject } from "../../core/app/vaults/move-enterprise-project.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { hoursPass, jump, settle } from "../support/retention-host.ts";
import { PROJECT } from "../support/vault-host.ts";

const DOMAIN = defaultDomain(PROJECT);
const DAY_MS = 24 * 3600_000;
let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost({ trashMs: DAY_MS });
  host.disks.addDiskWith("d1", diskOf(4 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
  await settle(host);
});
afterEach(() => host.close());

const get = async (path: string) => (await host.call("GET", path)).body;
const trashed = async (): Promise<{ id: string }[]> => (await get("/holdfast/trash")).backups;
const used = async () => (await host.binding(vault, "d1")).used / BLOCK;
const status = async (id: string) => (await host.call("GET", `/backups/${id}`)).status;
async function backUp(content: Record<number, number>): Promise<string> {
  host.disks.setBytes("d1", diskOf(4 * BLOCK, content));
  return (await host.backUp(vault)).of.d1 ?? "";
}
/** Asks for it back and waits. @returns the task, or the refusal */
async function undelete(id: string) {
  const { status, body } = await host.call("POST", `/holdfast/backups/${id}/undelete`, {});
  if (status !== 202) return [status, body.error_code];
  await host.idle();
  return (await get(`/operation-logs/${body.job_id}`)).operation_log;
}
const intents = async () => {
  const found: string[] = [];
  for await (const { sk } of walkItems(host.records, intentKey(DOMAIN, "").pk, INTENTS)) found.push(sk);
  return found;
};

describe("a deleted backup", () => {
  it("is gone for the API, and in the trash with time and reason (DEL-02)", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    expect(await status(id)).toBe(404);
    expect(await used()).toBe(0);
    const [row] = await trashed();
    expect(row).toMatchObject({
      id,
      resource_id: "d1",
      vault_id: vault,
      deleted_by: "user",
      reason: "deleted by a person",
      coming_back: false,
    });
    expect(host.roots()).toContain(id);
    expect(await intents()).toEqual([]);
  });

  it("takes its checkpoint along, and comes back as it was, to its place in the chain, with used exact (DEL-07, CAP-03, CAP-04)", async () => {
    const [a, b, c] = [await backUp({ 0: 2, 1: 2 }), await backUp({ 0: 4, 1: 2 }), await backUp({ 0: 4, 1: 2, 2: 2 })];
    const before = await used();
    const checkpoint = (await host.backup(b)).checkpoint_id;
    await host.drop(b);
    await host.drop(a);
    expect(await get(`/checkpoints/${checkpoint}`)).toMatchObject({ error_code: "BackupService.6217" });
    // Another order than that of the deletions.
    expect(await undelete(b)).toMatchObject({ status: "success", operation_type: "undelete" });
    expect(await undelete(a)).toMatchObject({ status: "success" });
    expect(await used()).toBe(before);
    expect((await host.binding(vault, "d1")).backups).toBe(3);
    expect(await trashed()).toEqual([]);
    expect((await get(`/checkpoints/${checkpoint}`)).checkpoint.id).toBe(checkpoint);
    expect((await host.restore(b, { volume_id: "d1" })).status).toBe("success");
    expect(Buffer.from(host.disks.bytes.get("d1") ?? []).equals(diskOf(4 * BLOCK, { 0: 4, 1: 2 }))).toBe(true);
    for (const id of [a, b, c]) await host.drop(id);
    expect(await used()).toBe(0);
  });

  it("is a server's with all its disks, and their ids", async () => {
    host.disks.addServerWith(
      "srv",
      Array.from({ length: 24 }, (_, i) => new Uint8Array(512).fill(i + 1)),
    );
    const of = await host.vault(["srv"]);
    const id = (await host.backUp(of)).of.srv ?? "";
    const { children } = await host.backup(id);
    await host.drop(id);
    for (const one of [{ id }, ...children]) expect(await status(one.id)).toBe(404);
    expect((await host.binding(of, "srv")).used).toBe(0);
    expect(await undelete(id)).toMatchObject({ status: "success" });
    expect((await host.backup(id)).children).toHaveLength(24);
    expect(await status(children[23].id)).toBe(200);
    expect((await host.binding(of, "srv")).used).toBe(24 * 512);
    expect((await host.restore(id, { server_id: "srv" })).status).toBe("success");
  });

  it("comes back to the enterprise project where its vault is now (VLT-17)", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    await moveToEnterpriseProject(host.services, { projectId: PROJECT, vaultId: vault, enterpriseProjectId: "eps-2" });
    await undelete(id);
    expect((await host.backup(id)).enterprise_project_id).toBe("eps-2");
  });

  it("that came back is held against every rule, and deleted only by a person", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    await undelete(id);
    const { reasons, state } = (await get(`/holdfast/backups/${id}/fate`)).fate;
    expect(state).toBe("kept");
    expect(reasons[0]).toContain("held: taken back from the trash");
    await host.drop(id);
    expect(await trashed()).toMatchObject([{ id }]);
  });

  it("that had failed has nothing to come back with: it goes at once", async () => {
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/packs/")) throw new Error("the store says no");
    };
    const id = await backUp({ 0: 6 });
    host.objects.before = () => undefined;
    expect((await host.backup(id)).status).toBe("error");
    await host.drop(id);
    expect(await trashed()).toEqual([]);
    expect(await undelete(id)).toEqual([404, "BackupService.6200"]);
  });
});

describe("the way back is refused", () => {
  it("when the backup is not in the trash, or purged (6200)", async () => {
    const id = await backUp({ 0: 2 });
    expect(await undelete(id)).toEqual([404, "BackupService.6200"]);
    await backUp({ 0: 4 });
    await host.drop(id);
    await hoursPass(host, 25);
    expect(await undelete(id)).toEqual([404, "BackupService.6200"]);
  });

  it("when its resource has left the vault (6135), or the vault is gone (6105)", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] });
    await host.idle();
    expect(await undelete(id)).toEqual([400, "BackupService.6135"]);
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(await undelete(id)).toEqual([404, "BackupService.6105"]);
    // What nobody can have back is purged like everything else.
    await hoursPass(host, 25);
    await sweepRoots(host.services, DOMAIN);
    expect(host.roots()).toEqual([]);
  });

  it("by a task that fails when the vault has no room (6114); it stays in the trash and can be asked for again", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    const { difference } = host.services.dataPlane;
    host.services.dataPlane.difference = async () => 101 * 1024 ** 3;
    const refused = await undelete(id);
    expect(refused).toMatchObject({ status: "failed", error_info: { code: "BackupService.6114" } });
    host.services.dataPlane.difference = difference;
    expect(await trashed()).toMatchObject([{ id, coming_back: false }]);
    expect(await undelete(id)).toMatchObject({ status: "success" });
    expect(await used()).toBe(1);
  });
});

describe("the trash is emptied", () => {
  it("after a day that ticks have observed, and then roots go that nothing pins", async () => {
    const id = await backUp({ 0: 2 });
    await backUp({ 0: 4 });
    await host.drop(id);
    await hoursPass(host, 23);
    expect(await trashed()).toHaveLength(1);
    await hoursPass(host, 2);
    expect(await trashed()).toEqual([]);
    // A collection that the tick starts in these hours sweeps by itself.
    expect([[], [`D#${id}`]]).toContainEqual(await intents());
    await sweepRoots(host.services, DOMAIN);
    expect(host.roots()).not.toContain(id);
    expect([...host.objects.objects.keys()]).toContain(`${DOMAIN}/intents/${id}`);
  });

  it("not by a clock that jumps: time that no tick has seen does not count", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    jump(host, 24 * 365);
    await settle(host);
    expect(await trashed()).toMatchObject([{ id }]);
    await hoursPass(host, 12);
    expect(await undelete(id)).toMatchObject({ status: "success" });
  });

  it("or a backup comes back, never both: whoever is second sees what the first one did", async () => {
    const id = await backUp({ 0: 2 });
    await backUp({ 0: 4 });
    await host.drop(id);
    await hoursPass(host, 23);
    let held = () => {};
    const until = new Promise<void>((resolve) => {
      held = resolve;
    });
    host.hooks = {
      beforeTask: async (task) => {
        if (task === "delete-backup.remove") await until;
      },
    };
    const { status: accepted } = await host.call("POST", `/holdfast/backups/${id}/undelete`, {});
    expect(accepted).toBe(202);
    // Long past its time, it is still there: a return that was accepted shuts the purge out.
    for (let i = 0; i < 4; i++) {
      host.clock.ahead += 3600_000;
      await tick(host.services);
    }
    expect(await trashed()).toMatchObject([{ id, coming_back: true }]);
    expect(await host.call("POST", `/holdfast/backups/${id}/undelete`, {})).toMatchObject({ status: 400 });
    held();
    await host.idle();
    expect(await status(id)).toBe(200);
    await hoursPass(host, 2);
    await sweepRoots(host.services, DOMAIN);
    expect(host.roots()).toContain(id);
    expect((await host.restore(id, { volume_id: "d1" })).status).toBe("success");
  });

  it("by exactly one of a purge and a return that begin at once", async () => {
    const outcomes = new Set<string>();
    for (let n = 0; n < 3; n++) {
      const id = await backUp({ 0: 2, 1: 2 * (n + 1) });
      await host.drop(id);
      await hoursPass(host, 23);
      host.clock.ahead += 90 * 60_000;
      await observeClock(host.services);
      const due = { schema: 1, workflow: "purge", name: id, input: { backupId: id } } as const;
      const later = n % 2 === 0 ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve));
      const [asked] = await Promise.all([
        host.call("POST", `/holdfast/backups/${id}/undelete`, {}),
        later.then(() => purgeTrashed(host.services, due)),
      ]);
      await host.idle();
      const back = (await status(id)) === 200;
      expect(asked.status).toBe(back ? 202 : 404);
      // A collection that the tick starts meanwhile sweeps by itself.
      expect(back ? [[]] : [[], [`D#${id}`]]).toContainEqual(await intents());
      outcomes.add(back ? "back" : "purged");
      if (back) {
        expect((await host.restore(id, { volume_id: "d1" })).status).toBe("success");
        await host.drop(id);
        await hoursPass(host, 25);
      }
      // The baseline is the root of the newest backup: the next one lets it go.
      await backUp({ 0: 2 });
      await sweepRoots(host.services, DOMAIN);
      expect(await intents()).toEqual([]);
    }
    expect(outcomes.size).toBeGreaterThan(0);
  });

  it("whose return was recorded but not started comes back all the same, later", async () => {
    const id = await backUp({ 0: 2 });
    await host.drop(id);
    const { start } = host.runner;
    host.runner.start = async () => {
      throw new Error("the process died here");
    };
    expect((await host.call("POST", `/holdfast/backups/${id}/undelete`, {})).status).toBe(500);
    host.runner.start = start;
    host.clock.ahead += 11 * 60_000;
    await settle(host);
    expect(await status(id)).toBe(200);
    expect(await trashed()).toEqual([]);
  });

  it("and never leaves an orphan, nor takes the root of what is in it", async () => {
    const id = await backUp({ 0: 2 });
    await backUp({ 0: 4 });
    await host.drop(id);
    expect(await settleOrphans(host.services, DOMAIN)).toEqual([]);
    expect(host.roots()).toContain(id);
    await hoursPass(host, 25);
    expect(await settleOrphans(host.services, DOMAIN)).toEqual([]);
  });
});
