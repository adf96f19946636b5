/** When does retention act, how soon, and what becomes of it once a resource is gone? */
import { afterEach, beforeEach, expect, it } from "vitest";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { applyPolicy, changeRule, hoursPass, settle } from "../support/retention-host.ts";

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost({ trashMs: 24 * 3600_000 });
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
  await settle(host);
});
afterEach(() => host.close());

const get = async (path: string) => (await host.call("GET", path)).body;
const ids = async (): Promise<string[]> =>
  (await get("/backups?limit=1000")).backups.map(({ id }: { id: string }) => id).reverse();
/** One automatic backup, a minute after the last one; nothing follows from it before the next tick. */
async function complete(): Promise<string> {
  host.clock.ahead += 60_000;
  return (await host.backUp(vault, { auto_trigger: true })).of.d1 ?? "";
}
async function several(n: number): Promise<string[]> {
  const made: string[] = [];
  for (let i = 0; i < n; i++) {
    made.push(await complete());
    await settle(host);
  }
  return made;
}

it("RET-35: a count of one keeps the newest automatic backup alone", async () => {
  await applyPolicy(host, vault, { max_backups: 1 });
  const [, b] = await several(2);
  expect(await ids()).toEqual([b]);
});

it("RET-22: what a count takes goes with the tick after the backup, not a day later", async () => {
  await applyPolicy(host, vault, { max_backups: 1 });
  const [a] = await several(1);
  const b = await complete();
  expect(await ids()).toEqual([a, b]);
  await settle(host);
  expect(await ids()).toEqual([b]);
});

it("RET-22: what a date takes goes in the hour in which the date comes, and not before", async () => {
  await applyPolicy(host, vault, { retention_duration_days: 1 });
  const [a = "", b] = await several(2);
  const due = (await host.backup(a)).expired_at;
  await hoursPass(host, 23);
  expect(await ids()).toEqual([a, b]);
  await hoursPass(host, 1);
  expect(await ids()).toEqual([b]);
  expect((await get(`/holdfast/backups/${a}/fate`)).fate.deleted_at > due).toBe(true);
});

it.each<[string, string, () => unknown]>([
  ["is gone", "7000", () => host.disks.resources.delete("d1")],
  [
    "is suspended",
    "0001",
    () => host.call("PUT", `/vaults/${vault}/set-resources`, { resource_ids: ["d1"], action: "suspend" }),
  ],
])(
  "RET-17: of a resource that %s no count takes anything, as no run completes (%s); its dissociation takes all",
  async (_, code, end) => {
    const policy = await applyPolicy(host, vault, { max_backups: 3 });
    const made = await several(3);
    await changeRule(host, policy, { max_backups: 1 });
    await end();
    expect((await host.start(vault, { auto_trigger: true })).body.error_code).toBe(`BackupService.${code}`);
    await hoursPass(host, 3);
    expect(await ids()).toEqual(made);
    await host.call("POST", `/vaults/${vault}/removeresources`, { resource_ids: ["d1"] });
    await host.idle();
    expect(await ids()).toEqual([]);
  },
);

it("RET-17: of a resource that is gone dates take all but the last good one", async () => {
  await applyPolicy(host, vault, { retention_duration_days: 1 });
  const made = await several(3);
  host.disks.resources.delete("d1");
  await hoursPass(host, 26);
  expect(await ids()).toEqual([made[2]]);
});
