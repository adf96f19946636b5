/** An operator freezes a vault, or lets it go on (VLT-14, CAP-37, CAP-38): data is kept, nothing is done with it meanwhile. */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { next, VAULT } from "../../domain/state-machines.ts";
import type { FrozenScene } from "../../domain/statuses.ts";
import type { Vault } from "../records/entities.ts";
import { vaultKey } from "../records/keys.ts";
import type { Versioned } from "../records/record.ts";
import { load, replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";

export interface FreezeAsk {
  readonly vaultId: string;
  readonly frozen: boolean;
  /** Why it is frozen; absent = nobody pays for it. */
  readonly scene?: FrozenScene | undefined;
  /** Absent: an operator of the whole deployment asks. */
  readonly projectId?: string;
}

/**
 * Repeating it changes nothing; frozen for another reason, that one counts from then on. What runs in the vault ends; nothing new starts. People are told (MON-03).
 * @throws Fault 6105; 6112 when the vault is neither available nor frozen
 */
export async function freezeVault(
  s: Pick<Services, "records" | "now" | "notifier" | "log">,
  ask: FreezeAsk,
): Promise<Vault> {
  const { vault, changed } = await record(s, ask);
  if (changed)
    await tellOfVault(s, vault.id, {
      severity: ask.frozen ? "critical" : "info",
      topic: ask.frozen ? "vault.frozen" : "vault.unfrozen",
      projectId: vault.projectId,
      message: ask.frozen
        ? `vault ${vault.name} is frozen (${vault.frozenScene}): its backups are kept, and nothing is backed up or restored until it is released`
        : `vault ${vault.name} is available again`,
      facts: { vault_id: vault.id },
    });
  return vault;
}

const record = (
  s: Pick<Services, "records" | "now">,
  { vaultId, frozen, projectId, scene = "arrears" }: FreezeAsk,
): Promise<{ readonly vault: Vault; readonly changed: boolean }> =>
  withFreshState(async () => {
    const vault = await load(s.records, vaults, vaultKey(vaultId));
    if (vault === undefined || (projectId !== undefined && vault.projectId !== projectId))
      return fault("6105", `vault ${vaultId} does not exist`);
    const { frozenScene, ...rest } = vault;
    if (frozen ? vault.status === "frozen" && frozenScene === scene : vault.status === "available")
      return { vault, changed: false };
    // Frozen for another reason now: it stays what it is.
    const stays = frozen && vault.status === "frozen";
    if (!stays) refuseObstacle("freeze", { vault: vault.status });
    const changed: Versioned<Vault> = {
      ...rest,
      status: stays ? "frozen" : next(VAULT, vault.status, frozen ? "freeze" : "release"),
      ...(frozen && { frozenScene: scene }),
      updatedAt: s.now(),
    };
    // Loses to whoever starts or deletes something in the vault since it was read, and is then decided again.
    await s.records.write(replace(vaults, changed));
    return { vault: changed, changed: true };
  });
