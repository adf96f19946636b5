/** A year of many vaults under policies of all kinds, with outages, clocks that jump, changes and releases; and what has to come of it. */
import { associatePolicy, dissociatePolicy } from "../../core/app/policies/associate-policy.ts";
import { updatePolicy } from "../../core/app/policies/update-policy.ts";
import { listPolicyRows, policies } from "../../core/app/records/policies.ts";
import { replace } from "../../core/app/records/tables.ts";
import { confirmHeldPlan, listHeldPlans } from "../../core/app/retention/held-plan.ts";
import { tick } from "../../core/app/time/tick.ts";
import { seeded } from "../chaos/seeded.ts";
import { CALLER, diskResource, PROJECT, vaultBody } from "../support/vault-host.ts";
import { HOURLY, PATTERNS, RULES } from "./policies.ts";
import { RetentionBook, type Rule } from "./retention-book.ts";
import { type BadManners, createYearWorld, type YearWorld } from "./world.ts";
import { isNamed } from "./zones.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const START = Date.parse("2030-01-01T12:00:00Z");
const POLICIES = 24;
/** One look deletes 50 backups at most: a thousand that go at once take so many ticks. */
const MOST_TICKS = 40;
/** Vaults that may follow an hourly policy. */
const HOURLY_VAULTS = 6;

export interface YearAsk {
  readonly days: number;
  readonly vaults: number;
  readonly seed: number;
  readonly manners?: BadManners;
  readonly say?: (text: string) => void;
}

/** What was said about a vault's points, from one instant to another. */
export interface Stretch {
  readonly policyId: string;
  readonly patterns: readonly string[];
  readonly anchor: number;
  readonly from: number;
  to: number | undefined;
}

export interface YearVault {
  readonly id: string;
  readonly n: number;
  readonly stretches: Stretch[];
  follows: number | undefined;
  /** Of those that have something to back up. */
  readonly book: RetentionBook | undefined;
  /** A backup has completed since the last look at the rule. */
  pending: boolean;
}

interface YearPolicy {
  readonly id: string;
  readonly anchor: number;
  patterns: readonly string[];
  rule: Rule;
  enabled: boolean;
}

/** Where a year ended. */
export interface Year {
  readonly world: YearWorld;
  readonly vaults: readonly YearVault[];
  readonly policyOf: (vault: YearVault) => YearPolicy | undefined;
  /** Why backups went, as the service said it. */
  readonly told: ReadonlyMap<string, string>;
  readonly figures: {
    ticks: number;
    tickMs: number;
    outages: number;
    setBacks: number;
    confirmed: number;
    changes: number;
  };
}

/** A rule as a client can say it. */
const asSent = (rule: Rule): Rule =>
  rule.timezone !== undefined && isNamed(rule.timezone) ? { ...rule, timezone: "UTC+00:00" } : rule;

/** What no client can say is put into the row: the rule itself knows zones whose clocks change. */
async function nameZone({ records }: YearWorld, policyId: string, { timezone }: Rule): Promise<void> {
  if (timezone === undefined || !isNamed(timezone)) return;
  const row = (await listPolicyRows(records, PROJECT, "backup")).find(({ id }) => id === policyId);
  if (row === undefined) throw new Error(`no policy ${policyId}`);
  await records.write(replace(policies, { ...row, operationDefinition: { ...row.operationDefinition, timezone } }));
}

/** Runs the year. The clock stands at its end, and whatever was due then is done. */
export async function runYear({ days, vaults: many, seed, manners, say }: YearAsk): Promise<Year> {
  const world = createYearWorld(START, manners);
  const { clock, services, host } = world;
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const made: YearPolicy[] = [];
  const vaults: YearVault[] = [];
  const told = new Map<string, string>();
  const figures = { ticks: 0, tickMs: 0, outages: 0, setBacks: 0, confirmed: 0, changes: 0 };

  const policyOf = ({ follows }: YearVault) => made[follows ?? -1];
  const ruleInForce = (vault: YearVault): Rule | undefined => {
    const policy = policyOf(vault);
    return policy?.enabled ? policy.rule : undefined;
  };
  const isHourly = (p: number): boolean => made[p]?.patterns === PATTERNS[HOURLY];
  /** One of the policies; the busy ones for few vaults only. */
  const somePolicy = (n: number): number => {
    for (let p = below(POLICIES); ; p = below(POLICIES))
      if (!isHourly(p) || (n < HOURLY_VAULTS && n % 4 !== 0)) return p;
  };
  const open = (vault: YearVault): void => {
    const policy = policyOf(vault);
    if (policy?.enabled)
      vault.stretches.push({
        policyId: policy.id,
        patterns: policy.patterns,
        anchor: policy.anchor,
        from: clock.now,
        to: undefined,
      });
  };
  const close = ({ stretches }: YearVault): void => {
    const last = stretches.at(-1);
    if (last !== undefined && last.to === undefined) last.to = clock.now;
  };
  const byId = new Map<string, YearVault>();

  for (let p = 0; p < POLICIES; p++) {
    clock.now += 17 * MINUTE;
    const patterns = PATTERNS[p % PATTERNS.length] ?? [];
    const rule = RULES[(p * 5 + Math.floor(p / PATTERNS.length)) % RULES.length] ?? {};
    const policy = {
      name: `p${p}`,
      operation_type: "backup",
      enabled: true,
      operation_definition: asSent(rule),
      trigger: { properties: { pattern: patterns } },
    };
    const { status, body } = await host.call("POST", "/policies", { policy }, services);
    if (status !== 200) throw new Error(JSON.stringify(body));
    made.push({ id: body.policy.id, anchor: clock.now, patterns, rule, enabled: true });
    await nameZone(world, body.policy.id, rule);
  }
  for (let n = 0; n < many; n++) {
    // Every fourth has something to back up; the others are skipped, which is as good for counting and quicker.
    const full = n % 4 === 0;
    if (full) host.resources.addDisk(`disk-${n}`);
    const follows = n % POLICIES === HOURLY || n % POLICIES === HOURLY + PATTERNS.length ? somePolicy(n) : n % POLICIES;
    const body = vaultBody({
      resources: full ? [diskResource(`disk-${n}`)] : [],
      backup_policy_id: made[follows]?.id,
      smn_notify: false,
    });
    const answer = await host.call("POST", "/vaults", body, services);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    const book = full ? new RetentionBook() : undefined;
    const vault: YearVault = { id: answer.body.vault.id, n, stretches: [], follows, book, pending: false };
    vaults.push(vault);
    byId.set(vault.id, vault);
    open(vault);
  }

  /** Rules that were in force when a run began, by checkpoint and vault. */
  const ruleAt = new Map<string, ReadonlyMap<string, Rule | undefined>>();
  async function finishRuns(): Promise<void> {
    for (const { id, vaultId, checkpointId, createdAt } of await world.finishRuns()) {
      const vault = byId.get(vaultId);
      if (vault?.book === undefined) throw new Error(`backup ${id} of an unknown vault`);
      vault.book.complete(id, createdAt, ruleAt.get(checkpointId)?.get(vaultId));
      ruleAt.delete(checkpointId);
      // A vault without a policy promises no look at a rule.
      vault.pending ||= vault.follows !== undefined;
    }
  }

  /** A tick, what it started, and the word of a person for whatever waits for one; again until nothing goes any more. */
  async function tickNow(): Promise<void> {
    const at = clock.now;
    for (let n = 0; n < MOST_TICKS; n++) {
      const before = world.begun.length;
      const began = performance.now();
      await checkedTick();
      figures.tickMs += performance.now() - began;
      figures.ticks++;
      const inForce = new Map(vaults.flatMap((v) => (v.book === undefined ? [] : [[v.id, ruleInForce(v)] as const])));
      for (const checkpoint of world.begun.slice(before)) ruleAt.set(checkpoint, inForce);
      const deleted = await world.deleteBackups();
      for (const [id, why] of deleted) told.set(id, why);
      const held = await listHeldPlans(services, PROJECT);
      for (const { resourceId } of held) await confirmHeldPlan(services, CALLER, resourceId);
      figures.confirmed += held.length;
      if (deleted.size === 0 && held.length === 0) break;
      clock.now += MINUTE;
    }
    for (const vault of vaults) {
      if (vault.pending) vault.book?.look(ruleInForce(vault), at);
      vault.book?.dates(clock.now);
      vault.pending = false;
    }
  }
  async function checkedTick(): Promise<void> {
    const { failed } = await tick(services);
    if (failed > 0) throw new Error(`${failed} due items failed`);
  }

  async function change(): Promise<void> {
    figures.changes++;
    const p = below(POLICIES);
    const policy = made[p];
    if (policy === undefined) throw new Error("no policy");
    const followers = vaults.filter((vault) => vault.follows === p);
    const what = random();
    if (what < 0.1) {
      for (const vault of followers) close(vault);
      policy.enabled = !policy.enabled;
      await updatePolicy(services, CALLER, policy.id, { enabled: policy.enabled });
      for (const vault of followers) open(vault);
    } else if (what < 0.2 && !isHourly(p)) {
      for (const vault of followers) close(vault);
      policy.patterns = PATTERNS[below(HOURLY)] ?? [];
      await updatePolicy(services, CALLER, policy.id, { patterns: policy.patterns });
      for (const vault of followers) open(vault);
    } else if (what < 0.3) {
      policy.rule = RULES[below(RULES.length)] ?? {};
      const body = { policy: { operation_definition: asSent(policy.rule) } };
      const { status } = await host.call("PUT", `/policies/${policy.id}`, body, services);
      if (status !== 200) throw new Error(`the rule was refused: ${status}`);
      await nameZone(world, policy.id, policy.rule);
    } else {
      const vault = vaults[below(many)];
      if (vault === undefined) throw new Error("no vault");
      const now = policyOf(vault);
      const next = somePolicy(vault.n);
      if (next === vault.follows) return;
      close(vault);
      if (now !== undefined && what < 0.6) {
        await dissociatePolicy(services, CALLER, vault.id, now.id);
        vault.follows = undefined;
      } else {
        await associatePolicy(services, CALLER, vault.id, { policyId: made[next]?.id ?? "" });
        vault.follows = next;
      }
      open(vault);
    }
  }

  const end = START + days * DAY;
  let latest = clock.now;
  let month = 0;
  while (clock.now < end) {
    const dice = random();
    if (dice < 0.002) {
      figures.outages++;
      clock.now += HOUR + below(12 * DAY);
    } else if (dice < 0.01) {
      figures.setBacks++;
      clock.now -= below(40) * MINUTE;
    } else clock.now += (95 + below(24)) * MINUTE;
    if (random() < 0.9) await finishRuns();
    if (random() < 0.98) await tickNow();
    // A clock that was set back knows less than the ledger: nobody changes anything until it has caught up.
    latest = Math.max(latest, clock.now);
    if (random() < 0.03 + many / 5_000 && clock.now >= latest) await change();
    if (new Date(clock.now).getUTCMonth() === month) continue;
    month = new Date(clock.now).getUTCMonth();
    say?.(`${new Date(clock.now).toISOString().slice(0, 10)}: ${figures.ticks} ticks`);
  }
  // The clock may have been set back at last; then whatever is left is done.
  clock.now = Math.max(latest, clock.now);
  for (let n = 0; n < 5; n++) {
    clock.now += 10 * MINUTE;
    await finishRuns();
    await tickNow();
  }
  return { world, vaults, policyOf, told, figures };
}
