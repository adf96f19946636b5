/** A policy's point beside what people and resources do: nobody's error when the run cannot be, and moved by nothing. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Vault } from "../../core/app/records/entities.ts";
import { bindingKey, vaultKey } from "../../core/app/records/keys.ts";
import { loadLink } from "../../core/app/records/policies.ts";
import { bindings, load, replace, vaults } from "../../core/app/records/tables.ts";
import { tick } from "../../core/app/time/tick.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Every vault's share of the spread is over by then. */
const SPREAD = 3 * MINUTE;

let host: AppHost;
let policyId: string;
let vault: string;
/** The first point; there is another one six hours later. */
let midnight: number;
beforeEach(async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  midnight = (Math.floor(Date.now() / DAY) + 2) * DAY;
  goTo(midnight - HOUR);
  const pattern = ["00", "06"].map((hour) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${hour};BYMINUTE=00`);
  const { body } = await host.call("POST", "/policies", {
    policy: { name: "nightly", operation_definition: {}, trigger: { properties: { pattern } } },
  });
  policyId = body.policy.id;
  vault = await host.vault(["d1"], { backup_policy_id: policyId });
});
afterEach(() => host.close());

function goTo(instant: number): void {
  host.clock.ahead = instant - Date.now();
}
async function runAt(point: number) {
  goTo(point + SPREAD);
  const report = await tick(host.services);
  await host.idle();
  return report;
}
const rows = async (path: string, key: string) => (await host.call("GET", path)).body[key];
async function change(to: Partial<Vault>): Promise<void> {
  const row = await load(host.records, vaults, vaultKey(vault));
  if (row !== undefined) await host.records.write(replace(vaults, { ...row, ...to }));
}
async function fill(): Promise<void> {
  const binding = await load(host.records, bindings, bindingKey(vault, "d1"));
  if (binding !== undefined) await host.records.write(replace(bindings, { ...binding, used: 2 ** 40 }));
}
const suspend = () => host.call("PUT", `/vaults/${vault}/set-resources`, { resource_ids: ["d1"], action: "suspend" });

it.each<[string, string, () => unknown]>([
  ["its vault is frozen", "6113", () => change({ status: "frozen" })],
  ["its vault is full", "6114", fill],
  ["its only disk is in error", "7003", () => host.disks.addDisk("d1", { status: "error", reason: "unreadable" })],
  ["its only disk is gone", "7000", () => host.disks.resources.delete("d1")],
  ["its only disk is suspended", "0001", suspend],
])("CCY-03: a run that cannot be, because %s, is a skipped task with %s and no error", async (_, code, prepare) => {
  await prepare();
  expect(await runAt(midnight)).toMatchObject({ started: 0, failed: 0 });
  const error_code = `BackupService.${code}`;
  expect(await rows("/holdfast/runs?state=skipped", "runs")).toMatchObject([{ error_code }]);
  expect(await rows("/operation-logs", "operation_logs")).toMatchObject([
    { operation_type: "backup", status: "skipped", vault_id: vault, error_info: { code: error_code } },
  ]);
  expect(host.lines.filter(({ level }) => level === "error")).toEqual([]);
});

it("CCY-03: a run whose backup fails is a failed task and no error", async () => {
  host.disks.changed = () => "it was written to";
  expect(await runAt(midnight)).toMatchObject({ started: 1, failed: 0 });
  expect(await rows("/operation-logs", "operation_logs")).toMatchObject([{ status: "failed", policy_id: policyId }]);
  expect(await rows("/holdfast/runs?state=failed", "runs")).toHaveLength(1);
});

it("SCH-28: a backup by hand moves no point, also when it comes right before one", async () => {
  const next = async () => (await loadLink(host.records, policyId, vault))?.next;
  goTo(midnight - 30 * MINUTE);
  await host.backUp(vault);
  expect(await next()).toBe(midnight);
  await runAt(midnight);
  goTo(midnight + 2 * HOUR);
  await host.backUp(vault, { auto_trigger: true, policy_id: policyId });
  expect(await next()).toBe(midnight + 6 * HOUR);
  await runAt(midnight + 6 * HOUR);
  expect(await rows("/holdfast/runs?state=done", "runs")).toHaveLength(2);
  expect(await rows("/backups", "backups")).toHaveLength(4);
});
