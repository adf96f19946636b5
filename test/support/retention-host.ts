/** What tests of retention and of the trash do: policies in place, time that ticks observe, and the due work done. */
import { tick } from "../../core/app/time/tick.ts";
import type { AppHost } from "./app-host.ts";

const HOUR_MS = 3600_000;

/** A policy with this rule, applied to the vault. Its next point is a month away: backups of tests are their own. @returns its id */
export async function applyPolicy(host: AppHost, vaultId: string, rule: object, enabled = true): Promise<string> {
  const id = (
    await ask(host, "POST", "/policies", {
      policy: {
        name: "nightly",
        operation_type: "backup",
        enabled,
        operation_definition: rule,
        trigger: { properties: { pattern: ["FREQ=DAILY;INTERVAL=30;BYHOUR=00;BYMINUTE=00"] } },
      },
    })
  ).policy.id;
  await ask(host, "POST", `/vaults/${vaultId}/associatepolicy`, { policy_id: id });
  return id;
}

export const releasePolicy = (host: AppHost, vaultId: string, policyId: string) =>
  ask(host, "POST", `/vaults/${vaultId}/dissociatepolicy`, { policy_id: policyId });

/** Another rule in place of the policy's. */
export const changeRule = (host: AppHost, policyId: string, rule: object, enabled = true) =>
  ask(host, "PUT", `/policies/${policyId}`, { policy: { operation_definition: rule, enabled } });

async function ask(host: AppHost, method: string, path: string, body: object) {
  const answer = await host.call(method, path, body);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body;
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
