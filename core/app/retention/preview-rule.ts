/** POST holdfast/policies/{id}/preview: what would another rule delete, of what is there today? Nothing is changed. */
import { fault } from "../../domain/fault.ts";
import { type ChainStep, freedBytes } from "../../domain/freed.ts";
import type { OperationDefinition } from "../../domain/policy.ts";
import { holdOfPlan } from "../../domain/retention-guard.ts";
import { reasonText } from "../../domain/retention-reasons.ts";
import { meaningOf } from "../../domain/retention-rule.ts";
import { type Binding, Part } from "../records/entities.ts";
import { backupKey, PARTS, vaultKey } from "../records/keys.ts";
import { linksOf, loadPolicy } from "../records/policies.ts";
import { listAll, load, vaults } from "../records/tables.ts";
import { chainOf } from "../repository/chain.ts";
import type { Services } from "../services.ts";
import { loadBindings } from "../vaults/load-vault.ts";
import { planResource } from "./plan-resource.ts";
import { ruleOf } from "./rule-in-force.ts";

export interface PreviewedBackup {
  readonly id: string;
  readonly name: string;
  readonly vaultId: string;
  readonly resourceId: string;
  readonly createdAt: number;
  readonly reason: string;
  /** Undefined = when the next backup of its resource completes. */
  readonly at: number | undefined;
  /** Why a person would have to confirm it. */
  readonly held: string | undefined;
}

export interface Preview {
  readonly deletions: readonly PreviewedBackup[];
  readonly kept: number;
  /** Bytes that `used` would fall by. */
  readonly freed: { readonly atLeast: number; readonly atMost: number };
  /** What a rule that is not clear, or limits no existing backup, has to say. */
  readonly note: string | undefined;
}

/** @throws Fault 6000 (no such backup policy) */
export async function previewRule(
  s: Services,
  projectId: string,
  policyId: string,
  definition: OperationDefinition,
): Promise<Preview> {
  const policy = await loadPolicy(s.records, projectId, "backup", policyId);
  if (policy === undefined) return fault("6000", `backup policy ${policyId} does not exist`);
  const rule = ruleOf(definition);
  const deletions: PreviewedBackup[] = [];
  let kept = 0;
  let atLeast = 0;
  let atMost = 0;
  for (const { vaultId } of await linksOf(s.records, policyId)) {
    const vault = await load(s.records, vaults, vaultKey(vaultId));
    if (vault === undefined || vault.status === "deleting") continue;
    const bound = await loadBindings(s.records, vault.id);
    for (const binding of bound) {
      const plan = await planResource(s, vault, binding, { instead: rule });
      const going = plan.decisions.flatMap((d) => (d.keep ? [] : [d]));
      kept += plan.decisions.length - going.length;
      if (going.length === 0) continue;
      const good = going.filter(({ id }) => plan.backups.get(id)?.status === "available");
      const hold = holdOfPlan(
        {
          deletions: good.length,
          byDate: good.filter(({ reason }) => reason.kind === "expired").length,
          inVault: bound.reduce((sum, b) => sum + b.backups, 0),
          ofResource: plan.backups.size,
        },
        undefined,
      );
      for (const { id, reason } of going) {
        const { name = "", createdAt = 0 } = plan.backups.get(id) ?? {};
        deletions.push({
          id,
          name,
          vaultId: vault.id,
          resourceId: binding.resourceId,
          createdAt,
          reason: reasonText(reason),
          at: reason.kind === "expired" ? reason.at : undefined,
          held: hold?.why,
        });
      }
      const freed = await freedBy(s, binding, new Set(going.map(({ id }) => id)), [...plan.backups.keys()]);
      atLeast += freed.atLeast;
      atMost += freed.atMost;
    }
  }
  return { deletions, kept, freed: { atLeast, atMost }, note: noteOn(definition) };
}

function noteOn(definition: OperationDefinition): string | undefined {
  const meaning = meaningOf(ruleOf(definition));
  switch (meaning.mode) {
    case "unclear":
      return `the rule deletes nothing: ${meaning.why}`;
    case "time":
      return "a rule of days is for backups made from now on: existing ones keep the date they have, or none";
    case "permanent":
      return "nothing limits new backups; existing ones keep the date they have, or none";
    case "count":
      return undefined;
  }
}

/** What `used` falls by, over all disks of a resource. */
async function freedBy(
  s: Services,
  { vaultId }: Binding,
  going: ReadonlySet<string>,
  backupIds: readonly string[],
): Promise<{ readonly atLeast: number; readonly atMost: number }> {
  const nonZero = new Map<string, number>();
  const disks = new Set<string>();
  for (const backupId of backupIds)
    for (const part of await listAll(s.records, Part, backupKey(backupId).pk, PARTS)) {
      nonZero.set(part.id, part.nonZero);
      disks.add(part.diskId);
    }
  let atLeast = 0;
  let atMost = 0;
  for (const diskId of disks) {
    const chain = (await chainOf(s.records, vaultId, diskId)).map(
      ({ backupId, partId, change }): ChainStep => ({
        goes: going.has(backupId),
        change,
        nonZero: nonZero.get(partId) ?? 0,
      }),
    );
    const freed = freedBytes(chain);
    atLeast += freed.atLeast;
    atMost += freed.atMost;
  }
  return { atLeast, atMost };
}
