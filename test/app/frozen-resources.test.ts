/** What becomes of servers and disks that an operator has frozen (VLT-22)? */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { administer } from "../../core/app/identity/admin/administer.ts";
import type { AdminOrder } from "../../core/app/identity/admin/orders.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
  for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
  host.disks.addServerWith("srv", [diskOf(BLOCK, { 0: 1 }), diskOf(BLOCK, { 0: 3 })]);
});
afterEach(() => host.close());

const order = (what: AdminOrder) => administer(host.services, what);
const freeze = (resource: string) => order({ action: "resource-freeze", resource });
const unfreeze = (resource: string) => order({ action: "resource-unfreeze", resource });
const skipped = async (checkpoint: string) =>
  (await host.call("GET", `/checkpoints/${checkpoint}`)).body.checkpoint.vault.skipped_resources;

describe("a frozen resource", () => {
  test("can be bound, and no run backs it up until it goes on; the others of its vault run (VLT-22)", async () => {
    await freeze("d1");
    const vault = await host.vault(["d1", "d2"]);
    for (const auto_trigger of [false, true]) {
      const { checkpoint, of } = await host.backUp(vault, { auto_trigger });
      expect(Object.keys(of)).toEqual(["d2"]);
      expect(await skipped(checkpoint)).toMatchObject([
        { id: "d1", code: "BackupService.7003", reason: expect.stringContaining("frozen") },
      ]);
    }
    const alone = await host.start(vault, { resources: ["d1"] });
    expect([alone.status, alone.body.error_code]).toEqual([400, "BackupService.7003"]);
    await unfreeze("d1");
    expect(Object.keys((await host.backUp(vault)).of).sort()).toEqual(["d1", "d2"]);
  });

  test("keeps its backups, and can be restored to", async () => {
    const vault = await host.vault(["d1"]);
    const { of } = await host.backUp(vault);
    await freeze("d1");
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
  });

  test("is a server, or a disk that its server is backed up with; not a disk that is left out (VLT-22)", async () => {
    const vault = await host.vault(["srv"]);
    for (const id of ["srv", "srv-d1"]) {
      await freeze(id);
      const { status, body } = await host.start(vault);
      expect([status, body.error_code]).toEqual([400, "BackupService.7101"]);
      expect(body.error_msg).toContain(`${id} is frozen`);
      await unfreeze(id);
    }
    await freeze("srv-d1");
    const resources = [{ id: "srv", type: "OS::Nova::Server", extra_info: { exclude_volumes: ["srv-d1"] } }];
    expect((await host.call("POST", `/vaults/${vault}/addresources`, { resources })).status).toBe(200);
    expect((await host.backUp(vault)).of.srv).toBeDefined();
  });

  test("is frozen once, however often that is ordered, and is listed as long as it is", async () => {
    expect(await freeze("d2")).toEqual({ resource: "d2", frozen: true });
    await freeze("d2");
    await freeze("d1");
    expect(await order({ action: "resource-frozen" })).toEqual([
      { resource: "d1", frozen: true, since: expect.stringMatching(/^\d{4}-/) },
      { resource: "d2", frozen: true, since: expect.any(String) },
    ]);
    for (let i = 0; i < 2; i++) expect(await unfreeze("d2")).toEqual({ resource: "d2", frozen: false });
    expect(await order({ action: "resource-frozen" })).toMatchObject([{ resource: "d1" }]);
  });
});
