/** A policy from its creation to its deletion, as clients see it: what it says, where it is applied, what is expected. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { scenarioClient } from "./client.ts";
import type { ScenarioHost } from "./host.ts";

export function policyScenario(host: () => ScenarioHost): void {
  test("a policy is created, changed, applied to vaults and deleted; the ledger shows what it expects (VLT-60, SCH-09, SCH-26)", async () => {
    const { call, code, must, vault } = scenarioClient(host());
    const name = `policies-${randomUUID().slice(0, 8)}`;
    const create = async (more: object = {}) => {
      const pattern = ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=02;BYMINUTE=30"];
      const definition = { max_backups: 7, week_backups: 4, timezone: "UTC+01:00" };
      const policy = { name, operation_definition: definition, trigger: { properties: { pattern } }, ...more };
      return (await must("POST", "/policies", { policy })).policy;
    };
    const policy = await create();
    expect((await must("GET", `/policies/${policy.id}`)).policy).toEqual(policy);
    const first = await vault("disk", [], { backup_policy_id: policy.id });
    const second = await vault("disk", []);
    const apply = (to: string, policyId: string) =>
      code("POST", `/vaults/${to}/associatepolicy`, { policy_id: policyId });
    expect(await apply(second, policy.id)).toEqual([200, undefined]);
    expect(await apply(second, policy.id)).toEqual([200, undefined]);
    const applied = (await must("GET", `/policies/${policy.id}`)).policy.associated_vaults;
    expect(applied.map(({ vault_id }: { vault_id: string }) => vault_id).sort()).toEqual([first, second].sort());
    expect((await must("GET", `/vaults?policy_id=${policy.id}`)).count).toBe(2);
    const expected = async (of: string) => (await must("GET", `/holdfast/runs?vault_id=${of}`)).runs;
    expect(await expected(first)).toMatchObject([{ state: "expected", policy_id: policy.id }]);

    // Disabled it expects nothing; another definition replaces the whole one.
    const change = { enabled: false, operation_definition: { retention_duration_days: 30 } };
    const changed = (await must("PUT", `/policies/${policy.id}`, { policy: change })).policy;
    expect(changed).toMatchObject({ enabled: false, trigger: policy.trigger });
    expect(changed.operation_definition).toEqual({ retention_duration_days: 30 });
    expect(await expected(first)).toEqual([]);
    await must("PUT", `/policies/${policy.id}`, { policy: { enabled: true } });
    expect(await expected(first)).toHaveLength(1);

    // Another one takes its place; released and deleted, nothing is left of it.
    const other = await create({ name: `${name}-other` });
    expect(await apply(second, other.id)).toEqual([200, undefined]);
    expect((await must("GET", `/policies?vault_id=${second}`)).policies.map(({ id }: { id: string }) => id)).toEqual([
      other.id,
    ]);
    const release = (of: string, policyId: string) =>
      code("POST", `/vaults/${of}/dissociatepolicy`, { policy_id: policyId });
    expect(await release(first, other.id)).toEqual([404, "BackupService.6002"]);
    expect(await release(first, policy.id)).toEqual([200, undefined]);
    for (const { id } of [policy, other]) expect(await code("DELETE", `/policies/${id}`)).toEqual([204, undefined]);
    expect((await call("GET", `/policies/${other.id}`)).status).toBe(404);
    expect(await expected(second)).toEqual([]);
    for (const id of [first, second]) expect(await code("DELETE", `/vaults/${id}`)).toEqual([204, undefined]);
  });
}
