/** What becomes of backups when AWS refuses, breaks off or lies? Each ends in a state that is true. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { GIB, MIB } from "../e2e/scenarios/content.ts";
import { endFaults, faulty, scaleWaits, whileFaulty } from "./faults-control.ts";
import { withState } from "./faults-settings.ts";
import { killWorkers } from "./faults-worker.ts";
import { type FaultWorld, faultWorld } from "./faults-world.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

/** The calls that read a snapshot's bytes and that write packs, leaves and roots. */
const READS = { service: "ebs", operations: ["GetSnapshotBlock"] } as const;
const PUTS = { service: "s3", operations: ["PutObject"] } as const;

describe.skipIf(inject("aws").kind !== "emulators")(
  "backups on AWS (calls fail by a proxy beside the emulators)",
  () => {
    let world: FaultWorld;

    beforeAll(async () => {
      world = await faultWorld();
      await scaleWaits(0.02);
    });
    afterEach(endFaults);
    afterAll(() => scaleWaits(1));

    test("a unit whose time is up goes on in the next call, several times, and the result is right", async () => {
      // Four leaves; the deployment's budget is over after each.
      const offsets = [0, 513, 1_100, 2_047];
      const what = await world.protect(
        offsets.map((mib, i) => ({ offset: mib * MIB, length: MIB, seed: 41 + i })),
        2 * GIB,
      );
      await world.isWhole(what, await world.backUp(what));
    });

    test.skipIf(process.platform !== "linux")(
      "a transfer that is killed in the middle of a unit is done again (it is found by /proc)",
      async () => {
        const what = await world.protect();
        const held = await faulty({ ...READS, after: 3, times: 1, fault: { kind: "delay", ms: 25_000 } });
        const run = await world.start(what);
        await held.hits(1);
        expect(killWorkers(`${world.deployed.name}-backup-group-transfer`)).toBeGreaterThan(0);
        const outcome = await world.ended(run);
        await held.end();
        await world.isWhole(what, outcome);
      },
    );

    describe("DynamoDB", () => {
      test("throttles three calls of ten: it only takes longer", async () => {
        const what = await world.protect();
        const rule = { service: "dynamodb", rate: 0.3, fault: { kind: "throttle" } } as const;
        await world.isWhole(what, await whileFaulty([rule], () => world.backUp(what)));
      });

      test("throttles all of what transfers write, for longer than they wait: the backup fails and says so", async () => {
        const what = await world.protect();
        // Results of units have partitions of their own; the other records can be reached.
        const rule = { service: "dynamodb", about: '"U#', fault: { kind: "throttle" } } as const;
        // Once instead of five times: each attempt takes as long as functions are patient.
        const outcome = await withState(world.machine("backup-group"), "Transfer", { Retry: [] }, () =>
          whileFaulty([rule], () => world.backUp(what)),
        );
        await world.hasFailed(what, outcome, { message: /ProvisionedThroughputExceededException/ });
      });

      test("loses the answers to three writes of ten: nothing happens twice", async () => {
        const what = await world.protect();
        const operations = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
        const rule = { service: "dynamodb", operations, rate: 0.3, fault: { kind: "cut", when: "after" } } as const;
        await world.isWhole(what, await whileFaulty([rule], () => world.backUp(what)));
      });
    });

    describe("EBS", () => {
      test("throttles three blocks of ten: it only takes longer", async () => {
        const what = await world.protect();
        const rule = { ...READS, rate: 0.3, fault: { kind: "throttle" } } as const;
        await world.isWhole(what, await whileFaulty([rule], () => world.backUp(what)));
      });

      test("sends wrong bytes once: they are noticed and asked for again", async () => {
        const what = await world.protect();
        const rule = { ...READS, after: 2, times: 1, fault: { kind: "garble" } } as const;
        await world.isWhole(what, await whileFaulty([rule], () => world.backUp(what)));
      });

      test("sends wrong bytes each time: the backup fails and says so", async () => {
        const what = await world.protect();
        const rule = { ...READS, fault: { kind: "garble" } } as const;
        const outcome = await whileFaulty([rule], () => world.backUp(what));
        await world.hasFailed(what, outcome, {
          message: /block \d+ of disk vol-\w+ \(snap-\w+\) is not what its checksum/,
        });
      });
    });

    describe("S3", () => {
      test("refuses three puts of ten, throttling and broken: it only takes longer", async () => {
        const what = await world.protect();
        const rules = [
          { ...PUTS, rate: 0.2, fault: { kind: "throttle" } },
          { ...PUTS, rate: 0.2, fault: { kind: "error" } },
        ] as const;
        await world.isWhole(what, await whileFaulty(rules, () => world.backUp(what)));
      });

      test("loses the answer to each put once: what is there is known to be ours", async () => {
        const what = await world.protect();
        const rule = { ...PUTS, rate: 0.5, fault: { kind: "cut", when: "after" } } as const;
        await world.isWhole(what, await whileFaulty([rule], () => world.backUp(what)));
      });

      test("refuses all puts: the backup fails and says so", async () => {
        const what = await world.protect();
        const rule = { ...PUTS, fault: { kind: "error", status: 403, code: "AccessDenied" } } as const;
        const outcome = await whileFaulty([rule], () => world.backUp(what));
        await world.hasFailed(what, outcome, { message: /AccessDenied \(HTTP 403\)/ });
      });
    });

    test("no snapshot is left but the one that each disk is compared with", async () => {
      expect(await world.leftovers()).toEqual([]);
    });
  },
);
