/** What the model of interleavings has found in the service's part of a collection. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { settleOrphans } from "../../core/app/repository/orphans.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { PROJECT } from "../support/vault-host.ts";

let host: AppHost;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

test("a root whose backup is deleted just while orphans are looked for stays as long as the next run compares with it", async () => {
  host.disks.addDiskWith("d1", diskOf(4 * BLOCK, { 0: 1 }));
  const vault = await host.vault(["d1"]);
  const { d1: backup = "" } = (await host.backUp(vault)).of;
  expect((await host.binding(vault, "d1")).baselines).toEqual({ d1: backup });
  let deleted = false;
  const records: typeof host.records = {
    ...host.records,
    // The last look at records before orphans go.
    async getMany(keys, options) {
      if (!deleted) await host.drop(backup);
      deleted = true;
      return host.records.getMany(keys, options);
    },
  };
  expect(await settleOrphans({ ...host.services, records }, defaultDomain(PROJECT))).toEqual([]);
  expect(deleted).toBe(true);
  expect(host.roots()).toHaveLength(1);
  expect((await host.binding(vault, "d1")).baselines).toEqual({ d1: backup });
});
