/** Which vault takes over resources of which other one, with all their backups (VLT-40, VLT-41, VLT-44)? */
import { fault } from "./fault.ts";
import { GIB } from "./values.ts";
import { specCode, type VaultKind } from "./vault-rules.ts";

/** A vault of a migration. */
export interface MigrationVault {
  readonly id: string;
  readonly locked: boolean;
  readonly kind: VaultKind;
  /** GB. */
  readonly size: number;
  /** Bytes that its backups use. */
  readonly used: number;
}

/**
 * Vaults of one kind, the source not locked, and more room than the moving backups take. A resource without
 * backups moves into a full vault as well: it brings nothing. `moving`: bytes.
 * @throws Fault 6110 (locked source), 6102 (another object type), 6119 (another specification), 6129 (no room)
 */
export function checkMigration(source: MigrationVault, destination: MigrationVault, moving: number): void {
  if (source.locked) fault("6110", "the vault is locked: its resources cannot be moved to another one");
  const [from, to] = [source.kind, destination.kind];
  if (from.objectType !== to.objectType)
    fault("6102", `a ${to.objectType} vault does not take resources of a ${from.objectType} vault`);
  if (specCode(from) !== specCode(to) || from.cloudType !== to.cloudType)
    fault("6119", `vault ${destination.id} has another specification: ${specCode(to)} instead of ${specCode(from)}`);
  const room = destination.size * GIB - destination.used;
  if (moving > 0 && room <= moving)
    fault(
      "6129",
      `vault ${destination.id} has ${Math.max(0, Math.floor(room / GIB))} GB left; the backups need more than ${Math.floor(moving / GIB)} GB`,
    );
}
