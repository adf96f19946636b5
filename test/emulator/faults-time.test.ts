/** What becomes of work on AWS that was started twice, lost, stopped, or takes too long? The tick's work, and time-outs. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { endFaults, faulty, scaleWaits, whileFaulty } from "./faults-control.ts";
import { agePulse, makeDue } from "./faults-records.ts";
import { withoutFunction, withState, withTimeout } from "./faults-settings.ts";
import { type FaultWorld, faultWorld } from "./faults-world.ts";

vi.setConfig({ testTimeout: 150_000, hookTimeout: 600_000 });

const READS = { service: "ebs", operations: ["GetSnapshotBlock"] } as const;

describe.skipIf(inject("aws").kind !== "emulators")(
  "time on AWS (calls are held by a proxy beside the emulators)",
  () => {
    let world: FaultWorld;
    let transfer: string;

    beforeAll(async () => {
      world = await faultWorld();
      transfer = `${world.deployed.name}-backup-group-transfer`;
      await scaleWaits(0.02);
    });
    afterEach(endFaults);
    afterAll(() => scaleWaits(1));

    test("EventBridge calls the tick, which starts what was promised and ends what was stopped", async () => {
      // The checkpoint is recorded, the call that starts its execution never arrives.
      const lost = await world.protect();
      const start = {
        service: "states",
        operations: ["StartExecution"],
        fault: { kind: "cut", when: "before" },
      } as const;
      const refused = await whileFaulty([start], () =>
        world.client.call("POST", "/checkpoints", { checkpoint: { vault_id: lost.vault } }),
      );
      expect(refused.status).toBeGreaterThanOrEqual(500);
      const promised = await world.recorded(lost);
      expect(await world.executions("backup", promised.checkpoint)).toEqual([]);

      // All executions of a run are stopped, and nothing is left that could record its end.
      const stopped = await world.protect();
      const held = await faulty({ ...READS, times: 1, fault: { kind: "delay", ms: 8_000 } });
      const run = await world.start(stopped);
      await held.hits(1);
      const [started, ended] = await withoutFunction(`${world.deployed.name}-backup-member-fail`, async () => {
        await world.stop("backup", run.checkpoint);
        await world.stop("backup-member", run.backup);
        await world.stop("backup-group", run.backup);
        await makeDue(world.records, promised.checkpoint);
        await makeDue(world.records, run.checkpoint);
        return Promise.all([world.ended(promised), world.ended(run)]);
      });
      await world.isWhole(lost, started);
      await world.hasFailed(stopped, ended, { message: /ended without recording an outcome/ });
    });

    test("a run without a sign of life for half an hour is ended, and what still runs of it counts for nothing", async () => {
      const what = await world.protect();
      const held = await faulty({ ...READS, times: 2, fault: { kind: "delay", ms: 12_000 } });
      const run = await world.start(what);
      await held.hits(1);

      await makeDue(world.records, run.checkpoint);
      await agePulse(world.records, run.backup, 29);
      await world.tick();
      expect((await world.client.must("GET", `/backups/${run.backup}`)).backup.status).toBe("protecting");

      await makeDue(world.records, run.checkpoint);
      await agePulse(world.records, run.backup, 2);
      await world.tick();
      const outcome = await world.ended(run);
      await held.end();
      // The next backup runs beside the dead one's executions.
      await world.hasFailed(what, outcome, { status: "timeout", message: /no sign of life for 30 minutes/ });
      await world.haveEnded("backup", run.checkpoint);
      expect(await world.ended(run)).toEqual(outcome);
      expect(await world.snapshotsOf(what)).toEqual(["completed"]);
    });

    test("the tick comes five times at once, while a run works and after it: nothing happens twice", async () => {
      const what = await world.protect();
      const held = await faulty({ ...READS, times: 1, fault: { kind: "delay", ms: 6_000 } });
      const run = await world.start(what);
      await held.hits(1);
      const fiveTicks = async () => {
        await makeDue(world.records, run.checkpoint);
        const reports = await Promise.all(Array.from({ length: 5 }, () => world.tick()));
        const sum = (kind: "started" | "ended" | "failed") => reports.reduce((all, report) => all + report[kind], 0);
        return { started: sum("started"), failed: sum("failed") };
      };
      expect(await fiveTicks()).toEqual({ started: 0, failed: 0 });
      const outcome = await world.ended(run);
      await held.end();
      await world.haveEnded("backup", run.checkpoint);
      expect(await fiveTicks()).toEqual({ started: 0, failed: 0 });
      expect(await world.ended(run)).toEqual(outcome);
      expect(await world.executions("backup", run.checkpoint)).toHaveLength(1);
      expect(await world.executions("backup-member", run.backup)).toHaveLength(1);
      expect((await world.client.must("GET", `/backups?resource_id=${what.disk}`)).count).toBe(1);
      await world.isWhole(what, outcome);
    });

    test("a transfer whose function runs out of time once is done again", async () => {
      const what = await world.protect();
      const rule = { ...READS, after: 3, times: 1, fault: { kind: "delay", ms: 15_000 } } as const;
      const outcome = await withTimeout(transfer, 10, () => whileFaulty([rule], () => world.backUp(what)));
      await world.isWhole(what, outcome);
    });

    test("a transfer whose function runs out of time each time fails and says so", async () => {
      const what = await world.protect();
      const rule = { ...READS, fault: { kind: "delay", ms: 6_000 } } as const;
      const outcome = await withTimeout(transfer, 4, () => whileFaulty([rule], () => world.backUp(what)));
      await world.hasFailed(what, outcome, { message: /time was up|timed out/i });
    });

    test("a state that gives up while its function goes on: the two of them come to one backup", async () => {
      const what = await world.protect();
      const rule = { ...READS, after: 3, times: 1, fault: { kind: "delay", ms: 10_000 } } as const;
      const outcome = await withState(world.machine("backup-group"), "Transfer", { TimeoutSeconds: 6 }, () =>
        whileFaulty([rule], () => world.backUp(what)),
      );
      await world.isWhole(what, outcome);
    });

    test("no snapshot is left but the one that each disk is compared with", async () => {
      expect(await world.leftovers()).toEqual([]);
    });
  },
);
