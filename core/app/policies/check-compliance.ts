/** GET holdfast/compliance: the project's backup policies and vaults, each with what the compliance rules say of it (MON-04). */
import { type Compliance, judgeFrequency, judgeRetention, longestGapHours } from "../../domain/compliance.ts";
import { numberSet } from "../../domain/policy.ts";
import { scheduleOf } from "../../domain/schedule.ts";
import { newestVaults } from "../lists/list-vaults.ts";
import { listPage, type PageAsk } from "../lists/walk.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { listPolicyRows, type Policy } from "../records/policies.ts";
import { load, vaults } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { saysNow } from "./points.ts";

interface ComplianceAsk extends PageAsk {
  /** Hours that a policy may leave between two points. */
  readonly mostGapHours: number;
  /** Days that backups must be kept, where days are what a policy says. */
  readonly leastDays: number;
}

interface ComplianceReport {
  /** Every backup policy; there are 32 at most. */
  readonly policies: readonly { readonly policy: Policy; readonly gapHours: number; readonly verdict: Compliance }[];
  /** A page of the vaults that take backups, the newest first. */
  readonly vaults: readonly {
    readonly vault: Vault;
    readonly policy: Policy | undefined;
    readonly verdict: Compliance;
  }[];
  /** Vaults in all. */
  readonly count: number;
}

/** @throws Fault 9900 (unknown marker) */
export async function checkCompliance(s: Services, projectId: string, ask: ComplianceAsk): Promise<ComplianceReport> {
  const policies = await listPolicyRows(s.records, projectId, "backup");
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const page = await listPage<Vault>(
    {
      source: (after) => newestVaults(s, projectId, after),
      find: async (id) => {
        const vault = await load(s.records, vaults, vaultKey(id));
        return vault?.projectId === projectId ? vault : undefined;
      },
      // Replication vaults take no backups, and what is being deleted needs no policy.
      keep: ({ billing, status }) => billing.protectType === "backup" && status !== "deleting",
    },
    ask,
  );
  return {
    policies: policies.map((policy) => {
      const said = saysNow(policy);
      const gapHours = longestGapHours(scheduleOf(said.texts, said.anchor));
      return { policy, gapHours, verdict: judgeFrequency({ enabled: policy.enabled, gapHours }, ask.mostGapHours) };
    }),
    vaults: page.rows.map((vault) => {
      const policy = byId.get(vault.policies?.backup ?? "");
      const rule = policy && {
        enabled: policy.enabled,
        retentionDays: numberSet(policy.operationDefinition.retentionDurationDays),
      };
      return { vault, policy, verdict: judgeRetention(rule, ask.leastDays) };
    }),
    count: page.count,
  };
}
