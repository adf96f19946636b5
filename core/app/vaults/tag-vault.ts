/** Sets tags of a vault by key, or takes them away (#53, #55, #56). */
import { fault } from "../../domain/fault.ts";
import { refuseObstacle } from "../../domain/obstacle.ts";
import { withoutTags, withTags } from "../../domain/tags.ts";
import type { Tag } from "../../domain/vault-rules.ts";
import { replace, vaults } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { loadVault } from "./load-vault.ts";

/** New keys are added, known ones get the new value; all or none. @throws Fault 6105, 6112 (being deleted), 6600 */
export const setTags = (s: Services, caller: Caller, vaultId: string, tags: readonly Tag[]): Promise<void> =>
  change(s, caller, vaultId, (current) => withTags(current, tags));

/** What is not there is no matter. @throws Fault 6105, 6112 (being deleted) */
export const dropTags = (s: Services, caller: Caller, vaultId: string, keys: readonly string[]): Promise<void> =>
  change(s, caller, vaultId, (current) => withoutTags(current, keys));

/** One tag that must be there. @throws Fault 6105, 6112 (being deleted), 6601 */
export const dropTag = (s: Services, caller: Caller, vaultId: string, key: string): Promise<void> =>
  change(s, caller, vaultId, (current) =>
    current.some((tag) => tag.key === key)
      ? withoutTags(current, [key])
      : fault("6601", `the vault has no tag "${key}"`),
  );

const change = (
  s: Services,
  caller: Caller,
  vaultId: string,
  next: (current: readonly Tag[]) => readonly Tag[],
): Promise<void> =>
  withFreshState(async () => {
    const vault = await loadVault(s.records, caller.projectId, vaultId);
    // Tags serve searching only: they can be set whatever state the vault is in, as long as it stays.
    refuseObstacle("tag", { vault: vault.status });
    // Loses to any other change of the vault since it was read, and is then decided again.
    await s.records.write(replace(vaults, { ...vault, tags: [...next(vault.tags)], updatedAt: s.now() }));
  });
