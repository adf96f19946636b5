/** A process that dies between any two writes of anything that policies do: does the tick put it right? */
import { afterEach, describe, expect, it } from "vitest";
import { associatePolicy, dissociatePolicy } from "../../core/app/policies/associate-policy.ts";
import { createPolicy } from "../../core/app/policies/create-policy.ts";
import { deletePolicy, updatePolicy } from "../../core/app/policies/update-policy.ts";
import { Checkpoint } from "../../core/app/records/entities.ts";
import { checkpointKey, DUE_SHARDS, dueKey, vaultKey } from "../../core/app/records/keys.ts";
import { linksOf, type Policy } from "../../core/app/records/policies.ts";
import { PointDue, ScheduledRun, scheduledRunKey } from "../../core/app/records/scheduled-runs.ts";
import { checkpoints, listAll, load, vaults, walkItems } from "../../core/app/records/tables.ts";
import type { Services } from "../../core/app/services.ts";
import { tick } from "../../core/app/time/tick.ts";
import { startDeleteVault } from "../../core/app/vaults/start-delete-vault.ts";
import { CALLER, createVaultHost, diskResource, dyingStore, type VaultHost, vaultBody } from "../support/vault-host.ts";

const MINUTE = 60_000;
/** More writes than anything here takes. */
const MOST_WRITES = 40;

let host: VaultHost | undefined;
afterEach(() => host?.close());

interface World {
  readonly host: VaultHost;
  readonly a: Policy;
  readonly b: Policy;
  readonly vaults: readonly string[];
}

const quiet = { notifier: { notify: async () => undefined } };

/** Two policies; three vaults follow the first one, which has missed two points and has one to run. */
async function world(): Promise<World> {
  host?.close();
  const made = createVaultHost();
  host = made;
  const services = made.over(made.records, quiet);
  const policy = async (hours: readonly number[]) => {
    const patterns = hours.map((hour) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${hour};BYMINUTE=00`);
    const draft = { name: "p", operationType: "backup", enabled: true, operationDefinition: {}, patterns } as const;
    return (await createPolicy(services, CALLER, draft)).policy;
  };
  const a = await policy([4, 5, 6, 12]);
  const b = await policy([12]);
  const ids: string[] = [];
  for (const n of [0, 1, 2]) {
    made.resources.addDisk(`d${n}`);
    const body = vaultBody({ resources: [diskResource(`d${n}`)], backup_policy_id: a.id });
    ids.push((await made.call("POST", "/vaults", body)).body.vault.id);
  }
  made.clock.now = Date.parse("2030-01-02T06:30:00Z");
  return { host: made, a, b, vaults: ids };
}

/** Every write that dies, with and without having happened, until the work survives. */
async function atEveryWrite(work: (s: Services, w: World) => Promise<unknown>, check: (w: World) => Promise<void>) {
  for (const lost of [false, true])
    for (let writes = 0; ; writes++) {
      if (writes === MOST_WRITES) throw new Error("it never survives");
      const w = await world();
      const dying = w.host.over(dyingStore(w.host.records, writes, { lost }), quiet);
      const died = await work(dying, w).then(
        () => false,
        () => true,
      );
      const real = w.host.over(w.host.records, quiet);
      for (let minute = 0; minute < 3; minute++) {
        w.host.clock.now += MINUTE;
        expect(await tick(real)).toMatchObject({ failed: 0 });
      }
      await consistent(w);
      await check(w);
      if (!died) break;
    }
}

/** Vaults, links, due work and ledger tell one story. */
async function consistent({ host: { records, clock }, a, b, vaults: ids }: World): Promise<void> {
  const links = [...(await linksOf(records, a.id)), ...(await linksOf(records, b.id))];
  const due: PointDue[] = [];
  const others: string[] = [];
  for (let shard = 0; shard < DUE_SHARDS; shard++)
    for await (const item of walkItems(records, dueKey(shard, 0, "", "").pk, "2")) {
      const kind = item.sk.split("#")[1] ?? "";
      if (kind === "point") due.push(PointDue.parse(item.body));
      else if (kind !== "run" && kind !== "meter") others.push(item.sk);
    }
  expect(others).toEqual([]);
  expect(due.map(({ vaultId, policyId, nominal }) => [vaultId, policyId, nominal]).sort()).toEqual(
    links
      .filter(({ next }) => next !== undefined)
      .map(({ vaultId, policyId, next }) => [vaultId, policyId, next])
      .sort(),
  );
  for (const id of ids) {
    const vault = await load(records, vaults, vaultKey(id));
    const link = links.find(({ vaultId }) => vaultId === id);
    expect(vault?.policies?.backup).toBe(link?.policyId);
    const runs = await ledger(records, id);
    expect(runs.filter(({ state }) => state === "expected").map(({ nominal }) => nominal)).toEqual(
      link?.next === undefined ? [] : [link.next],
    );
    // 04, 05 and 06 have passed, whatever became of them.
    const passed = runs.filter(({ nominal, policyId }) => nominal < clock.now && policyId === a.id);
    expect(passed.map(({ nominal }) => new Date(nominal).getUTCHours())).toEqual([4, 5, 6]);
    for (const { state, checkpointId } of runs.filter((run) => run.state === "started")) {
      expect(state).toBe("started");
      const checkpoint = await load(records, checkpoints, checkpointKey(checkpointId ?? ""));
      expect(Checkpoint.parse(checkpoint).scheduled?.policyId).toBe(a.id);
    }
  }
}

const ledger = (records: VaultHost["records"], vaultId: string) =>
  listAll(
    records,
    ScheduledRun,
    scheduledRunKey({ vaultId, operationType: "backup", policyId: "", nominal: 0 }).pk,
    "2",
  );
const states = async ({ host: { records }, vaults: ids }: World, v = 0) =>
  (await ledger(records, ids[v] ?? "")).map(({ state }) => state);

describe("a process that dies at any write of", () => {
  it("a tick that fires: one point runs, two are missed, the next one is promised", async () => {
    await atEveryWrite(
      (s) =>
        tick(s).then(({ failed }) => {
          if (failed > 0) throw new Error("it died");
        }),
      async (w) => {
        for (const v of [0, 1, 2]) expect(await states(w, v)).toEqual(["missed", "missed", "started", "expected"]);
        const { backups } = (await w.host.call("GET", "/backups")).body;
        expect(backups).toHaveLength(3);
      },
    );
  });

  it("a change of patterns: every vault knows it, and what had passed is accounted for", async () => {
    const patterns = ["FREQ=DAILY;INTERVAL=1;BYHOUR=20;BYMINUTE=00"];
    await atEveryWrite(
      (s, { a }) => updatePolicy(s, CALLER, a.id, { patterns }),
      async (w) => {
        const said = (await w.host.call("GET", `/policies/${w.a.id}`)).body.policy.trigger.properties.pattern;
        const hours = new Set(
          (await linksOf(w.host.records, w.a.id)).map(({ next }) => new Date(next ?? 0).getUTCHours()),
        );
        expect([...hours]).toEqual([said.length === 1 ? 20 : 12]);
      },
    );
  });

  it("disabling: nothing is expected any more, or everything goes on", async () => {
    await atEveryWrite(
      (s, { a }) => updatePolicy(s, CALLER, a.id, { enabled: false }),
      async (w) => {
        const { enabled } = (await w.host.call("GET", `/policies/${w.a.id}`)).body.policy;
        expect((await states(w)).includes("expected")).toBe(enabled);
      },
    );
  });

  it("a deletion: once it is refused to others, no vault follows the policy", async () => {
    await atEveryWrite(
      (s, { a }) => deletePolicy(s, CALLER, a.id),
      async (w) => {
        const there = (await w.host.call("GET", `/policies/${w.a.id}`)).status === 200;
        expect(await linksOf(w.host.records, w.a.id)).toHaveLength(there ? 3 : 0);
      },
    );
  });

  it.each([
    [
      "an application in another one's place",
      (s: Services, w: World) => associatePolicy(s, CALLER, w.vaults[0] ?? "", { policyId: w.b.id }),
    ],
    ["a release", (s: Services, w: World) => dissociatePolicy(s, CALLER, w.vaults[0] ?? "", w.a.id)],
    ["a vault's deletion", (s: Services, w: World) => startDeleteVault(s, CALLER, w.vaults[0] ?? "")],
  ])("%s: it happened, or it did not", async (_, work) => {
    await atEveryWrite(work, async (w) => {
      const follows = (await linksOf(w.host.records, w.a.id)).some(({ vaultId }) => vaultId === w.vaults[0]);
      const now = await states(w);
      // Released, nobody ran what had passed.
      expect(now.includes("started")).toBe(follows);
    });
  });
});
