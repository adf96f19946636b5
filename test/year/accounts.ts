/** Does a year's end hold what it has to? Each point once in the ledger; each backup kept or gone as our own book says, and for that reason. */
import { ScheduledRun, scheduledRunKey } from "../../core/app/records/scheduled-runs.ts";
import { listAll } from "../../core/app/records/tables.ts";
import { pointsIn } from "../model/points.ts";
import { DAY, type Year, type YearVault } from "./simulation.ts";

/** Whoever is looked at because of a date is looked at again after a day. */
const LATE_MS = DAY + 3 * 3600_000;
/** As long as the trash tells of what is purged; deleted ones are in it a day before. */
const TOLD_DAYS = 90;

export interface Accounts {
  /** Points by what became of them. */
  readonly states: Readonly<Record<string, number>>;
  readonly made: number;
  readonly kept: number;
  readonly gone: number;
  /** Backups of which the service was asked for its reasons. */
  readonly asked: number;
  readonly problems: readonly string[];
}

/** @param fatesAVault backups of each vault whose fate is asked for @param lagging the index lags: it may keep what it has not seen yet */
export async function settleAccounts(
  year: Year,
  { fatesAVault, lagging = false }: { fatesAVault: number; lagging?: boolean },
): Promise<Accounts> {
  const problems: string[] = [];
  const states: Record<string, number> = {};
  let made = 0;
  let kept = 0;
  let gone = 0;
  let asked = 0;
  for (const vault of year.vaults) {
    problems.push(...(await ledgerOf(year, vault, states)));
    const { book } = vault;
    if (book === undefined) continue;
    const found = await retentionOf(year, vault, fatesAVault, lagging);
    problems.push(...found.problems);
    made += book.made;
    kept += found.kept;
    gone += book.gone.size;
    asked += found.asked;
  }
  return { states, made, kept, gone, asked, problems };
}

const iso = (at: number): string => new Date(at).toISOString();

async function ledgerOf({ world }: Year, vault: YearVault, states: Record<string, number>): Promise<string[]> {
  const problems: string[] = [];
  const { now } = world.clock;
  const { pk } = scheduledRunKey({ vaultId: vault.id, operationType: "backup", policyId: "", nominal: 0 });
  const rows = await listAll(world.records, ScheduledRun, pk, "2");
  const ahead = rows.filter(({ nominal, plannedAt }) => Math.max(nominal, plannedAt) > now);
  const expected = new Map<string, number>();
  for (const { policyId, patterns, anchor, from, to } of vault.stretches)
    for (const point of pointsIn(patterns, anchor, from, to ?? now)) {
      const key = `${iso(point)} of ${policyId}`;
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
  for (const { nominal, policyId } of ahead) expected.delete(`${iso(nominal)} of ${policyId}`);
  for (const row of rows.filter((one) => !ahead.includes(one))) {
    const key = `${iso(row.nominal)} of ${row.policyId}`;
    if (!expected.delete(key)) problems.push(`vault ${vault.n}: no policy made ${key}, which is ${row.state}`);
    if (row.state === "expected") problems.push(`vault ${vault.n}: ${key} has passed and is expected`);
    states[row.state] = (states[row.state] ?? 0) + 1;
  }
  for (const key of expected.keys()) problems.push(`vault ${vault.n}: ${key} is not accounted for`);
  // At most one point is promised, and it has not come yet.
  if (ahead.length > 1) problems.push(`vault ${vault.n}: ${ahead.length} points are promised`);
  if (ahead.some(({ state }) => state !== "expected"))
    problems.push(`vault ${vault.n}: a point that has not come is no more expected`);
  return problems;
}

async function retentionOf(year: Year, vault: YearVault, fates: number, lagging: boolean) {
  const { world, told } = year;
  const { now } = world.clock;
  const problems: string[] = [];
  const say = (what: string): void => void problems.push(`vault ${vault.n}: ${what}`);
  const { book } = vault;
  if (book === undefined) return { problems, kept: 0, asked: 0 };
  const call = (path: string) => world.host.call("GET", path, undefined, world.services);
  const ids: string[] = [];
  for (let offset = 0; ; offset += 1000) {
    const { body } = await call(`/backups?vault_id=${vault.id}&status=available&limit=1000&offset=${offset}`);
    ids.push(...body.backups.map(({ id }: { id: string }) => id));
    if (body.backups.length < 1000) break;
  }
  const policy = year.policyOf(vault);
  const reasons = book.reasons(policy?.enabled ? policy.rule : undefined, now);
  for (const id of reasons.keys()) if (!ids.includes(id)) say(`backup ${id} is gone: ${told.get(id)}`);
  for (const id of ids) {
    const went = book.gone.get(id);
    if (reasons.has(id) || (went === undefined ? false : lagging || went.at > now - LATE_MS)) continue;
    say(`backup ${id} is still there: ${went === undefined ? "nobody made it" : went.reason}`);
  }
  for (const [id, { reason, at }] of book.gone) {
    const why = told.get(id);
    // What the service has not got to yet is told of above.
    if (why === undefined ? !ids.includes(id) : why !== `retention: ${reason}`)
      say(`backup ${id} went ${iso(at)} for "${why}", not "${reason}"`);
  }
  let asked = 0;
  const some = [...reasons].filter((_, i, all) => i % Math.ceil(all.length / fates) === 0);
  for (const [id, because] of some) {
    const { body } = await call(`/holdfast/backups/${id}/fate`);
    asked++;
    const is = `${body.fate?.state}: ${body.fate?.reasons.join("; ")}`;
    if (because === undefined ? body.fate?.state !== "going" : is !== `kept: ${because.join("; ")}`)
      say(`backup ${id} is ${is}, not kept: ${because?.join("; ")}`);
  }
  const lately = [...book.gone].filter(([, { at }]) => at > now - TOLD_DAYS * DAY && at < now - LATE_MS);
  for (const [id, { reason }] of lately.filter((_, i, all) => i % Math.ceil(all.length / fates) === 0)) {
    const { status, body } = await call(`/holdfast/backups/${id}/fate`);
    asked++;
    if (status !== 200 || body.fate.reasons.join("; ") !== reason || body.fate.deleted_by !== "retention")
      say(`backup ${id} is gone, and its fate is ${status} ${JSON.stringify(body)}, not "${reason}"`);
  }
  return { problems, kept: ids.length, asked };
}
