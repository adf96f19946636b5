/** Is there a trace of every change, whenever the process dies, and is every hour sealed once? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { beginTrace, endTrace, recordTrace, type TraceAbout, traceWrite } from "../../core/app/audit/record-trace.ts";
import { sealHours } from "../../core/app/audit/seal-hours.ts";
import { verifyAudit } from "../../core/app/audit/verify-audit.ts";
import { AuditBatch, auditPk, BATCHES, type Trace } from "../../core/app/records/audit.ts";
import { insert, listAll, vaults } from "../../core/app/records/tables.ts";
import { TransactionRefused } from "../../core/ports/record-store.ts";
import { type AuditWorld, createAuditWorld } from "../support/audit-world.ts";
import { dyingStore, PROJECT, vaultBody } from "../support/vault-host.ts";

let world: AuditWorld;
beforeEach(() => {
  world = createAuditWorld();
});
afterEach(() => world.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const about = (change: Partial<TraceAbout> = {}): TraceAbout => ({
  projectId: PROJECT,
  event: "deleteBackup",
  kind: "SystemAction",
  resource: { type: "backup", id: "b1", name: "nightly" },
  ...change,
});
const batches = () => listAll(world.host.records, AuditBatch, auditPk(PROJECT), BATCHES);
const traces = async (): Promise<Trace[]> => {
  const all = await world.items();
  return all.filter(({ pk }) => /#[0-3]$/.test(pk)).map(({ body }) => body as unknown as Trace);
};
const sound = { findings: [], remarks: [], next: undefined };

describe("a change and its trace", () => {
  it.each([false, true])(
    "AUD: wherever the process dies, a vault that exists has its trace (the last answer lost: %s)",
    async (lost) => {
      const seen = new Set<string>();
      for (let writes = 0; writes < 8; writes++) {
        const name = `v${writes}${lost}`;
        const before = (await traces()).length;
        const dead = world.host.over(dyingStore(world.host.records, writes, { lost }), { log: () => undefined });
        await world.host.call("POST", "/vaults", vaultBody({ name }), dead).catch(() => undefined);
        // The process that is started next.
        const made = (await world.call("GET", `/vaults?name=${name}`)).body.count;
        const traced = (await traces()).length - before;
        expect(traced, `died after ${writes} writes`).toBeGreaterThanOrEqual(made);
        seen.add(`${made} vault, ${traced} trace`);
      }
      expect([...seen]).toEqual(["0 vault, 0 trace", "0 vault, 1 trace", "1 vault, 1 trace"]);
    },
  );

  it("AUD: nothing is changed when its trace cannot be written", async () => {
    const dead = world.host.over(dyingStore(world.host.records, 0), { log: () => undefined });
    const api = world.host.call("POST", "/vaults", vaultBody(), dead);
    await expect(api).rejects.toThrow("the process is dead");
    expect((await world.call("GET", "/vaults")).body.count).toBe(0);
  });

  it("AUD-05: an answer is given also when its outcome cannot be traced; that is logged", async () => {
    const open = await beginTrace(world.services, about());
    const dead = world.host.over(dyingStore(world.host.records, 0), { log: world.services.log });
    await endTrace(dead, open, { outcome: "success", status: 200 });
    expect(world.lines).toEqual([expect.objectContaining({ level: "error", text: "outcome not traced" })]);
    expect((await traces())[0]?.outcome).toBeUndefined();
  });

  it("AUD: what happens by itself is traced in the transaction that does it, or not at all", async () => {
    const { records } = world.host;
    const id = (await world.call("POST", "/vaults", vaultBody())).body.vault.id;
    const twin = await listAll(records, vaults.schema, `V#${id}`, "A");
    const write = await traceWrite(world.services, about(), { outcome: "success" });
    const both = records.transact([write, ...twin.map((vault) => insert(vaults, vault))]);
    await expect(both).rejects.toBeInstanceOf(TransactionRefused);
    expect((await traces()).map(({ event }) => event)).toEqual(["createVault"]);
    await records.transact([write]);
    expect((await traces()).map(({ event }) => event).sort()).toEqual(["createVault", "deleteBackup"]);
  });
});

describe("sealing", () => {
  it("waits ten minutes after the end of an hour, then seals it once, chained to the one before", async () => {
    await world.vaults("a", "b");
    world.host.clock.now = Date.parse("2030-01-02T04:09:59Z");
    await sealHours(world.services);
    expect(await batches()).toEqual([]);
    world.host.clock.now += 1000;
    await sealHours(world.services);
    await sealHours(world.services);
    expect(await batches()).toMatchObject([{ number: 1, label: "2030-01-02T03", count: 2, previous: "0".repeat(64) }]);
    await world.vaults("c");
    await world.seal();
    const [first, second, ...more] = await batches();
    expect(more).toEqual([]);
    expect(second).toMatchObject({ number: 2, label: "2030-01-02T04", count: 1 });
    expect(second?.previous).not.toBe(first?.previous);
    expect(await world.verify()).toMatchObject({ ...sound, batches: 2, traces: 3, last: { number: 2 } });
  });

  it("seals an hour in which nothing happened, and one batch for a longer pause, which is told as odd", async () => {
    await world.vaults("a");
    await world.seal();
    await world.seal();
    world.host.clock.now += 5 * HOUR;
    await sealHours(world.services);
    expect((await batches()).map(({ label, count }) => [label, count])).toEqual([
      ["2030-01-02T03", 1],
      ["2030-01-02T04", 0],
      ["2030-01-02T09", 0],
    ]);
    expect(await world.verify()).toMatchObject({
      findings: [],
      remarks: [{ batch: 3, hour: "2030-01-02T09", what: "no batch since 2030-01-02T04: no tick came in between" }],
    });
  });

  it("tells of an hour that was sealed late, and of a tick that has stopped", async () => {
    await world.vaults("a");
    world.host.clock.now += 30 * HOUR;
    const silent = await world.verify();
    expect(silent.remarks.map(({ what }) => what)).toEqual(["nothing was sealed since: does the tick run?"]);
    await sealHours(world.services);
    const { findings, remarks } = await world.verify();
    expect(findings).toEqual([]);
    expect(remarks.map(({ what }) => what)).toContain("sealed 29 hours after its end");
  });

  it("closes what nobody told the outcome of as unknown; who comes later changes nothing", async () => {
    const open = await beginTrace(world.services, about());
    await world.seal();
    await endTrace(world.services, open, { outcome: "success" });
    expect(await traces()).toMatchObject([{ event: "deleteBackup", outcome: "unknown" }]);
    expect(world.lines.at(-1)).toMatchObject({ text: "a change took longer than its trace was open" });
    expect(await world.verify()).toMatchObject(sound);
  });

  it("goes on in another row when the clock is set back into a sealed hour", async () => {
    await world.vaults("a");
    await world.seal();
    await world.seal();
    world.host.clock.now = Date.parse("2030-01-02T03:30:00Z");
    await world.vaults("b");
    world.host.clock.now = Date.parse("2030-01-02T04:30:00Z");
    await world.vaults("c");
    world.host.clock.now = Date.parse("2030-01-02T05:11:00Z");
    await sealHours(world.services);
    expect((await batches()).map(({ label, count }) => [label, count])).toEqual([
      ["2030-01-02T03", 1],
      ["2030-01-02T04", 0],
      ["2030-01-02T03~1", 1],
      ["2030-01-02T04~1", 1],
    ]);
    expect((await world.verify()).findings).toEqual([]);
    const { body } = await world.call("GET", "/holdfast/audit");
    expect(body.traces.map((trace: { resource_name: string }) => trace.resource_name)).toEqual(["c", "b", "a"]);
  });

  it("of many traces keeps the order of time over all shards, and what was sealed in pieces", async () => {
    await Promise.all(Array.from({ length: 950 }, () => recordTrace(world.services, about(), { outcome: "success" })));
    await world.seal();
    expect(await batches()).toMatchObject([{ count: 950 }]);
    expect(await world.verify()).toMatchObject({ ...sound, traces: 950 });
  });

  it("by two ticks at once gives one chain", async () => {
    await world.vaults("a", "b");
    world.host.clock.now += 3 * HOUR;
    await Promise.all([sealHours(world.services), sealHours(world.services), sealHours(world.services)]);
    expect((await batches()).map(({ number }) => number)).toEqual([1, 2]);
    expect((await world.verify()).findings).toEqual([]);
  });

  it("during a verification accuses nobody", async () => {
    await world.vaults("a");
    world.host.clock.now += HOUR + 7 * MINUTE;
    await sealHours(world.services);
    world.host.clock.now += HOUR;
    let sealing: Promise<void> | undefined;
    const { keys } = world.services;
    const slow = {
      ...world.services,
      keys: {
        ...keys,
        // The walk through the batches has begun: this one comes behind its last page.
        unwrap: async (...args: Parameters<typeof keys.unwrap>) => {
          sealing ??= sealHours(world.services);
          await sealing;
          return keys.unwrap(...args);
        },
      },
    };
    const verdict = await verifyAudit(slow, PROJECT, 0);
    expect(verdict).toMatchObject({ ...sound, last: { number: 2 } });
  });

  it("is done again by the next tick, wherever one dies", async () => {
    for (const lost of [false, true])
      for (let writes = 0; writes < 6; writes++) {
        await world.vaults("a");
        await beginTrace(world.services, about());
        world.host.clock.now = Math.ceil(world.host.clock.now / HOUR) * HOUR + 11 * MINUTE;
        const { keys } = world.services;
        await sealHours(world.host.over(dyingStore(world.host.records, writes, { lost }), { keys })).catch(
          () => undefined,
        );
        await sealHours(world.services);
        expect(await world.verify(), `died after ${writes} writes`).toMatchObject(sound);
      }
    expect(await batches()).toHaveLength(12);
  });

  it("that the key refuses is logged and due again", async () => {
    await world.vaults("a");
    const noKey = { ...world.services, keys: { wrap: () => Promise.reject(new Error("no key")) } };
    world.host.clock.now += 2 * HOUR;
    await sealHours(noKey as unknown as typeof world.services);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ text: "audit trail not sealed", error: "Error: no key" }),
    );
    await sealHours(world.services);
    expect((await world.verify()).findings).toEqual([]);
  });
});

it("holds in a store that lags, throttles, refuses and gives short pages", async () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const rude = createAuditWorld({
    indexLagWrites: 5,
    conflictRate: 0.1,
    throttleRate: 0.1,
    staleReadRate: 0.3,
    shortPageRate: 0.3,
    random,
  });
  try {
    for (let hour = 0; hour < 4; hour++) {
      await Promise.all(["a", "b", "c"].map((name) => rude.call("POST", "/vaults", vaultBody({ name }))));
      await rude.seal();
    }
    expect(await rude.verify()).toMatchObject({ ...sound, batches: 4, traces: 12 });
    expect((await rude.call("GET", "/holdfast/audit?limit=5&offset=9")).body).toMatchObject({ count: 12 });
  } finally {
    rude.close();
  }
});
