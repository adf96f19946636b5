/**
 * What the ledger of expected runs has to hold: for each vault, who said what when, as clients saw it, and from that every
 * point there was. Each has exactly one row, whatever became of it; nothing else has one (design 7).
 */
import { startDelay } from "../../core/domain/schedule.ts";
import { pointsIn } from "./points.ts";
import type { Row, Rows } from "./rows.ts";

/** What a policy said to a vault, from one instant to another. */
interface Stretch {
  readonly policyId: string;
  readonly patterns: readonly string[];
  readonly anchor: number;
  readonly from: number;
  to: number | undefined;
}

/** As GET policies shows it. */
export interface ShownPolicy {
  readonly id: string;
  readonly enabled: boolean;
  readonly trigger: { readonly properties: { readonly pattern: readonly string[]; readonly start_time: string } };
  readonly associated_vaults: readonly { readonly vault_id: string }[];
}

const DAY = 24 * 3600_000;
/** Rows are kept for 400 days. */
const LOOKED_BACK = 390 * DAY;

export interface LedgerBook {
  /** What the policies say now. Whatever changed did so at `now`: the clock stands still while anything is asked. */
  note(policies: readonly ShownPolicy[], now: number): void;
  /** Right after a tick at `now`. @param settled nothing runs any more: no run is in between */
  problems(rows: Rows, now: number, settled: boolean): string[];
}

/** A book over no vaults yet. */
export function openLedgerBook(): LedgerBook {
  const vaults = new Map<string, Stretch[]>();

  return {
    note(policies, now) {
      const said = new Map<string, Omit<Stretch, "from" | "to">>();
      for (const { id, enabled, trigger, associated_vaults } of policies)
        for (const { vault_id } of associated_vaults)
          if (enabled)
            said.set(vault_id, {
              policyId: id,
              patterns: trigger.properties.pattern,
              anchor: Date.parse(`${trigger.properties.start_time.replace(" ", "T")}Z`),
            });
      for (const vaultId of new Set([...vaults.keys(), ...said.keys()])) {
        const stretches = vaults.get(vaultId) ?? [];
        const last = stretches.at(-1);
        const is = said.get(vaultId);
        const open = last?.to === undefined ? last : undefined;
        if (open !== undefined && is !== undefined && sameWords(open, is)) continue;
        if (open !== undefined) open.to = now;
        if (is !== undefined) stretches.push({ ...is, from: now, to: undefined });
        vaults.set(vaultId, stretches);
      }
    },

    problems(rows, now, settled) {
      const found: string[] = [];
      const byVault = new Map<string, Row[]>();
      for (const row of rows.ledger) {
        const id = String(row.body.vaultId);
        byVault.set(id, [...(byVault.get(id) ?? []), row]);
      }
      for (const id of byVault.keys()) if (!vaults.has(id)) found.push(`ledger: vault ${id} never followed a policy`);
      for (const [vaultId, stretches] of vaults)
        found.push(...ofVault(vaultId, stretches, byVault.get(vaultId) ?? [], now, settled));
      return found;
    },
  };
}

const sameWords = (a: Omit<Stretch, "from" | "to">, b: Omit<Stretch, "from" | "to">): boolean =>
  a.policyId === b.policyId && a.anchor === b.anchor && a.patterns.join("|") === b.patterns.join("|");

const ENDED = ["done", "failed", "missed", "skipped"];

function ofVault(
  vaultId: string,
  stretches: readonly Stretch[],
  rows: readonly Row[],
  now: number,
  settled: boolean,
): string[] {
  const found: string[] = [];
  const since = now - LOOKED_BACK;
  const delay = startDelay(vaultId);
  const left = new Map(rows.map(({ body }) => [`${iso(body.nominal)} of ${body.policyId}`, body]));
  const name = (point: string) => `ledger: vault ${vaultId}: ${point}`;
  for (const { policyId, patterns, anchor, from, to } of stretches) {
    // A point that has come but not yet with the vault's share of the spread is the one that is promised.
    const end = to ?? now;
    for (const point of pointsIn(patterns, anchor, Math.max(from, since), end)) {
      const key = `${iso(point)} of ${policyId}`;
      const row = left.get(key);
      left.delete(key);
      const passed = to !== undefined || point + delay <= now;
      if (row === undefined) found.push(name(`${key} is not accounted for`));
      else if (passed && !ENDED.includes(row.state) && !(row.state === "started" && !settled))
        found.push(name(`${key} is ${row.state}`));
      else if (!passed && row.state !== "expected") found.push(name(`${key}, which has not come, is ${row.state}`));
    }
    if (to !== undefined) continue;
    // The next point is promised before it happens.
    const next = pointsIn(patterns, anchor, now, now + 31 * DAY)[0];
    const promised = [...left].filter(([, body]) => body.policyId === policyId && body.nominal > now);
    for (const [key, body] of promised) {
      left.delete(key);
      if (body.state !== "expected") found.push(name(`${key}, which is ahead, is ${body.state}`));
      if (body.nominal !== next) found.push(name(`${key} is promised, the next point is ${iso(next ?? 0)}`));
    }
    const due = pointsIn(patterns, anchor, Math.max(from, now - delay), now);
    if (promised.length === 0 && due.length === 0) found.push(name(`nothing is promised after ${iso(now)}`));
    if (promised.length > 1) found.push(name(`${promised.length} points are promised`));
  }
  for (const [key, body] of left)
    if (body.nominal > since + DAY) found.push(name(`${key} is ${body.state}, and no policy made that point`));
  return found;
}

const iso = (at: number): string => new Date(at).toISOString().slice(0, 16);
