/**
 * Each quarter of an hour a vault's use is measured for operators (MON-01); on each full hour a row is written besides: its size,
 * its use, its kind (CAP-30, CAP-38). Prices are nobody's here.
 */
import type { ObjectType } from "../../domain/resource-types.ts";
import { GIB, type Instant } from "../../domain/values.ts";
import { specCode } from "../../domain/vault-rules.ts";
import { type Key, TransactionRefused, type Write } from "../../ports/record-store.ts";
import type { Due, Vault } from "../records/entities.ts";
import { dueKey, meteringKey, vaultKey } from "../records/keys.ts";
import { METERING_TTL_SECONDS, type Metering } from "../records/metering.ts";
import { insertAt, load, vaults } from "../records/tables.ts";
import type { RecordServices, Services } from "../services.ts";
import { loadBindings, usedBytes } from "../vaults/load-vault.ts";
import { shardOf } from "./due.ts";

const HOUR_MS = 3600_000;
/** The period of CBR's metrics. */
const QUARTER_MS = HOUR_MS / 4;

type Put = Extract<Write, { op: "put" }>;

/** The next full quarter, or hour, after an instant. */
const nextFull = (period: number, after: Instant): Instant => (Math.floor(after / period) + 1) * period;

/** `hour` has been a quarter as well since vaults are measured so often. */
function dueAt(vaultId: string, hour: Instant): Put {
  const due: Due = { schema: 1, workflow: "meter", name: vaultId, input: { hour } };
  return insertAt({ key: dueKey(shardOf(vaultId), hour, "meter", vaultId) }, due);
}

/** Goes with the vault's creation: from the next full quarter on it is measured. */
export const firstMetering = (vaultId: string, now: Instant): Put => dueAt(vaultId, nextFull(QUARTER_MS, now));

/** Was `firstMetering` written at this instant, whatever has come of it since? */
export async function wasMetered(s: RecordServices, vaultId: string, at: Instant): Promise<boolean> {
  const hour = nextFull(HOUR_MS, at);
  const keys = [meteringKey(vaultId, hour)];
  // Up to its first full hour it has a look at one of these; after that it has the hour's row.
  for (let quarter = nextFull(QUARTER_MS, at); quarter <= hour; quarter += QUARTER_MS)
    keys.push(dueKey(shardOf(vaultId), quarter, "meter", vaultId));
  // The row and the promise of the next one change places in one transaction: two reads could miss both.
  return (await s.records.getMany(keys, { consistent: true })).some((item) => item !== undefined);
}

/**
 * Measures the vault, writes the row of a full hour, and promises the next look in the same transaction. Hours that nobody saw are
 * made up one by one, with what the vault is now; quarters are not. Ends with the vault. Loses to another tick that did it.
 */
export async function meterVault(s: Services, { name: vaultId, input }: Due, key: Key): Promise<void> {
  const vault = await load(s.records, vaults, vaultKey(vaultId));
  if (vault === undefined) {
    // Idempotent: nobody writes this row again.
    await s.records.write({ op: "delete", key, if: "any" });
    for (const gauge of GAUGES) s.metrics.forget(gauge, { instance_id: vaultId });
    return;
  }
  const used = usedBytes(await loadBindings(s.records, vaultId));
  measure(s, vault, used);
  const { at, next } = lookOf(Number(input.hour), s.now());
  try {
    await s.records.transact([
      { op: "delete", key, if: "present" },
      dueAt(vaultId, next),
      ...(at % HOUR_MS === 0 ? [hourOf(vault, at, used)] : []),
    ]);
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
  }
}

/** For which instant a look is that was promised for one, and which comes next: of what nobody saw only the full hours count. */
function lookOf(promised: Instant, now: Instant): { readonly at: Instant; readonly next: Instant } {
  const unseen = promised % HOUR_MS !== 0 && nextFull(HOUR_MS, promised) <= now;
  const at = unseen ? nextFull(HOUR_MS, promised) : promised;
  const hour = nextFull(HOUR_MS, at);
  return { at, next: hour <= now ? hour : nextFull(QUARTER_MS, Math.max(at, now)) };
}

/** Named as CBR names them, and their label: `used_vault_size` in GB of 2^30 bytes, `vault_util` in percent, at most 100. */
const GAUGES = ["used_vault_size", "vault_util"] as const;

function measure(s: Services, { id, billing }: Vault, used: number): void {
  const [size, utilisation] = GAUGES;
  s.metrics.gauge(size, used / GIB, { instance_id: id });
  s.metrics.gauge(utilisation, Math.min(100, (100 * used) / (billing.size * GIB)), { instance_id: id });
}

function hourOf({ id, projectId, billing }: Vault, hour: Instant, used: number): Write {
  const row: Metering = {
    schema: 1,
    vaultId: id,
    projectId,
    hour,
    size: billing.size,
    used,
    specCode: specCode({ ...billing, objectType: billing.objectType as ObjectType }),
  };
  // Over the row that a clock which was ahead left there: this hour has come now. Of two ticks the due work lets one write.
  const place = { key: meteringKey(id, hour), ttl: Math.floor(hour / 1000) + METERING_TTL_SECONDS };
  return { ...insertAt(place, row), if: "any" };
}
