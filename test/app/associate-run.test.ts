/** Does a policy's run begin with what its vault takes by itself, and does what nobody asked for leave traces? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPolicy } from "../../core/app/policies/create-policy.ts";
import { HOUR_MS, hourOf, Trace, tracePks } from "../../core/app/records/audit.ts";
import { ScheduledRun, scheduledRunKey } from "../../core/app/records/scheduled-runs.ts";
import { listAll } from "../../core/app/records/tables.ts";
import { tick } from "../../core/app/time/tick.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { CALLER, PROJECT } from "../support/vault-host.ts";

/** Sort keys begin with a time. */
const SOME_TIME = "2";
const MINUTE = 60_000;
const DAY = 24 * HOUR_MS;

let host: AppHost;
let midnight: number;
beforeEach(async () => {
  host = await createAppHost();
  midnight = (Math.floor(Date.now() / DAY) + 2) * DAY;
  host.clock.ahead = midnight - HOUR_MS - Date.now();
});
afterEach(() => host.close());

const add = (id: string) => host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
async function vault(resources: readonly string[], size = 100): Promise<string> {
  const patterns = ["FREQ=DAILY;INTERVAL=1;BYHOUR=00;BYMINUTE=00"];
  const draft = { name: "nightly", operationType: "backup", enabled: true, operationDefinition: {}, patterns } as const;
  const { policy } = await createPolicy(host.services, CALLER, draft);
  const billing = { object_type: "disk", protect_type: "backup", consistent_level: "crash_consistent", size };
  return host.vault(resources, { auto_bind: true, backup_policy_id: policy.id, billing });
}
async function fire(services = host.services) {
  host.clock.ahead = midnight + 4 * MINUTE - Date.now();
  const report = await tick(services);
  await host.idle();
  return report;
}
const run = async (vaultId: string): Promise<ScheduledRun | undefined> => {
  const { pk } = scheduledRunKey({ vaultId, operationType: "backup", policyId: "", nominal: 0 });
  return (await listAll(host.records, ScheduledRun, pk, SOME_TIME)).find(({ nominal }) => nominal === midnight);
};
async function traces(): Promise<string[]> {
  const all = await Promise.all(
    tracePks(PROJECT, hourOf(midnight)).map((pk) => listAll(host.records, Trace, pk, SOME_TIME)),
  );
  return all
    .flat()
    .map(({ kind, event, outcome, code = "" }) => `${kind} ${event} ${outcome} ${code}`.trim())
    .sort();
}

describe("a vault with auto_bind whose policy fires", () => {
  it("ABD-01, AUD-02: binds what is unprotected and backs it up in the same run, and leaves traces", async () => {
    for (const id of ["d1", "d2"]) add(id);
    const id = await vault(["d1"]);
    expect(await fire()).toMatchObject({ failed: 0 });
    expect(await run(id)).toMatchObject({ state: "done", counts: { available: 2, failed: 0, skipped: 0 } });
    expect(await traces()).toEqual([
      "SystemAction addResources success",
      "SystemAction createBackup success",
      "SystemAction createBackup success",
      "SystemAction createVaultBackup success",
    ]);
  });

  it("ABD-07, ABD-11: says 6142 in the run's row when nothing has room, and tells; what is bound is backed up", async () => {
    for (const id of ["d1", "d2"]) add(id);
    const id = await vault(["d1"], 40);
    await fire();
    expect(await run(id)).toMatchObject({ state: "done", code: "6142", reason: expect.stringContaining("d2") });
    expect(host.notices.map(({ topic }) => topic)).toContain("vault.associated");
  });

  it("ABD-07: says so as well when it is empty for that reason", async () => {
    add("d1");
    const id = await vault([], 40);
    await fire();
    expect(await run(id)).toMatchObject({ state: "skipped", code: "6142" });
  });

  it("makes its run also when unprotected resources cannot be looked for", async () => {
    add("d1");
    const id = await vault(["d1"]);
    const resources = {
      ...host.disks,
      list: async () => {
        throw new Error("no answer");
      },
    };
    await fire({ ...host.services, workflows: host.runner, resources });
    expect(await run(id)).toMatchObject({ state: "done", reason: expect.stringContaining("could not be looked for") });
  });
});
