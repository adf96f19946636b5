/** After a run: lets a vault grow that may, and tells once of each crossing of its threshold (CAP-13, CAP-25). */
import { type Capacity, type CapacityVerdict, judgeCapacity } from "../../domain/capacity.ts";
import { GIB } from "../../domain/values.ts";
import { asVault, byItself } from "../audit/by-itself.ts";
import { traceWrite } from "../audit/record-trace.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import { load, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import { loadBindings, usedBytes } from "./load-vault.ts";

/** A vault as its capacity is judged. */
export const capacityOf = ({ billing, threshold, autoExpand, capacity }: Vault): Capacity => ({
  size: billing.size,
  threshold,
  autoExpand,
  marks: capacity ?? { above: false, full: false },
});

const DONE = { outcome: "success" } as const;

/**
 * Idempotent: what was told is written down first, so two who look at once tell it once. A crash between the two costs the
 * notice, never the growth. A vault that is frozen or goes away stays as it is.
 */
export async function settleCapacity(s: Services, vaultId: string): Promise<void> {
  const settled = await withFreshState(async () => {
    const vault = await load(s.records, vaults, vaultKey(vaultId));
    if (vault?.status !== "available") return undefined;
    const used = usedBytes(await loadBindings(s.records, vaultId));
    const before = capacityOf(vault);
    const verdict = judgeCapacity(before, used);
    const { size, marks } = verdict;
    const same = size === before.size && marks.above === before.marks.above && marks.full === before.marks.full;
    if (same) return undefined;
    // Loses to any other change of the vault since it was read, and is then judged again.
    await s.records.transact([
      replace(vaults, { ...vault, billing: { ...vault.billing, size }, capacity: marks, updatedAt: s.now() }),
      ...(size === before.size ? [] : [await traceWrite(s, byItself("updateVault", asVault(vault), vault), DONE)]),
    ]);
    return { vault, used, verdict };
  });
  if (settled !== undefined) await tellAll(s, settled);
}

interface Settled {
  readonly vault: Vault;
  readonly used: number;
  readonly verdict: CapacityVerdict;
}

async function tellAll(s: Services, { vault, used, verdict }: Settled): Promise<void> {
  const { size, crossed, filled } = verdict;
  const gb = Math.ceil(used / GIB);
  const about = {
    projectId: vault.projectId,
    facts: { vault_id: vault.id, size_gb: size, used_gb: gb, threshold_percent: vault.threshold },
  };
  if (size > vault.billing.size)
    await tellOfVault(s, vault.id, {
      ...about,
      severity: "info",
      topic: "vault.expanded",
      message: `vault ${vault.name} grew from ${vault.billing.size} to ${size} GB: its backups use ${gb} GB`,
    });
  if (crossed)
    await tellOfVault(s, vault.id, {
      ...about,
      severity: "warning",
      topic: "vault.capacity",
      message: `vault ${vault.name}: ${gb} of ${size} GB are used, which reaches its threshold of ${vault.threshold} %`,
    });
  if (filled)
    await tellOfVault(s, vault.id, {
      ...about,
      severity: "critical",
      topic: "vault.full",
      message: `vault ${vault.name} is full: no backup starts until it is expanded or backups are deleted`,
    });
}
