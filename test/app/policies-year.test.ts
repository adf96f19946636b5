/**
 * A year of sixty vaults under all sorts of policies, with outages, jumps of the clock, changes and releases: is every point
 * that a policy made accounted for, exactly once?
 */
import { expect, test } from "vitest";
import type { Manners } from "../../adapters/local/sqlite/bad-manners.ts";
import { createSqliteRecordStore } from "../../adapters/local/sqlite-records.ts";
import { settleCheckpoint } from "../../core/app/backup/run-checkpoint.ts";
import { withoutLease } from "../../core/app/backup/seal-run.ts";
import { associatePolicy, dissociatePolicy } from "../../core/app/policies/associate-policy.ts";
import { createPolicy } from "../../core/app/policies/create-policy.ts";
import { updatePolicy } from "../../core/app/policies/update-policy.ts";
import { Member } from "../../core/app/records/entities.ts";
import { bindingKey, checkpointKey, MEMBERS, memberKey } from "../../core/app/records/keys.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import { ScheduledRun, scheduledRunKey } from "../../core/app/records/scheduled-runs.ts";
import { bindings, checkpoints, listAll, load, replace, replaceAt } from "../../core/app/records/tables.ts";
import type { Services } from "../../core/app/services.ts";
import { tick } from "../../core/app/time/tick.ts";
import { pointsBetween, scheduleOf } from "../../core/domain/schedule.ts";
import { memoryKeyService } from "../api/kit/identity-host.ts";
import { CALLER, createVaultHost, diskResource, vaultBody } from "../support/vault-host.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse("2030-01-01T12:00:00Z");

/** Deterministic: a year that fails can be looked at again. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const daily = (interval: number, ...hours: number[]) =>
  hours.map((hour) => `FREQ=DAILY;INTERVAL=${interval};BYHOUR=${hour};BYMINUTE=30`);
const weekly = (days: string, hour: number) => [`FREQ=WEEKLY;BYDAY=${days};BYHOUR=${hour};BYMINUTE=00`];
const PATTERNS = [
  daily(3, 22),
  daily(7, 1, 13),
  daily(30, 5),
  weekly("MO", 22),
  weekly("MO,TH", 0),
  weekly("SU", 14),
  daily(14, 2, 14),
];

/** What a vault should have in its ledger: the points of each stretch of time in which one and the same thing was said. */
interface Stretch {
  readonly policyId: string;
  readonly patterns: readonly string[];
  readonly anchor: number;
  readonly from: number;
  to: number | undefined;
}

interface Ask {
  readonly days: number;
  readonly vaults: number;
  readonly manners?: Manners & { readonly random: () => number };
}

async function world(manners: Ask["manners"]) {
  const host = createVaultHost();
  const clock = { now: START };
  const file = createSqliteRecordStore({ path: ":memory:", now: () => clock.now, ...(manners && { manners }) });
  const records =
    manners === undefined ? file : retrying(file, { sleep: async () => undefined, random: manners.random });
  const begun: string[] = [];
  const services: Services = host.over(records, {
    now: () => clock.now,
    workflows: {
      start: async (_workflow: string, name: string) => void begun.push(name),
      status: async (_workflow: string, name: string) => (begun.includes(name) ? "running" : "succeeded"),
    },
    notifier: { notify: async () => undefined },
    // Runs leave traces, and the tick seals them.
    keys: memoryKeyService(),
    log: (line: { readonly level: string; readonly text: string }) => {
      if (line.level !== "info") throw new Error(JSON.stringify(line));
    },
  });
  return { host, clock, records, begun, services, end: () => file.close() };
}

/** Ends a run as its members' own transactions do. */
async function finish(s: Services, checkpointId: string): Promise<void> {
  const vaultOf = (await load(s.records, checkpoints, checkpointKey(checkpointId)))?.vaultId;
  for (const member of await listAll(s.records, Member, checkpointKey(checkpointId).pk, MEMBERS)) {
    const binding = await load(s.records, bindings, bindingKey(vaultOf ?? "", member.resourceId));
    if (binding === undefined) throw new Error("no binding");
    await s.records.transact([
      replace(bindings, {
        ...withoutLease(binding),
        status: "available",
        baselines: { [member.resourceId]: member.backupId },
      }),
      replaceAt({ key: memberKey(checkpointId, member.resourceId) }, { ...member, status: "available" }),
    ]);
  }
  await settleCheckpoint(s, { checkpointId });
}

/** @returns how many points ended in which state */
async function simulate({ days, vaults: vaultCount, manners }: Ask): Promise<ReadonlyMap<string, number>> {
  const { host, clock, records, begun, services, end: stop } = await world(manners);
  const random = chance(20);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const stretches: Stretch[][] = [];
  const vaults: string[] = [];
  const policies: { id: string; patterns: readonly string[]; anchor: number; enabled: boolean }[] = [];
  const followed: (number | undefined)[] = [];

  const open = (v: number): void => {
    const policy = policies[followed[v] ?? -1];
    if (policy?.enabled)
      stretches[v]?.push({
        policyId: policy.id,
        patterns: policy.patterns,
        anchor: policy.anchor,
        from: clock.now,
        to: undefined,
      });
  };
  const close = (v: number): void => {
    const last = stretches[v]?.at(-1);
    if (last !== undefined && last.to === undefined) last.to = clock.now;
  };
  const followersOf = (p: number): number[] => vaults.flatMap((_, v) => (followed[v] === p ? [v] : []));

  for (const patterns of PATTERNS) {
    clock.now += 17 * MINUTE;
    const draft = { name: "p", operationType: "backup", enabled: true, operationDefinition: {}, patterns } as const;
    const { policy } = await createPolicy(services, CALLER, draft);
    policies.push({ id: policy.id, patterns, anchor: policy.trigger.startTime, enabled: true });
  }
  for (let v = 0; v < vaultCount; v++) {
    // Every fourth has something to back up; the others are skipped, which is as good for counting and quicker.
    const full = v % 4 === 0;
    if (full) host.resources.addDisk(`disk-${v}`);
    const p = v % policies.length;
    const body = vaultBody({ resources: full ? [diskResource(`disk-${v}`)] : [], backup_policy_id: policies[p]?.id });
    vaults.push((await host.call("POST", "/vaults", body, services)).body.vault.id);
    stretches.push([]);
    followed.push(p);
    open(v);
  }

  const end = START + days * DAY;
  let latest = clock.now;
  while (clock.now < end) {
    const dice = random();
    if (dice < 0.02) clock.now += Math.floor(random() * 12 * DAY);
    else if (dice < 0.03) clock.now -= Math.floor(random() * 40 * MINUTE);
    else clock.now += Math.floor(random() * 30 * HOUR);
    // Nobody was there in between: what follows comes before, or after, the tick.
    if (random() < 0.9) await tick(services);
    if (random() < 0.9) for (const checkpoint of begun.splice(0)) await finish(services, checkpoint);
    // A clock that was set back knows less than the ledger: nobody changes anything until it has caught up.
    latest = Math.max(latest, clock.now);
    if (random() > 0.15 || clock.now < latest) continue;
    const p = Math.floor(random() * policies.length);
    const policy = policies[p];
    if (policy === undefined) throw new Error("no policy");
    const what = random();
    if (what < 0.3) {
      for (const v of followersOf(p)) close(v);
      policy.enabled = !policy.enabled;
      await updatePolicy(services, CALLER, policy.id, { enabled: policy.enabled });
      for (const v of followersOf(p)) open(v);
    } else if (what < 0.5) {
      for (const v of followersOf(p)) close(v);
      policy.patterns = pick(PATTERNS);
      await updatePolicy(services, CALLER, policy.id, { patterns: policy.patterns });
      for (const v of followersOf(p)) open(v);
    } else {
      const v = Math.floor(random() * vaultCount);
      const vault = vaults[v] ?? "";
      const now = policies[followed[v] ?? -1];
      close(v);
      if (now !== undefined && what < 0.7) {
        await dissociatePolicy(services, CALLER, vault, now.id);
        followed[v] = undefined;
      } else {
        await associatePolicy(services, CALLER, vault, { policyId: policy.id });
        if (followed[v] === p) {
          // It followed this one already: nothing has changed.
          const last = stretches[v]?.at(-1);
          if (last !== undefined && last.to === clock.now) last.to = undefined;
          continue;
        }
        followed[v] = p;
      }
      open(v);
    }
  }
  for (let n = 0; n < 5; n++) {
    clock.now += 10 * MINUTE;
    await tick(services);
    for (const checkpoint of begun.splice(0)) await finish(services, checkpoint);
  }

  const seen = new Map<string, number>();
  for (const [v, vaultId] of vaults.entries()) {
    const { pk } = scheduledRunKey({ vaultId, operationType: "backup", policyId: "", nominal: 0 });
    const rows = await listAll(records, ScheduledRun, pk, "2");
    const ahead = rows.filter(({ nominal, plannedAt }) => Math.max(nominal, plannedAt) > clock.now);
    const passed = rows.filter((row) => !ahead.includes(row));
    const expected = new Set<string>();
    for (const { policyId, patterns, anchor, from, to } of stretches[v] ?? [])
      for (const point of pointsBetween(scheduleOf(patterns, anchor), from, (to ?? clock.now) + 1))
        expected.add(`${new Date(point).toISOString()} ${policyId}`);
    for (const { nominal, policyId } of ahead) expected.delete(`${new Date(nominal).toISOString()} ${policyId}`);
    expect(passed.map((row) => `${new Date(row.nominal).toISOString()} ${row.policyId}`).sort(), `vault ${v}`).toEqual(
      [...expected].sort(),
    );
    for (const { state } of passed) seen.set(state, (seen.get(state) ?? 0) + 1);
    // At most one point is promised, and it has not come yet.
    expect(ahead.length).toBeLessThanOrEqual(1);
    for (const { state } of ahead) expect(state).toBe("expected");
  }
  stop();
  host.close();
  return seen;
}

const ONCE = "SCH-11, SCH-12, SCH-20: every point is done, missed or skipped, once, whatever happens";

test(`${ONCE}: sixty vaults for a year`, { timeout: 120_000 }, async () => {
  const seen = await simulate({ days: 365, vaults: 60 });
  expect([...seen.keys()].sort()).toEqual(["done", "missed", "skipped"]);
  for (const [state, count] of seen) expect(count, state).toBeGreaterThan(50);
});

test(`${ONCE}: on a store that throttles, conflicts and gives short pages`, { timeout: 120_000 }, async () => {
  const manners = { conflictRate: 0.05, throttleRate: 0.02, staleReadRate: 0.5, shortPageRate: 0.3, indexLagWrites: 5 };
  const seen = await simulate({ days: 60, vaults: 14, manners: { ...manners, random: chance(7) } });
  expect(seen.size).toBe(3);
});
