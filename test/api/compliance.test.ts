/** Does the compliance report judge the project's policies and vaults as they are (MON-04)? */
import { afterEach, beforeEach, expect, it } from "vitest";
import { createVaultHost, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

async function policy(name: string, days: string, change: object): Promise<string> {
  const { body } = await host.call("POST", "/policies", {
    policy: {
      name,
      operation_definition: {},
      trigger: { properties: { pattern: [`FREQ=WEEKLY;BYDAY=${days};BYHOUR=22;BYMINUTE=00`] } },
      ...change,
    },
  });
  return body.policy.id;
}
const vault = async (name: string, change: object = {}): Promise<string> => {
  host.clock.now += 1000;
  return (await host.call("POST", "/vaults", vaultBody({ name, ...change }))).body.vault.id;
};
interface Judged {
  readonly policy_name?: string;
  readonly vault_name?: string;
  readonly reason: string | null;
}
const report = async (query = "") => (await host.call("GET", `/holdfast/compliance${query}`)).body;

it("MON-04: judges every backup policy by its longest gap, and every vault by its policy's days, with reasons", async () => {
  const often = await policy("often", "MO,TU,WE,TH,FR,SA,SU", {
    operation_definition: { retention_duration_days: 30 },
  });
  const seldom = await policy("seldom", "TU,TH,SA", { operation_definition: { retention_duration_days: 5 } });
  const counted = await policy("counted", "MO", { operation_definition: { max_backups: 2 }, enabled: false });
  await vault("bare");
  const kept = await vault("kept", { backup_policy_id: often });
  await vault("short", { backup_policy_id: seldom });
  await vault("off", { backup_policy_id: counted });
  await host.call("POST", "/vaults", vaultBody({ name: "copies" }, { protect_type: "replication" }));

  const first = await report();
  expect(first).toMatchObject({ max_gap_hours: 24, min_retention_days: 7, count: 4, limit: 1000, offset: 0 });
  const of = (rows: readonly Judged[], name: "policy_name" | "vault_name") =>
    Object.fromEntries(rows.map((row) => [String(row[name]), row.reason]));
  expect(of(first.policies, "policy_name")).toEqual({
    often: null,
    seldom: "its points lie up to 72 hours apart, more than 24",
    counted: "the policy is disabled",
  });
  expect(first.policies.find((row: { policy_id: string }) => row.policy_id === seldom).longest_gap_hours).toBe(72);
  expect(of(first.vaults, "vault_name")).toEqual({
    off: "its policy is disabled",
    short: "its policy keeps backups 5 days, less than 7",
    kept: null,
    bare: "the vault follows no backup policy",
  });
  for (const { compliant, reason } of [...first.policies, ...first.vaults]) expect(compliant).toBe(reason === null);

  const second = await report("?max_gap_hours=72&min_retention_days=31&limit=1&offset=2");
  expect(of(second.policies, "policy_name")).toMatchObject({ seldom: null });
  expect(second.vaults).toEqual([
    {
      vault_id: kept,
      vault_name: "kept",
      policy_id: often,
      policy_name: "often",
      compliant: false,
      reason: "its policy keeps backups 30 days, less than 31",
    },
  ]);
  expect(second.count).toBe(4);
});

it.each(["max_gap_hours=0", "max_gap_hours=721", "min_retention_days=x", "marker=none"])(
  "refuses %s with 9900",
  async (query) => {
    expect((await report(`?${query}`)).error_code).toBe("BackupService.9900");
  },
);
