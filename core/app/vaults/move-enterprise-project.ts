/** A vault is moved to another enterprise project, by whoever keeps these: what is shown of it follows (VLT-17). */
import { badField, fault } from "../../domain/fault.ts";
import { inBatches } from "../in-batches.ts";
import { walkBack } from "../lists/walk.ts";
import { Backup } from "../records/entities.ts";
import { backupKey, byVault } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import { backups, load, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { loadVault } from "./load-vault.ts";

const BACKUPS_AT_ONCE = 8;
/** As at the creation of a vault. */
const LONGEST_ID = 64;

interface Move {
  readonly projectId: string;
  readonly vaultId: string;
  /** Of the destination; any text: enterprise projects are kept elsewhere. */
  readonly enterpriseProjectId: string;
}

/**
 * The vault first: backups that are made from then on have its new id. Repeating it changes nothing, so a request that died
 * half-way is simply sent again. Tasks go on telling where the vault was then. @throws Fault 6105, 6112 (being deleted), 9900
 */
export async function moveToEnterpriseProject(s: Pick<Services, "records" | "now">, move: Move): Promise<void> {
  const { projectId, vaultId, enterpriseProjectId } = move;
  if (enterpriseProjectId.length > LONGEST_ID)
    badField("enterprise_project_id", `must be at most ${LONGEST_ID} characters`);
  await withFreshState(async () => {
    const vault = await loadVault(s.records, projectId, vaultId);
    if (vault.status === "deleting") fault("6112", "the vault is being deleted");
    if (vault.enterpriseProjectId === enterpriseProjectId) return;
    // Loses to any other change of the vault since it was read, and is then decided again.
    await s.records.write(replace(vaults, { ...vault, enterpriseProjectId, updatedAt: s.now() }));
  });
  const found: string[] = [];
  for await (const item of walkBack(s.records, { index: "g2", pk: byVault(vaultId, "B", 0, "").pk })) {
    const backup = parseItem(Backup, item);
    if (backup.enterpriseProjectId !== enterpriseProjectId) found.push(backup.id);
  }
  await inBatches(found, BACKUPS_AT_ONCE, (id) => withFreshState(() => follow(s, id, move)));
}

/** Loses to whoever ends, renames or deletes the backup, or moves it to another vault, and then looks again. */
async function follow(s: Pick<Services, "records">, id: string, { vaultId, enterpriseProjectId }: Move): Promise<void> {
  const backup = await load(s.records, backups, backupKey(id));
  if (backup?.vaultId !== vaultId) return;
  await s.records.write(replace(backups, { ...backup, enterpriseProjectId }));
}
