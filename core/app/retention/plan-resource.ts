/** What does the rule in force make of each backup that a resource has in its vault? */
import { type Decision, planRetention, type RetainedBackup } from "../../domain/retention.ts";
import type { RetentionRule } from "../../domain/retention-rule.ts";
import { Backup, type Binding, type Vault } from "../records/entities.ts";
import { backupKey, byResource } from "../records/keys.ts";
import type { Policy } from "../records/policies.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import type { RecordServices } from "../services.ts";
import { policyInForce, ruleOf } from "./rule-in-force.ts";

/** Keys of one getMany. */
const BATCH = 100;

export interface ResourcePlan {
  readonly policy: Policy | undefined;
  /** Newest first, one for each of `backups`. */
  readonly decisions: readonly Decision[];
  readonly backups: ReadonlyMap<string, Versioned<Backup>>;
  /** The newest backup that can be restored: whoever deletes by this plan checks that it is there. */
  readonly lastGood: string | undefined;
}

/** @param instead a rule to try instead of the one in force */
export async function planResource(
  s: RecordServices,
  vault: Vault,
  binding: Pick<Binding, "projectId" | "vaultId" | "resourceId">,
  { also = [], instead }: { readonly also?: readonly string[]; readonly instead?: RetentionRule } = {},
): Promise<ResourcePlan> {
  const policy = await policyInForce(s.records, vault);
  const rule = instead ?? (policy && ruleOf(policy.operationDefinition));
  const backups = await backupsOfResource(s, binding, also);
  const retained = backups.map(retainedOf);
  const decisions = planRetention(retained, { rule, now: s.now(), locked: vault.locked });
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const lastGood = decisions.find(({ id }) => {
    const status = byId.get(id)?.status;
    return status === "available" || status === "restoring";
  });
  return { policy, decisions, backups: byId, lastGood: lastGood?.id };
}

const retainedOf = (backup: Backup): RetainedBackup => ({
  id: backup.id,
  createdAt: backup.createdAt,
  automatic: backup.autoTrigger,
  status: backup.status,
  expiredAt: backup.expiredAt,
  exemptions: backup.hold === undefined ? [] : [{ kind: "hold", why: backup.hold }],
  leaving: backup.leaving !== undefined,
});

/**
 * All backups of a resource in a vault, each as it stands now. The index that names them may lag: one that it lists may be gone,
 * and would take the place of one that is there; one that it does not list yet is younger than all it knows, and keeps nothing
 * from being kept. `also`: ids that are known to the caller.
 */
async function backupsOfResource(
  s: RecordServices,
  { projectId, vaultId, resourceId }: Pick<Binding, "projectId" | "vaultId" | "resourceId">,
  also: readonly string[],
): Promise<readonly Versioned<Backup>[]> {
  const ids = new Set(also);
  const { pk } = byResource(projectId, resourceId, "B", 0, "");
  let cursor: string | undefined;
  do {
    const page = await s.records.query({ index: "g3", pk, limit: 500, ...(cursor !== undefined && { cursor }) });
    for (const item of page.items) {
      const backup = parseItem(Backup, item);
      if (backup.vaultId === vaultId) ids.add(backup.id);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  const named = [...ids];
  const found: Versioned<Backup>[] = [];
  for (let at = 0; at < named.length; at += BATCH) {
    const keys = named.slice(at, at + BATCH).map(backupKey);
    for (const item of await s.records.getMany(keys, { consistent: true }))
      if (item !== undefined) found.push(parseItem(Backup, item));
  }
  return found;
}
