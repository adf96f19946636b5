/** What tests of retention and of the trash do: policies in place, time that ticks observe, and the due work done. */
import { randomUUID } from "node:crypto";
import { vaultKey } from "../../core/app/records/keys.ts";
import { loadPolicy, type Policy, policies } from "../../core/app/records/policies.ts";
import { insert, load, replace, vaults } from "../../core/app/records/tables.ts";
import { tick } from "../../core/app/time/tick.ts";
import type { AppHost } from "./app-host.ts";
import { PROJECT } from "./vault-host.ts";

const HOUR_MS = 3600_000;

/** A policy with this rule, applied to the vault. @returns its id */
export async function applyPolicy(
  host: AppHost,
  vaultId: string,
  rule: Policy["operationDefinition"],
  enabled = true,
): Promise<string> {
  const id = randomUUID();
  const now = host.services.now();
  const policy: Policy = {
    schema: 1,
    id,
    projectId: PROJECT,
    operationType: "backup",
    name: "nightly",
    enabled,
    operationDefinition: rule,
    trigger: { id: randomUUID(), patterns: ["FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00"], startTime: now, since: now },
    createdAt: now,
    updatedAt: now,
  };
  await host.records.write(insert(policies, policy));
  await bindPolicy(host, vaultId, id);
  return id;
}

/** Which policy the vault has from now on; undefined = none any more. */
export async function bindPolicy(host: AppHost, vaultId: string, policyId: string | undefined): Promise<void> {
  const vault = await load(host.records, vaults, vaultKey(vaultId));
  if (vault === undefined) throw new Error(`vault ${vaultId} is gone`);
  await host.records.write(
    replace(vaults, { ...vault, policies: policyId === undefined ? {} : { backup: policyId } }),
  );
}

/** Another rule, as PUT policies does it. */
export async function changeRule(
  host: AppHost,
  policyId: string,
  rule: Policy["operationDefinition"],
  enabled = true,
): Promise<void> {
  const policy = await loadPolicy(host.records, PROJECT, "backup", policyId);
  if (policy === undefined) throw new Error(`policy ${policyId} is gone`);
  await host.records.write(replace(policies, { ...policy, operationDefinition: rule, enabled }));
}

/** The due work of now, and what it started. */
export async function settle(host: AppHost): Promise<void> {
  const { failed } = await tick(host.services);
  if (failed > 0) throw new Error(JSON.stringify(host.lines.filter(({ level }) => level === "error")));
  await host.idle();
}

/** Hours pass, with a tick in each. */
export async function hoursPass(host: AppHost, hours: number): Promise<void> {
  for (let i = 0; i < hours; i++) {
    host.clock.ahead += HOUR_MS;
    await settle(host);
  }
}

/** The clock jumps. */
export function jump(host: AppHost, hours: number): void {
  host.clock.ahead += hours * HOUR_MS;
}
