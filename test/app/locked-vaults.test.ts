/** What a vault with backup locking refuses, and what goes on in it as in any other (VLT-50..54). */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { applyPolicy, hoursPass, settle } from "../support/retention-host.ts";

const DAY_MS = 24 * 3600_000;
let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost({ trashMs: DAY_MS });
  for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1", "d2"], { locked: true });
  await settle(host);
});
afterEach(() => host.close());

const refusal = async (method: string, path: string, body?: unknown) => {
  const { status, body: answer } = await host.call(method, path, body);
  return [status, answer?.error_code];
};
const automatic = async (): Promise<Record<string, string>> => {
  host.clock.ahead += 60_000;
  const { of } = await host.backUp(vault, { auto_trigger: true });
  await settle(host);
  return of;
};
const dropVault = () => refusal("DELETE", `/vaults/${vault}`);
const gone = async () => (await host.call("GET", `/vaults/${vault}`)).status === 404;

describe("a locked vault", () => {
  it("lets no resource go, neither out of its vault nor into another one, with backups or without (VLT-52)", async () => {
    const other = await host.vault([], { name: "other" });
    for (const backups of [0, 1]) {
      for (let i = 0; i < backups; i++) await host.backUp(vault, { resources: ["d1"] });
      for (const [path, body] of [
        ["removeresources", { resource_ids: ["d1"] }],
        ["migrateresources", { resource_ids: ["d1"], destination_vault_id: other }],
      ] as const)
        expect(await refusal("POST", `/vaults/${vault}/${path}`, body)).toEqual([400, "BackupService.6110"]);
      expect((await host.binding(vault, "d1")).backups).toBe(backups);
    }
  });

  it("backs up and restores as any other (VLT-52)", async () => {
    const { of } = await host.backUp(vault, { resources: ["d1"] });
    host.disks.setBytes("d1", new Uint8Array(2 * BLOCK).fill(9));
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(Buffer.from(host.disks.bytes.get("d1") ?? []).equals(diskOf(2 * BLOCK, { 0: 2 }))).toBe(true);
    // What is locked is the vault: resources may join it.
    host.disks.addDiskWith("d3", diskOf(BLOCK, {}));
    const resources = [{ id: "d3", type: "OS::Cinder::Volume" }];
    expect((await host.call("POST", `/vaults/${vault}/addresources`, { resources })).status).toBe(200);
    expect((await host.backUp(vault, { resources: ["d3"] })).of.d3).toBeDefined();
  });

  it("stays while an automatic backup in it has not expired, and can be deleted when that has gone (VLT-53)", async () => {
    await applyPolicy(host, vault, { retention_duration_days: 2 });
    const old = await automatic();
    expect(await dropVault()).toEqual([400, "BackupService.6220"]);
    // A manual backup takes over as the last good one: the automatic one may go when its day comes.
    host.clock.ahead += 60_000;
    await host.backUp(vault);
    await hoursPass(host, 47);
    expect(await dropVault()).toEqual([400, "BackupService.6220"]);
    await hoursPass(host, 2);
    expect((await host.call("GET", `/backups/${old.d1}`)).status).toBe(404);
    expect(await dropVault()).toEqual([204, undefined]);
    await host.idle();
    expect(await gone()).toBe(true);
  });

  it("is not deleted behind an index that does not show its backups yet (VLT-53)", async () => {
    host.close();
    host = await createAppHost({
      manners: { indexLagWrites: 1000, conflictRate: 0, throttleRate: 0, random: () => 0.5 },
    });
    host.disks.addDiskWith("d1", diskOf(BLOCK, { 0: 2 }));
    vault = await host.vault(["d1"], { locked: true });
    await host.start(vault, { auto_trigger: true });
    await host.idle();
    expect(await host.binding(vault, "d1")).toMatchObject({ backups: 1 });
    expect(await dropVault()).toEqual([400, "BackupService.6112"]);
  });

  it("stays for good with an automatic backup that never expires, and not for a failed or a manual one (VLT-53)", async () => {
    await host.backUp(vault);
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/roots/")) throw new Error("the store says no");
    };
    await automatic();
    host.objects.before = () => undefined;
    expect((await host.call("GET", "/backups?status=error")).body.count).toBe(2);
    await applyPolicy(host, vault, { max_backups: 9 });
    const kept = await automatic();
    expect(await dropVault()).toEqual([400, "BackupService.6220"]);
    expect((await host.backup(kept.d1 ?? "")).status).toBe("available");
    const other = await host.vault([], { name: "other", locked: true });
    expect(await refusal("DELETE", `/vaults/${other}`)).toEqual([204, undefined]);
  });
});
