/** Does the service delete what the rule in force says, say why, and leave the rest alone? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startDeletion } from "../../core/app/delete/start-deletion.ts";
import { evaluateResource } from "../../core/app/retention/evaluate-resource.ts";
import { WATCH_EVERY_MS } from "../../core/app/time/due.ts";
import { tick } from "../../core/app/time/tick.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { applyPolicy, changeRule, hoursPass, jump, releasePolicy, settle } from "../support/retention-host.ts";
import { PROJECT } from "../support/vault-host.ts";

const DAY_MS = 24 * 3600_000;
let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost({ trashMs: DAY_MS });
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
  await settle(host);
});
afterEach(() => host.close());

const get = async (path: string) => (await host.call("GET", path)).body;
const ids = async (): Promise<string[]> =>
  (await get("/backups?limit=1000")).backups.map(({ id }: { id: string }) => id).reverse();
const fate = async (id: string) => (await get(`/holdfast/backups/${id}/fate`)).fate;
const expiry = async (id: string) => (await host.backup(id)).expired_at;

/** One automatic backup, some time after the last one, and what follows from it. */
async function automatic(more: object = {}): Promise<string> {
  host.clock.ahead += 60_000;
  const id = (await host.backUp(vault, { auto_trigger: true, ...more })).of.d1 ?? "";
  await settle(host);
  return id;
}
const several = async (n: number): Promise<string[]> => {
  const made: string[] = [];
  for (let i = 0; i < n; i++) made.push(await automatic());
  return made;
};

describe("a count", () => {
  it("RET-20: is looked at after every completed backup, automatic or manual, and not before", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 3 });
    const [, b, c, d] = await several(4);
    expect(await ids()).toEqual([b, c, d]);
    await changeRule(host, policy, { max_backups: 1 });
    await settle(host);
    expect(await ids()).toEqual([b, c, d]);
    const manual = (await host.backUp(vault)).of.d1;
    await settle(host);
    expect(await ids()).toEqual([d, manual]);
  });

  it("RET-24: deletes with a task of its own, and the reason can be told as long as the backup is in the trash, and after", async () => {
    await applyPolicy(host, vault, { max_backups: 1 });
    const [a = "", b = ""] = await several(2);
    expect(await ids()).toEqual([b]);
    const { operation_logs } = await get("/operation-logs?operation_type=delete");
    expect(operation_logs).toMatchObject([{ status: "success", extra_info: { delete: { backup_id: a } } }]);
    const { traces } = await get("/holdfast/audit?trace_name=deleteBackup");
    expect(traces).toMatchObject([{ resource_id: a, trace_type: "SystemAction", outcome: "success" }]);
    const gone = { state: "trashed", reasons: ["not among the newest 1"], deleted_by: "retention" };
    expect(await fate(a)).toMatchObject(gone);
    await hoursPass(host, 25);
    expect(await fate(a)).toMatchObject({ ...gone, state: "purged", purged_at: expect.any(String) });
    expect((await host.call("GET", `/backups/${a}`)).status).toBe(404);
  });

  it("RET-05: is for each resource of the vault by itself", async () => {
    host.disks.addDiskWith("d2", diskOf(BLOCK, { 0: 4 }));
    await host.call("POST", `/vaults/${vault}/addresources`, { resources: [{ id: "d2", type: "OS::Cinder::Volume" }] });
    await applyPolicy(host, vault, { max_backups: 2 });
    await several(2);
    await automatic({ resources: ["d1"] });
    const { backups } = await get("/backups");
    const of = (id: string) => backups.filter((b: { resource_id: string }) => b.resource_id === id).length;
    expect([of("d1"), of("d2")]).toEqual([2, 2]);
  });

  it("RET-23: of a policy that is disabled, or not applied any more, deletes nothing", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 1 }, false);
    const made = await several(3);
    expect(await ids()).toEqual(made);
    expect((await fate(made[0] ?? "")).reasons).toEqual(["it has no expiry date, and no enabled policy is in force"]);
    await changeRule(host, policy, { max_backups: 1 });
    await releasePolicy(host, vault, policy);
    const next = await automatic();
    expect(await ids()).toEqual([...made, next]);
  });

  it("RET-13, BKP-27: does not count failed backups", async () => {
    await applyPolicy(host, vault, { max_backups: 1 });
    const good = await automatic();
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/packs/")) throw new Error("the store says no");
    };
    host.disks.setBytes("d1", diskOf(2 * BLOCK, { 0: 6 }));
    const failed = await automatic();
    host.objects.before = () => undefined;
    expect(await ids()).toEqual([good, failed]);
    const next = await automatic();
    expect(await ids()).toEqual([failed, next]);
    expect((await fate(failed)).reasons).toEqual(["number 1 of the newest 10 failed ones"]);
  });

  it("is void when a person has deleted the last good backup meanwhile: the one before it stays (design 7)", async () => {
    const [a = "", b = ""] = await several(2);
    await host.drop(b);
    const byPlan = startDeletion(host.services, {
      projectId: PROJECT,
      requestId: "retention-test",
      backupId: a,
      told: { by: "retention", reason: "not among the newest 1" },
      restsOn: b,
    });
    await expect(byPlan).rejects.toThrow("6216");
    expect((await host.backup(a)).status).toBe("available");
  });

  it("BKP-27: keeps ten failed automatic backups, also while none succeeds", async () => {
    await applyPolicy(host, vault, { max_backups: 3 });
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/packs/")) throw new Error("the store says no");
    };
    const failed = await several(12);
    host.objects.before = () => undefined;
    expect(await ids()).toEqual(failed.slice(2));
  });

  it("deletes nothing of a resource whose restore did not finish (hazard A11)", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 3 });
    const made = await several(3);
    await changeRule(host, policy, { max_backups: 1 });
    host.hooks = {
      async beforeTask(task) {
        if (task === "restore-group.write") throw new Error("killed");
      },
    };
    await host.call("POST", `/backups/${made[2]}/restore`, { restore: { volume_id: "d1" } });
    await host.idle();
    host.hooks = {};
    if ((await host.binding(vault, "d1")).restoreIncomplete) {
      await settle(host);
      expect(await ids()).toEqual(made);
      expect((await fate(made[0] ?? "")).blocked_by).toContain("did not finish");
    }
    expect(await ids()).toEqual(made);
  });
});

describe("a date", () => {
  it("RET-38, RET-39, BKP-28: is creation plus the days of the rule then in force, and no later rule changes it", async () => {
    const policy = await applyPolicy(host, vault, { retention_duration_days: 2 });
    const a = await automatic();
    const { created_at } = await host.backup(a);
    const at = await expiry(a);
    expect(Date.parse(`${at}Z`) - Date.parse(`${created_at}Z`)).toBe(2 * DAY_MS);
    await changeRule(host, policy, { retention_duration_days: 90 });
    const b = await automatic();
    await changeRule(host, policy, { max_backups: 9 });
    const c = await automatic();
    await changeRule(host, policy, { max_backups: -1, retention_duration_days: -1 });
    const d = await automatic();
    expect(await expiry(a)).toBe(at);
    expect([await expiry(c), await expiry(d)]).toEqual([null, null]);
    await hoursPass(host, 49);
    expect(await ids()).toEqual([b, c, d]);
    expect((await fate(a)).reasons[0]).toContain("expired on");
  });

  it("RET-21: is not put off by a start that looks ahead", async () => {
    await applyPolicy(host, vault, { retention_duration_days: 1 });
    const [a, b] = await several(2);
    await hoursPass(host, 23);
    host.clock.ahead += 55 * 60_000;
    await tick(host.services, host.services.now() + WATCH_EVERY_MS);
    expect(await ids()).toEqual([a, b]);
    host.clock.ahead += 5 * 60_000;
    await settle(host);
    expect(await ids()).toEqual([b]);
  });

  it("RET-40: comes when the policy is gone as well; a manual backup has none", async () => {
    const policy = await applyPolicy(host, vault, { retention_duration_days: 1 });
    const a = await automatic();
    const manual = (await host.backUp(vault)).of.d1 ?? "";
    expect(await expiry(manual)).toBeNull();
    await releasePolicy(host, vault, policy);
    await hoursPass(host, 24);
    expect(await ids()).not.toContain(a);
    expect(await ids()).toEqual([manual]);
  });

  it("does not take the last good backup, until there is a newer one (design 7)", async () => {
    await applyPolicy(host, vault, { retention_duration_days: 1 });
    const a = await automatic();
    await hoursPass(host, 30);
    expect(await ids()).toEqual([a]);
    expect((await fate(a)).reasons).toEqual(["the last good backup of its resource"]);
    const b = await automatic();
    expect(await ids()).toEqual([b]);
  });

  it("of a manual backup is what its request says, and no count takes it before (clients.md 5)", async () => {
    await applyPolicy(host, vault, { max_backups: 1 });
    const manual = (await host.backUp(vault, { retention_duration_days: 1 })).of.d1 ?? "";
    const made = await several(2);
    expect((await fate(manual)).reasons[0]).toContain("expires on");
    expect(await ids()).toEqual([manual, made[1]]);
    await hoursPass(host, 25);
    expect(await ids()).toEqual([made[1]]);
    for (const parameters of [
      { retention_duration_days: 0 },
      { retention_duration_days: 36_501 },
      { retention_duration_days: 1, auto_trigger: true },
    ])
      expect((await host.start(vault, parameters)).body.error_code).toBe("BackupService.9900");
  });

  it("of a locked vault lets go what nobody can delete by hand (RET-16, VLT-51)", async () => {
    await applyPolicy(host, vault, { retention_duration_days: 1 });
    const [a = "", b = ""] = await several(2);
    await host.call("PUT", `/vaults/${vault}`, { vault: { locked: true } });
    expect((await host.call("DELETE", `/backups/${a}`)).body.error_code).toBe("BackupService.6220");
    await hoursPass(host, 25);
    expect(await ids()).toEqual([b]);
  });
});

describe("a plan that waits for a person (design 7, hazard A13)", () => {
  const held = async () => (await get("/holdfast/held-plans")).held_plans;
  const confirm = (body: object = {}) => host.call("POST", "/holdfast/held-plans/d1/confirm", body);

  it("takes more than a fifth of a vault with ten backups or more", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 11 });
    const made = await several(11);
    await changeRule(host, policy, { max_backups: 2 });
    const last = await automatic();
    expect(await ids()).toEqual([...made, last]);
    expect(await held()).toMatchObject([{ resource_id: "d1", deleted: 10, confirmed: false }]);
    expect(host.notices.map(({ topic }) => topic)).toContain("retention.held");
    expect(await fate(made[0] ?? "")).toMatchObject({
      state: "going",
      blocked_by: expect.stringContaining("10 of the vault's 12 backups would go at once"),
    });
    expect((await confirm()).status).toBe(202);
    await settle(host);
    expect(await ids()).toEqual([made[10], last]);
    expect(await held()).toEqual([]);
  });

  it("is confirmed by what was looked at: of another plan that took its place nothing goes", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 11 });
    const made = await several(11);
    await changeRule(host, policy, { max_backups: 2 });
    const more = [await automatic()];
    const [looked] = await held();
    // What waits is looked at again and again: as long as it stays, so does its id.
    await evaluateResource(host.services, { vaultId: vault, resourceId: "d1", what: "all" });
    expect((await held())[0].plan_id).toBe(looked.plan_id);
    more.push(await automatic());
    const refused = await confirm({ plan_id: looked.plan_id });
    expect(refused).toMatchObject({ status: 404, body: { error_code: "BackupService.6302" } });
    const [now] = await held();
    expect(refused.body.error_msg).toContain(now.plan_id);
    await settle(host);
    expect(await ids()).toEqual([...made, ...more]);
    expect((await confirm({ plan_id: now.plan_id })).status).toBe(202);
    await settle(host);
    expect(await ids()).toEqual(more);
  });

  it("is dropped when the rule is mended before anybody confirms it", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 11 });
    const made = await several(11);
    await changeRule(host, policy, { max_backups: 2 });
    const last = await automatic();
    expect(await held()).toHaveLength(1);
    await changeRule(host, policy, { max_backups: 50 });
    await confirm();
    await settle(host);
    expect(await ids()).toEqual([...made, last]);
    expect(await held()).toEqual([]);
  });

  it("goes by a clock that has jumped: ten years ahead nothing expires before a person says that the clock is right", async () => {
    const policy = await applyPolicy(host, vault, { retention_duration_days: 30 });
    const made = await several(3);
    await releasePolicy(host, vault, policy);
    jump(host, 10 * 365 * 24);
    await settle(host);
    expect(await ids()).toEqual(made);
    expect(await held()).toMatchObject([{ deleted: 2, reason: expect.stringContaining("the clock went from") }]);
    await confirm();
    await settle(host);
    expect(await ids()).toEqual([made[2]]);
    // Its word holds: the next date is no question any more.
    const next = await automatic();
    await hoursPass(host, 25);
    expect(await ids()).toEqual([next]);
  });

  it("has another id once the clock has jumped again: what was looked at says nothing of that", async () => {
    const policy = await applyPolicy(host, vault, { retention_duration_days: 30 });
    const made = await several(3);
    await releasePolicy(host, vault, policy);
    jump(host, 60 * 24);
    await settle(host);
    const [looked] = await held();
    jump(host, 10 * 365 * 24);
    await settle(host);
    expect((await confirm({ plan_id: looked.plan_id })).status).toBe(404);
    await settle(host);
    expect(await ids()).toEqual(made);
    expect((await held())[0].plan_id).not.toBe(looked.plan_id);
  });

  it("goes by a clock that has jumped since the tick looked at it", async () => {
    const policy = await applyPolicy(host, vault, { retention_duration_days: 30 });
    const made = await several(3);
    await releasePolicy(host, vault, policy);
    jump(host, 10 * 365 * 24);
    await evaluateResource(host.services, { vaultId: vault, resourceId: "d1", what: "all" });
    await host.idle();
    expect(await ids()).toEqual(made);
    expect(await held()).toMatchObject([{ deleted: 2, reason: expect.stringContaining("the clock went from") }]);
  });

  it("is none that nobody has: confirming it is refused", async () => {
    expect((await confirm()).body.error_code).toBe("BackupService.6302");
  });
});

describe("a preview", () => {
  it("says what another rule would delete, why, and what that frees; nothing is changed", async () => {
    const policy = await applyPolicy(host, vault, { max_backups: 9 });
    const made: string[] = [];
    for (const seed of [2, 4, 6, 8]) {
      host.disks.setBytes("d1", diskOf(2 * BLOCK, { 0: seed, 1: 2 }));
      made.push(await automatic());
    }
    const ask = (operation_definition: object) =>
      host.call("POST", `/holdfast/policies/${policy}/preview`, { operation_definition });
    const { status, body } = await ask({ max_backups: 2 });
    expect(status).toBe(200);
    expect(body.preview).toMatchObject({ deleted: 2, kept: 2, note: null });
    expect(body.preview.deletions.map((d: { backup_id: string }) => d.backup_id).sort()).toEqual(
      made.slice(0, 2).sort(),
    );
    expect(body.preview.deletions[0]).toMatchObject({
      reason: "not among the newest 2",
      goes: "when the next backup of the resource completes",
    });
    expect(await ids()).toEqual(made);
    expect((await ask({ retention_duration_days: 7 })).body.preview).toMatchObject({
      deleted: 0,
      note: expect.stringContaining("from now on"),
    });
    expect((await ask({ day_backups: 7, timezone: "UTC+01:00" })).body.preview.note).toContain("deletes nothing");
    expect((await ask({ max_backups: 1, retention_duration_days: 7 })).body.error_code).toBe("BackupService.9900");
    const nobody = await host.call("POST", `/holdfast/policies/${vault}/preview`, { operation_definition: {} });
    expect([nobody.status, nobody.body.error_code]).toEqual([404, "BackupService.6000"]);
  });
});
