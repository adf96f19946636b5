/** Does everything that changes by itself leave a trace, with nobody as its user? (AUD-02, AUD-05, issue 6) */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bindingKey } from "../../core/app/records/keys.ts";
import { bindings, load, replace } from "../../core/app/records/tables.ts";
import { GIB } from "../../core/domain/values.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { applyPolicy, hoursPass, settle } from "../support/retention-host.ts";

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

interface Shown {
  readonly trace_name: string;
  readonly trace_type: string;
  readonly outcome: string;
  readonly user: unknown;
  readonly resource_id: string;
  readonly resource_type: string;
}
/** What happened by itself, oldest first; `name`: of these events only. */
async function byThemselves(name: string): Promise<readonly Shown[]> {
  const { traces } = (await host.call("GET", `/holdfast/audit?trace_name=${name}&limit=1000`)).body;
  return traces.filter(({ trace_type }: Shown) => trace_type === "SystemAction").reverse();
}
async function automatic(): Promise<string> {
  host.clock.ahead += 60_000;
  const id = (await host.backUp(vault, { auto_trigger: true })).of.d1 ?? "";
  await settle(host);
  return id;
}
const ofBackup = (id: string, outcome = "success") => ({
  resource_type: "backup",
  resource_id: id,
  outcome,
  user: null,
  source_ip: null,
});

describe("AUD-05: a trace without a user", () => {
  it("is left by a rule that deletes, and by the trash that lets go of it a day later", async () => {
    await applyPolicy(host, vault, { max_backups: 1 });
    const a = await automatic();
    const b = await automatic();
    expect(await byThemselves("deleteBackup")).toMatchObject([ofBackup(a)]);
    expect(await byThemselves("purgeBackup")).toEqual([]);
    await hoursPass(host, 25);
    expect(await byThemselves("purgeBackup")).toMatchObject([ofBackup(a)]);
    expect((await host.backup(b)).status).toBe("available");
  });

  it("is left by a date that comes", async () => {
    await applyPolicy(host, vault, { retention_duration_days: 1 });
    const a = await automatic();
    await automatic();
    await hoursPass(host, 25);
    expect(await byThemselves("deleteBackup")).toMatchObject([ofBackup(a)]);
  });

  it("is left by the purge of what a person deleted; the deletion itself is the person's", async () => {
    const id = (await host.backUp(vault)).of.d1 ?? "";
    await host.drop(id);
    expect(await byThemselves("deleteBackup")).toEqual([]);
    await hoursPass(host, 25);
    expect(await byThemselves("purgeBackup")).toMatchObject([ofBackup(id)]);
  });

  it("is left by each backup that ends: available, or failed with its code", async () => {
    const good = (await host.backUp(vault)).of.d1 ?? "";
    host.hooks = {
      beforeTask: (task) => {
        if (task === "backup-member.open") host.disks.resources.delete("d1");
      },
    };
    const bad = (await host.backUp(vault)).of.d1 ?? "";
    expect((await host.backup(bad)).status).toBe("error");
    expect(await byThemselves("createBackup")).toMatchObject([
      ofBackup(good),
      { ...ofBackup(bad, "failed"), error_code: "BackupService.7000" },
    ]);
  });

  it("is left by a vault that grows, once", async () => {
    await host.call("PUT", `/vaults/${vault}`, { vault: { auto_expand: true } });
    await host.backUp(vault);
    expect(await byThemselves("updateVault")).toEqual([]);
    host.hooks = {
      async beforeTask(task) {
        // The vault fills while the run works: before it, the run would be refused.
        if (task !== "backup.conclude") return;
        const now = await load(host.records, bindings, bindingKey(vault, "d1"));
        if (now !== undefined) await host.records.write(replace(bindings, { ...now, used: 100 * GIB }));
      },
    };
    await host.backUp(vault);
    host.hooks = {};
    await host.backUp(vault);
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing.size).toBe(125);
    expect(await byThemselves("updateVault")).toMatchObject([
      { resource_type: "vault", resource_id: vault, outcome: "success", user: null },
    ]);
  });

  it("is left by a policy's run: started, or refused with its code", async () => {
    await applyPolicy(host, vault, {});
    const { runs } = (await host.call("GET", "/holdfast/runs")).body;
    const toPoint = async () => {
      host.clock.ahead += Date.parse(`${runs[0].nominal_at}Z`) + 4 * 60_000 - host.services.now();
      await settle(host);
    };
    await toPoint();
    host.disks.resources.delete("d1");
    host.clock.ahead += 30 * DAY_MS;
    await settle(host);
    expect(await byThemselves("createVaultBackup")).toMatchObject([
      { resource_type: "vault", resource_id: vault, outcome: "success", user: null, error_code: null },
      { resource_type: "vault", resource_id: vault, outcome: "refused", user: null, error_code: "BackupService.7000" },
    ]);
  });
});
