/** Does anything wait for the years by which the clock was ahead, once it is right again? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordCheckpoint } from "../../core/app/backup/create-checkpoint.ts";
import type { Services } from "../../core/app/services.ts";
import { migrateResources } from "../../core/app/vaults/migrate-resources.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { hoursPass, jump, settle } from "../support/retention-host.ts";
import { CALLER } from "../support/vault-host.ts";

const HOUR_MS = 3600_000;
const YEARS = 10 * 365 * 24;
let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost({ trashMs: 24 * HOUR_MS });
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
  await settle(host);
});
afterEach(() => host.close());

const get = async (path: string) => (await host.call("GET", path)).body;
/** Ten years ahead, while `work` is done, and right again. */
async function ahead(work: () => Promise<unknown>): Promise<void> {
  jump(host, YEARS);
  await settle(host);
  await work();
  jump(host, -YEARS);
  await settle(host);
}

describe("a clock that was years ahead and is set right", () => {
  it("leaves no run behind that nobody had started", async () => {
    await ahead(() =>
      recordCheckpoint(host.services, CALLER, { vaultId: vault, incremental: true, autoTrigger: false }),
    );
    await host.idle();
    expect((await host.binding(vault, "d1")).status).toBe("available");
    expect((await get("/backups")).backups).toMatchObject([{ status: "available" }]);
  });

  it("leaves no resource on its way to another vault", async () => {
    await host.backUp(vault);
    const other = await host.vault([]);
    await ahead(() => {
      // The request dies before a backup has followed.
      const query: Services["records"]["query"] = async (asked) => {
        if (asked.index === "g3") throw new Error("gone");
        return host.records.query(asked);
      };
      const mortal = { ...host.services, workflows: host.services.workflows, records: { ...host.records, query } };
      return migrateResources(mortal, CALLER, { source: vault, destination: other, resourceIds: ["d1"] });
    });
    expect((await host.binding(other, "d1")).status).toBe("available");
    await host.backUp(other);
    expect((await host.binding(other, "d1")).backups).toBe(2);
  });

  it("goes on with metering, hour by hour, and with the trash", async () => {
    const { of } = await host.backUp(vault);
    await host.backUp(vault);
    await ahead(() => host.drop(of.d1 ?? ""));
    const time = () => `${new Date(host.services.now()).toISOString().slice(0, 19)}Z`;
    const from = time();
    await hoursPass(host, 3);
    const { metering } = await get(`/holdfast/metering?vault_id=${vault}&start_time=${from}&end_time=${time()}`);
    expect(metering).toHaveLength(3);
    expect((await get("/holdfast/trash")).count).toBe(1);
    await hoursPass(host, 24);
    expect((await get("/holdfast/trash")).count).toBe(0);
  });
});
