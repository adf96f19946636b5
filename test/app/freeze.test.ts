/** What can be done with a frozen vault, and who freezes it (VLT-14, CAP-37, CAP-38, CCY 23.1). */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freezeVault } from "../../core/app/vaults/freeze-vault.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { PROJECT } from "../support/vault-host.ts";

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
});
afterEach(() => host.close());

const freeze = (frozen = true) => freezeVault(host.services, { vaultId: vault, frozen, projectId: PROJECT });
const refusal = async (method: string, path: string, body?: unknown) => {
  const answer = await host.call(method, path, body);
  return [answer.status, answer.body?.error_code];
};

describe("a frozen vault", () => {
  test("keeps its data and shows it, and refuses all work with the contract's codes (CAP-37)", async () => {
    const { of } = await host.backUp(vault);
    const other = await host.vault([], { name: "other" });
    await freeze();
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing.status).toBe("frozen");
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    const resources = [{ id: "d2", type: "OS::Cinder::Volume" }];
    const move = { destination_vault_id: other, resource_ids: ["d1"] };
    for (const [method, path, body, code] of [
      ["POST", "/checkpoints", { checkpoint: { vault_id: vault } }, "6113"],
      ["POST", `/backups/${of.d1}/restore`, { restore: { volume_id: "d1" } }, "6202"],
      ["DELETE", `/backups/${of.d1}`, undefined, "6112"],
      ["POST", `/vaults/${vault}/addresources`, { resources }, "6112"],
      ["POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] }, "6112"],
      ["POST", `/vaults/${vault}/migrateresources`, move, "6112"],
      ["PUT", `/vaults/${vault}`, { vault: { billing: { size: 200 } } }, "6112"],
      ["PUT", `/vaults/${vault}/set-resources`, { resource_ids: ["d1"], action: "suspend" }, "6112"],
      ["DELETE", `/vaults/${vault}`, undefined, "6112"],
    ] as const)
      expect([path, ...(await refusal(method, path, body))]).toEqual([path, 400, `BackupService.${code}`]);
    await freeze(false);
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
  });

  test("lets what runs in it come to its end", async () => {
    host.hooks = {
      async beforeTask(task) {
        if (task === "backup-group.transfer") await freeze();
      },
    };
    const { of } = await host.backUp(vault);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing.status).toBe("frozen");
  });

  test("is told of once, and again when it is released (MON-03)", async () => {
    for (const frozen of [true, true, false, false]) await freeze(frozen);
    expect(host.notices.map(({ topic }) => topic)).toEqual(["vault.frozen", "vault.unfrozen"]);
  });

  test("says why: nobody pays for it, or it breaks rules; a released one says nothing (VLT-14)", async () => {
    const shown = async () => {
      const { status, frozen_scene } = (await host.call("GET", `/vaults/${vault}`)).body.vault.billing;
      return [status, frozen_scene];
    };
    const scene = (word?: "arrears" | "violation") =>
      freezeVault(host.services, { vaultId: vault, frozen: true, scene: word });
    expect(await shown()).toEqual(["available", null]);
    await scene();
    expect(await shown()).toEqual(["frozen", "arrears"]);
    await scene("violation");
    expect(await shown()).toEqual(["frozen", "violation"]);
    expect(host.notices.map(({ message }) => message).join()).toMatch(/frozen \(arrears\).*frozen \(violation\)/);
    expect((await host.start(vault)).body.error_code).toBe("BackupService.6113");
    await freeze(false);
    expect(await shown()).toEqual(["available", null]);
    expect((await host.backUp(vault)).of.d1).toBeDefined();
  });

  test("is neither one that does not exist (6105) nor one that is being deleted (6112)", async () => {
    await expect(freezeVault(host.services, { vaultId: "none", frozen: true })).rejects.toMatchObject({ code: "6105" });
    await expect(freezeVault(host.services, { vaultId: vault, frozen: true, projectId: "p" })).rejects.toMatchObject({
      code: "6105",
    });
    host.hooks = {
      async beforeTask(task) {
        if (task === "delete-vault.batch") await expect(freeze()).rejects.toMatchObject({ code: "6112" });
      },
    };
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(await refusal("GET", `/vaults/${vault}`)).toEqual([404, "BackupService.6105"]);
  });
});
