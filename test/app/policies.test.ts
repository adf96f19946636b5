/** Do policies run by themselves, once a point, and does the ledger say what became of every point? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { vaultKey } from "../../core/app/records/keys.ts";
import { loadLink } from "../../core/app/records/policies.ts";
import { load, replace, runs, vaults } from "../../core/app/records/tables.ts";
import { defaultDomain } from "../../core/app/repository/keyring.ts";
import { openRuns } from "../../core/app/repository/open-runs.ts";
import { tick } from "../../core/app/time/tick.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { forced } from "../support/forced.ts";
import { PROJECT } from "../support/vault-host.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Every vault's share of the spread is over by then. */
const SPREAD = 3 * MINUTE;

let host: AppHost;
/** A midnight that is ahead. */
let midnight: number;
beforeEach(async () => {
  host = await createAppHost();
  for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
  midnight = (Math.floor(Date.now() / DAY) + 2) * DAY;
  goTo(midnight - HOUR);
});
afterEach(() => host.close());

function goTo(instant: number): void {
  host.clock.ahead = instant - Date.now();
}
const tickAt = async (instant: number) => {
  goTo(instant);
  return tick(host.services);
};
/** The point, with ticks until every vault's delay is over, and the end of what they start. */
async function runAt(instant: number) {
  const early = await tickAt(instant + SPREAD / 2);
  const rest = await tickAt(instant + SPREAD);
  await host.idle();
  return { started: early.started + rest.started, failed: early.failed + rest.failed };
}
const hours = (...all: number[]) =>
  all.map((hour) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${String(hour).padStart(2, "0")};BYMINUTE=00`);
async function policy(pattern: readonly string[], change: object = {}): Promise<string> {
  const { status, body } = await host.call("POST", "/policies", {
    policy: { name: "nightly", operation_definition: {}, trigger: { properties: { pattern } }, ...change },
  });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.policy.id;
}
const rows = async (path: string, key: string) => (await host.call("GET", path)).body[key];
/** State by hour after midnight, of what has passed. */
async function ledger(query = ""): Promise<Record<string, string>> {
  const runs = await rows(`/holdfast/runs${query}`, "runs");
  const passed = runs.filter((run: { nominal_at: string }) => Date.parse(`${run.nominal_at}Z`) <= host.services.now());
  return Object.fromEntries(
    passed.map((run: { nominal_at: string; state: string }) => [
      (Date.parse(`${run.nominal_at}Z`) - midnight) / HOUR,
      run.state,
    ]),
  );
}
/** What a run that works does with every unit. */
async function beat(): Promise<void> {
  for (const run of (await openRuns(host.records, defaultDomain(PROJECT))).runs)
    await host.records.write(replace(runs, { ...run, heartbeat: host.services.now() }));
}
const topics = () => host.notices.map(({ topic }) => topic).filter((topic) => topic.startsWith("run."));

describe("a point that comes", () => {
  it("is backed up automatically, noted as done, and the next one is expected", async () => {
    const id = await policy(hours(0));
    const vault = await host.vault(["d1", "d2"], { backup_policy_id: id });
    expect(await runAt(midnight)).toMatchObject({ started: 1, failed: 0 });
    const [next, run] = await rows("/holdfast/runs", "runs");
    expect(run).toMatchObject({
      state: "done",
      vault_id: vault,
      policy_id: id,
      policy_name: "nightly",
      backups: { available: 2, failed: 0, skipped: 0 },
      reason: null,
    });
    expect(next).toMatchObject({ state: "expected", started_at: null });
    const backups = await rows(`/backups?checkpoint_id=${run.checkpoint_id}`, "backups");
    expect(backups).toHaveLength(2);
    for (const backup of backups) {
      expect(backup.extend_info.auto_trigger).toBe(true);
      expect(backup.name).toMatch(/^autobk_[0-9a-f]{4}/);
    }
    expect((await rows("/operation-logs", "operation_logs"))[0]).toMatchObject({ policy_id: id, status: "success" });
    expect(topics()).toEqual([]);
  });

  it("SCH-08: never starts before its time, also when a restart looks ahead", async () => {
    await host.vault(["d1"], { backup_policy_id: await policy(hours(0)) });
    goTo(midnight - MINUTE);
    await tick(host.services, midnight + 9 * MINUTE);
    expect(await rows("/backups", "backups")).toEqual([]);
    expect(await runAt(midnight)).toMatchObject({ started: 1 });
  });

  it("is one run, however many ticks there are", async () => {
    await host.vault(["d1", "d2"], { backup_policy_id: await policy(hours(0)) });
    goTo(midnight + SPREAD);
    const reports = await Promise.all([1, 2, 3, 4].map(() => tick(host.services)));
    await host.idle();
    expect(reports.reduce((sum, { started }) => sum + started, 0)).toBe(1);
    expect(reports.reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
    await tickAt(midnight + SPREAD + MINUTE);
    await host.idle();
    expect(await rows("/backups", "backups")).toHaveLength(2);
    expect(await ledger()).toEqual({ 0: "done" });
  });

  it("is started by a later tick when the process dies between recording and starting it", async () => {
    await host.vault(["d1"], { backup_policy_id: await policy(hours(0)) });
    const { start } = host.runner;
    host.runner.start = async () => {
      throw new Error("the process died here");
    };
    expect(await tickAt(midnight + SPREAD)).toMatchObject({ failed: 1 });
    host.runner.start = start;
    expect(await ledger()).toEqual({ 0: "started" });
    await tickAt(midnight + SPREAD + 11 * MINUTE);
    await host.idle();
    expect(await ledger()).toEqual({ 0: "done" });
    expect(await rows("/backups", "backups")).toHaveLength(1);
  });

  it("S6, SCH-20: is skipped while the run before it works: of 00, 01 and 02 two run", async () => {
    await host.vault(["d1"], { backup_policy_id: await policy(hours(0, 1, 2)) });
    let go = () => {};
    const until = new Promise<void>((resolve) => {
      go = resolve;
    });
    host.hooks = { beforeTask: (name) => (name === "backup-group.transfer" ? until : undefined) };
    await tickAt(midnight + SPREAD);
    goTo(midnight + HOUR + SPREAD);
    await beat();
    await tick(host.services);
    go();
    await host.idle();
    await runAt(midnight + 2 * HOUR);
    expect(await ledger()).toMatchObject({ 1: "skipped", 2: "done" });
    const [skipped] = await rows("/holdfast/runs?state=skipped", "runs");
    expect(skipped).toMatchObject({
      error_code: "BackupService.6125",
      reason: expect.stringContaining("being backed up"),
    });
    expect(topics()).toContain("run.skipped");
    const tasks = await rows("/operation-logs?status=skipped", "operation_logs");
    expect(tasks).toMatchObject([{ operation_type: "backup", error_info: { code: "BackupService.6125" } }]);
  });

  it("SCH-21: leaves out a resource that is busy while the others run", async () => {
    const vault = await host.vault(["d1", "d2"], { backup_policy_id: await policy(hours(0)) });
    let go = () => {};
    const until = new Promise<void>((resolve) => {
      go = resolve;
    });
    host.hooks = { beforeTask: (name) => (name === "backup-group.transfer" ? until : undefined) };
    goTo(midnight + SPREAD - MINUTE);
    await host.start(vault, { resources: ["d1"] });
    await tickAt(midnight + SPREAD);
    go();
    await host.idle();
    const [run] = await rows("/holdfast/runs?state=done", "runs");
    expect(run).toMatchObject({ backups: { available: 1, skipped: 1 }, reason: "1 resources were skipped" });
    expect((await rows(`/backups?checkpoint_id=${run.checkpoint_id}`, "backups"))[0].resource_id).toBe("d2");
  });

  it("says failed, with the reason, when a backup fails", async () => {
    await host.vault(["d1", "d2"], { backup_policy_id: await policy(hours(0)) });
    host.disks.changed = ({ disks }) => (disks[0]?.diskId === "d1" ? "it was written to" : undefined);
    await runAt(midnight);
    expect(await rows("/holdfast/runs?state=failed", "runs")).toMatchObject([
      { reason: "1 of 2 backups failed", backups: { available: 1, failed: 1 } },
    ]);
  });

  it("SCH-24: of a vault in error is skipped with 6113 and a task", async () => {
    const vault = await host.vault(["d1"], { backup_policy_id: await policy(hours(0)) });
    const row = await load(host.records, vaults, vaultKey(vault));
    if (row === undefined) throw new Error("no vault");
    await host.records.write(forced(vaults, { ...row, status: "error" }));
    await runAt(midnight);
    expect(await rows("/holdfast/runs?state=skipped", "runs")).toMatchObject([{ error_code: "BackupService.6113" }]);
    expect(await rows("/operation-logs?status=skipped", "operation_logs")).toHaveLength(1);
  });

  it("SCH-10: of an empty vault is skipped without a task and without a notice", async () => {
    await host.vault([], { backup_policy_id: await policy(hours(0)) });
    await runAt(midnight);
    expect(await ledger()).toEqual({ 0: "skipped" });
    expect(await rows("/operation-logs", "operation_logs")).toEqual([]);
    expect(topics()).toEqual([]);
  });

  it("of a replication policy is skipped and says that there is no replication", async () => {
    const id = await policy(hours(0), {
      operation_type: "replication",
      operation_definition: { destination_region: "eu-2", destination_project_id: PROJECT },
    });
    host.disks.addServerWith("srv", [diskOf(2 * BLOCK, { 0: 2 })]);
    const vault = await host.vault(["srv"]);
    const { body } = await host.call("POST", "/vaults", {
      vault: {
        name: "copies",
        resources: [],
        billing: { object_type: "server", protect_type: "replication", size: 10 },
      },
    });
    const to = { policy_id: id, destination_vault_id: body.vault.id };
    expect((await host.call("POST", `/vaults/${vault}/associatepolicy`, to)).status).toBe(200);
    await runAt(midnight);
    expect(await rows("/holdfast/runs?state=skipped", "runs")).toMatchObject([
      { operation_type: "replication", reason: "replication is not built yet" },
    ]);
    expect(topics()).toEqual(["run.skipped"]);
  });
});

describe("full backups", () => {
  it("CON-16, BKP-31: every third automatic backup is full, and never two within a day", async () => {
    const id = await policy(hours(0, 12), { operation_definition: { full_backup_interval: 3 } });
    const vault = await host.vault(["d1"], { backup_policy_id: id });
    const kinds: string[] = [];
    for (let n = 0; n < 8; n++) {
      await runAt(midnight + n * 12 * HOUR);
      const [backup] = await rows("/backups", "backups");
      kinds.push(backup.incremental ? "i" : "F");
    }
    // The first one is physically full and shown as it was asked for (D-16).
    expect(kinds.join("")).toBe("iiiFiiFi");
    expect(await host.binding(vault, "d1")).toMatchObject({ sinceFull: 1 });
  });

  it("BKP-31: one that is due less than a day after the last one waits for its day", async () => {
    const id = await policy(hours(0, 12), { operation_definition: { full_backup_interval: 1 } });
    await host.vault(["d1"], { backup_policy_id: id });
    const kinds: string[] = [];
    for (let n = 0; n < 5; n++) {
      await runAt(midnight + n * 12 * HOUR + n * MINUTE);
      kinds.push((await rows("/backups", "backups"))[0].incremental ? "i" : "F");
    }
    expect(kinds.join("")).toBe("FiFiF");
  });
});

describe("a run that should have started and has not", () => {
  /** When each vault's run is promised to start, by vault. */
  const promised = async (): Promise<Map<string, number>> => {
    const runs: { vault_id: string; planned_at: string }[] = await rows("/holdfast/runs", "runs");
    return new Map(runs.map((run) => [run.vault_id, Date.parse(`${run.planned_at}Z`)]));
  };

  it("is late and told of within two minutes of its promised start, once, whatever keeps it from starting", async () => {
    const vault = await host.vault(["d1"], { backup_policy_id: await policy(hours(0)) });
    const planned = (await promised()).get(vault) ?? 0;
    expect(planned - midnight).toBeLessThan(SPREAD);
    const { find } = host.services.resources;
    (host.services.resources as { find: typeof find }).find = async () => {
      throw new Error("the inventory does not answer");
    };
    // The tick looks every minute: the first look may fail for a moment's reason.
    expect(await tickAt(planned + 1000)).toMatchObject({ failed: 1 });
    expect(topics()).toEqual([]);
    expect(await tickAt(planned + 61_000)).toMatchObject({ failed: 1 });
    const notices = host.notices.filter(({ topic }) => topic === "run.late");
    expect(notices).toMatchObject([{ severity: "critical", facts: { vault_id: vault } }]);
    expect(notices[0]?.message).toContain(`it was to start at ${new Date(planned).toISOString().slice(0, 19)}`);
    expect(await rows("/holdfast/runs?state=late", "runs")).toMatchObject([{ vault_id: vault, started_at: null }]);
    for (const minute of [2, 3]) await tickAt(planned + minute * MINUTE);
    expect(topics()).toEqual(["run.late"]);

    (host.services.resources as { find: typeof find }).find = find;
    expect(await tickAt(planned + 4 * MINUTE)).toMatchObject({ started: 1, failed: 0 });
    await host.idle();
    expect(await ledger()).toEqual({ 0: "done" });
    // It came after all: people are told that as well.
    expect(topics()).toEqual(["run.late", "run.late"]);
    expect(host.notices.find(({ message }) => message.includes("minutes late"))).toBeDefined();
  });

  it("is told of when a tick did not get to it in its minute", async () => {
    // More than are recorded together.
    const disks = Array.from({ length: 140 }, (_, n) => `many-${n}`);
    for (const disk of disks) host.disks.addDiskWith(disk, diskOf(BLOCK, { 0: 2 }));
    const id = await policy(hours(0));
    const all: string[] = [];
    for (const disk of disks) all.push(await host.vault([disk], { backup_policy_id: id }));
    const { find } = host.services.resources;
    // To record the first runs takes the whole minute.
    (host.services.resources as { find: typeof find }).find = async (asked) => {
      host.clock.ahead += 50_000;
      (host.services.resources as { find: typeof find }).find = find;
      return find(asked);
    };
    const { started } = await tickAt(midnight + SPREAD + 10_000);
    const late = await rows("/holdfast/runs?state=late", "runs");
    expect(started).toBeGreaterThan(0);
    expect(started).toBeLessThan(all.length);
    expect(late).toHaveLength(all.length - started);
    // Of those that it got to, some may have begun late as well: that is a warning.
    const told = host.notices.filter(({ severity }) => severity === "critical").map(({ facts }) => facts.vault_id);
    expect(told.sort()).toEqual(late.map((run: { vault_id: string }) => run.vault_id).sort());
    await tick(host.services);
    await host.idle();
    expect(await ledger()).toEqual({ 0: "done" });
    expect(await rows("/holdfast/runs?state=done", "runs")).toHaveLength(all.length);
  });
});

describe("after an outage", () => {
  it("the latest point runs, the older ones are missed, and people are told", async () => {
    await host.vault(["d1"], { backup_policy_id: await policy(hours(0, 6, 12, 18)) });
    await runAt(midnight);
    await runAt(midnight + 31 * HOUR);
    // Rows of what lies between are the next minute's work.
    await tick(host.services);
    expect(await ledger()).toEqual({ 0: "done", 6: "missed", 12: "missed", 18: "missed", 24: "missed", 30: "done" });
    expect(topics()).toEqual(["run.missed", "run.late"]);
    expect(await rows("/backups", "backups")).toHaveLength(2);
    expect((await rows("/holdfast/runs?state=missed", "runs"))[0].reason).toContain("did not run at that time");
    await runAt(midnight + 36 * HOUR);
    expect(await ledger()).toMatchObject({ 36: "done" });
  });

  it("a year of hours is accounted for over several minutes, and the vault is backed up in the first", async () => {
    const everyHour = hours(...Array(24).keys());
    await host.vault(["d1"], { backup_policy_id: await policy(everyHour) });
    const end = midnight + 365 * DAY;
    expect(await tickAt(end + SPREAD)).toMatchObject({ started: 1 });
    await host.idle();
    expect(await rows("/backups", "backups")).toHaveLength(1);
    const count = async () => Object.keys(await ledger()).length;
    expect(await count()).toBeLessThan(2_000);
    for (let n = 1; n <= 12; n++) await tickAt(end + SPREAD + n * MINUTE);
    const states = Object.values(await ledger("?limit=1000"));
    expect(states.filter((state) => state === "missed").length).toBe(998);
    const { body } = await host.call("GET", "/holdfast/runs?limit=1");
    expect(body.count).toBe(365 * 24 + 2);
  });

  it("the release of a vault accounts for what nobody ran", async () => {
    const id = await policy(hours(0, 1, 2, 3));
    const vault = await host.vault(["d1"], { backup_policy_id: id });
    goTo(midnight + 2.5 * HOUR);
    await host.call("POST", `/vaults/${vault}/dissociatepolicy`, { policy_id: id });
    await tick(host.services);
    expect(await ledger()).toEqual({ 0: "skipped", 1: "missed", 2: "missed" });
    await runAt(midnight + 3 * HOUR);
    expect(await rows("/backups", "backups")).toEqual([]);
  });
});

describe("a change that a crash interrupts", () => {
  it("is finished by the tick: the vaults know what their policy says", async () => {
    const id = await policy(hours(0));
    const ids = [
      await host.vault(["d1"], { backup_policy_id: id }),
      await host.vault(["d2"], { backup_policy_id: id }),
    ];
    const { transact } = host.records;
    let writes = 0;
    // The change of the policy is recorded, then the process dies.
    host.records.transact = async (all) => {
      if (++writes > 1) throw new Error("the process is dead");
      await transact(all);
    };
    const trigger = { properties: { pattern: hours(5) } };
    expect((await host.call("PUT", `/policies/${id}`, { policy: { trigger } })).status).toBe(500);
    host.records.transact = transact;
    await tick(host.services);
    const links = await Promise.all(ids.map((vault) => loadLink(host.records, id, vault)));
    expect(links.map((link) => link?.next)).toEqual([midnight + 5 * HOUR, midnight + 5 * HOUR]);
    await runAt(midnight + 5 * HOUR);
    expect(await ledger()).toEqual({ 5: "done" });
  });

  it("SCH-22: a policy that is deleted while it runs lets the run finish; the backups stay", async () => {
    const id = await policy(hours(0));
    await host.vault(["d1"], { backup_policy_id: id });
    await tickAt(midnight + SPREAD);
    await host.call("DELETE", `/policies/${id}`);
    await host.idle();
    expect(await rows("/backups", "backups")).toMatchObject([{ status: "available" }]);
    expect(await ledger()).toEqual({ 0: "done" });
    expect(await rows("/holdfast/runs", "runs")).toHaveLength(1);
  });
});

describe("a clock that was ten years ahead and is set right", () => {
  it("costs no backup: the vault runs at its next point, and people are told", async () => {
    const id = await policy(hours(0));
    const vault = await host.vault(["d1"], { backup_policy_id: id });
    await runAt(midnight);
    await runAt(midnight + 3650 * DAY);
    expect((await loadLink(host.records, id, vault))?.next).toBe(midnight + 3651 * DAY);
    await tickAt(midnight + 8 * HOUR);
    expect((await loadLink(host.records, id, vault))?.next).toBe(midnight + DAY);
    expect(host.notices.map(({ topic }) => topic)).toContain("policies.clock");
    expect(await runAt(midnight + DAY)).toMatchObject({ started: 1 });
    expect(await rows("/backups", "backups")).toHaveLength(3);
    const { body } = await host.call("GET", `/holdfast/runs?vault_id=${vault}&state=expected`);
    expect(body.runs).toHaveLength(1);
  });
});
