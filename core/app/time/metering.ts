/** On each full hour a row is written for each vault: its size, its use, its kind (CAP-30, CAP-38). Prices are nobody's here. */
import type { ObjectType } from "../../domain/resource-types.ts";
import type { Instant } from "../../domain/values.ts";
import { specCode } from "../../domain/vault-rules.ts";
import { type Key, TransactionRefused, type Write } from "../../ports/record-store.ts";
import type { Due } from "../records/entities.ts";
import { dueKey, meteringKey, vaultKey } from "../records/keys.ts";
import { METERING_TTL_SECONDS, type Metering } from "../records/metering.ts";
import { insertAt, load, vaults } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";
import { loadBindings, usedBytes } from "../vaults/load-vault.ts";
import { shardOf } from "./due.ts";

const HOUR_MS = 3600_000;

type Put = Extract<Write, { op: "put" }>;

function dueAt(vaultId: string, hour: Instant): Put {
  const due: Due = { schema: 1, workflow: "meter", name: vaultId, input: { hour } };
  return insertAt({ key: dueKey(shardOf(vaultId), hour, "meter", vaultId) }, due);
}

const hourAfter = (at: Instant): Instant => (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;

/** Goes with the vault's creation: from the next full hour on it is metered. */
export const firstMetering = (vaultId: string, now: Instant): Put => dueAt(vaultId, hourAfter(now));

/** Was `firstMetering` written at this instant, whatever has come of it since? */
export async function wasMetered(s: RecordServices, vaultId: string, at: Instant): Promise<boolean> {
  const hour = hourAfter(at);
  const keys = [dueKey(shardOf(vaultId), hour, "meter", vaultId), meteringKey(vaultId, hour)];
  // The row and the promise of the next one change places in one transaction: two reads could miss both.
  return (await s.records.getMany(keys, { consistent: true })).some((item) => item !== undefined);
}

/**
 * Writes the hour's row and promises the next one, in one transaction. Hours that nobody saw are made up one by one, with what
 * the vault is now. Ends with the vault. Loses to another tick that did it.
 */
export async function meterVault(s: RecordServices, { name: vaultId, input }: Due, key: Key): Promise<void> {
  const vault = await load(s.records, vaults, vaultKey(vaultId));
  if (vault === undefined) {
    // Idempotent: nobody writes this row again.
    await s.records.write({ op: "delete", key, if: "any" });
    return;
  }
  const hour = Number(input.hour);
  const row: Metering = {
    schema: 1,
    vaultId,
    projectId: vault.projectId,
    hour,
    size: vault.billing.size,
    used: usedBytes(await loadBindings(s.records, vaultId)),
    specCode: specCode({ ...vault.billing, objectType: vault.billing.objectType as ObjectType }),
  };
  const ttl = Math.floor(hour / 1000) + METERING_TTL_SECONDS;
  try {
    await s.records.transact([
      { op: "delete", key, if: "present" },
      dueAt(vaultId, hour + HOUR_MS),
      insertAt({ key: meteringKey(vaultId, hour), ttl }, row),
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}
