/** Is everything freed that captures and restores left with the provider, and nothing that anybody needs? */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Binding, Claim, KeptCapture } from "../../core/app/records/entities.ts";
import { bindingKey, claimKey, runKey } from "../../core/app/records/keys.ts";
import type { OpenRun } from "../../core/app/records/runs.ts";
import { bindings, insert, insertAt, load, remove, replace, runs } from "../../core/app/records/tables.ts";
import { fateOfCapture, fateOfTarget, sweepProvider } from "../../core/app/time/sweep-provider.ts";
import type { RecordStore } from "../../core/ports/record-store.ts";
import type { HeldCapture } from "../../core/ports/resource-provider.ts";
import type { HeldTarget } from "../../core/ports/restore-targets.ts";
import { createVaultHost, PROJECT, type VaultHost } from "../support/vault-host.ts";

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse("2030-01-02T03:04:05Z");
const OWNER = { domainId: "dom", vaultId: "v1", resourceId: "r1" };

const bindingRow = (change: Partial<Binding> = {}): Binding => ({
  schema: 1,
  vaultId: OWNER.vaultId,
  projectId: PROJECT,
  resourceId: OWNER.resourceId,
  resourceType: "OS::Cinder::Volume",
  name: "r1",
  size: 1,
  extraInfo: {},
  claimedDisks: [],
  status: "available",
  fence: 0,
  restoreIncomplete: false,
  used: 0,
  backups: 0,
  baselines: {},
  boundAt: 0,
  ...change,
});
const runRow = (id: string, kind: OpenRun["kind"] = "backup"): OpenRun => ({
  schema: 1,
  id,
  kind,
  ...OWNER,
  projectId: PROJECT,
  backupId: id,
  taskId: id,
  fence: 1,
  pins: [],
  attempt: 0,
  disks: [],
  openedAt: 0,
  heartbeat: 0,
});
const keptOf = (snapshotId: string): KeptCapture => ({ rootId: "root", snapshotId, size: 1, currentId: "r1" });
const capture = (change: Partial<HeldCapture> = {}): HeldCapture => ({
  ...OWNER,
  snapshotId: "s1",
  diskId: "r1",
  runId: "run1",
  takenAt: NOW - HOUR,
  ...change,
});
const target = (change: Partial<HeldTarget> = {}): HeldTarget => ({
  ...OWNER,
  kind: "disk",
  id: "new1",
  restoreId: "run1",
  madeAt: NOW - HOUR,
  ...change,
});

describe("the fate of a capture", () => {
  const kept = bindingRow({ kept: { r1: keptOf("s1") } });
  test.each<[string, HeldCapture, OpenRun | undefined, Binding | undefined, boolean, RegExp]>([
    ["young", capture({ takenAt: NOW - HOUR + 1 }), undefined, undefined, true, /younger than an hour/],
    ["of an open run", capture(), runRow("run1"), bindingRow(), true, /run run1 is open/],
    ["that the next backup is compared with", capture(), undefined, kept, true, /next backup of r1/],
    ["of a closed run", capture(), undefined, bindingRow(), false, /run1 is closed and no baseline/],
    ["superseded", capture({ snapshotId: "s0" }), undefined, kept, false, /no baseline names it/],
    ["of a resource that left its vault", capture(), undefined, undefined, false, /no baseline names it/],
    ["from a clock that is ahead", capture({ takenAt: NOW + DAY }), undefined, undefined, true, /younger/],
  ])("%s", (_, held, run, binding, keep, reason) => {
    const fate = fateOfCapture(held, { run, binding, now: NOW });
    expect(fate.keep).toBe(keep);
    expect(fate.reason).toMatch(reason);
  });
});

describe("the fate of what a restore made", () => {
  const undo = (keepUntil?: number) => target({ kind: "undo", ...(keepUntil !== undefined && { keepUntil }) });
  const inPlace = bindingRow({ replaced: { r1: "new1" } });
  test.each<[string, HeldTarget, OpenRun | undefined, Binding | undefined, boolean, RegExp]>([
    ["young", target({ madeAt: NOW - HOUR + 1 }), undefined, undefined, true, /younger than an hour/],
    ["of an open restore", target(), runRow("run1", "restore"), bindingRow(), true, /restore run1 is open/],
    ["in place", target(), undefined, inPlace, true, /in place/],
    ["of a closed restore", target(), undefined, bindingRow(), false, /restore run1 is closed/],
    ["replaced once more", target({ id: "new0" }), undefined, inPlace, false, /is closed/],
    ["a snapshot that was filled", target({ kind: "snapshot", id: "s1" }), undefined, inPlace, false, /is closed/],
    ["of a resource that left its vault", target(), undefined, undefined, false, /is closed/],
    ["kept for undo", undo(NOW + 1), undefined, inPlace, true, /undo/],
    ["kept for undo without a time", undo(), undefined, undefined, true, /undo/],
    ["kept for undo until now", undo(NOW), undefined, inPlace, false, /its time was over/],
    ["kept for undo, its restore open still", undo(NOW - 1), runRow("run1", "restore"), inPlace, true, /open/],
  ])("%s", (_, held, run, binding, keep, reason) => {
    const fate = fateOfTarget(held, { run, binding, now: NOW });
    expect(fate.keep).toBe(keep);
    expect(fate.reason).toMatch(reason);
  });
});

describe("a sweep", () => {
  let host: VaultHost;
  let captures: Map<string, HeldCapture>;
  let targets: Map<string, HeldTarget>;
  beforeEach(() => {
    host = createVaultHost();
    host.clock.now = NOW;
    captures = new Map();
    targets = new Map();
  });
  afterEach(() => host.close());

  const hold = (...held: (HeldCapture | HeldTarget)[]) => {
    for (const one of held) {
      if ("snapshotId" in one) captures.set(one.snapshotId, one);
      else targets.set(one.id, one);
    }
  };
  const lines: { reason?: string; what?: string; level: string }[] = [];
  const services = (records: RecordStore = host.records) =>
    host.over(records, {
      log: (line: { level: string }) => void lines.push(line),
      resources: {
        ...host.resources,
        async *held() {
          yield* [...captures.values()];
        },
        releaseKept: async (ids: readonly string[]) => {
          for (const id of ids) {
            if (id === "stuck") throw new Error("EC2 says no");
            captures.delete(id);
          }
        },
      },
      targets: {
        async *held() {
          yield* [...targets.values()];
        },
        discard: async ({ id }: HeldTarget) => void targets.delete(id),
      },
    });

  test("frees what nobody needs, says why, and goes on after what it cannot free", async () => {
    await host.records.write(insert(bindings, bindingRow({ kept: { r1: keptOf("s1") }, replaced: { r1: "new1" } })));
    await host.records.write(insert(runs, runRow("run2")));
    hold(capture({ snapshotId: "stuck" }), capture(), capture({ snapshotId: "s0" }), target(), target({ id: "new0" }));
    hold(capture({ snapshotId: "s2", runId: "run2" }), target({ id: "new2", restoreId: "run2" }));
    lines.length = 0;
    expect(await sweepProvider(services())).toEqual({ kept: 4, released: 2, failed: 1 });
    expect([...captures.keys()].sort()).toEqual(["s1", "s2", "stuck"]);
    expect([...targets.keys()].sort()).toEqual(["new1", "new2"]);
    expect(lines.map(({ level, what }) => [level, what])).toEqual([
      ["warn", "stuck"],
      ["info", "s0"],
      ["info", "new0"],
    ]);
    for (const { reason } of lines) expect(reason).toMatch(/run1 is closed/);
  });

  test("knows what is needed though its resource has moved to another vault since (VLT-42)", async () => {
    const moved = bindingRow({ vaultId: "v2", kept: { r1: keptOf("s1") }, replaced: { r1: "new1" } });
    await host.records.write(insert(bindings, moved));
    const claim: Claim = { schema: 1, vaultId: "v2", via: "r1", saga: "m1", madeAt: 0 };
    await host.records.write(insertAt({ key: claimKey(OWNER.domainId, "r1") }, claim));
    hold(capture(), capture({ snapshotId: "s0" }), target(), target({ id: "new0" }));
    expect(await sweepProvider(services())).toEqual({ kept: 2, released: 2, failed: 0 });
    expect([...captures.keys(), ...targets.keys()]).toEqual(["s1", "new1"]);
  });

  test("goes on after a record that cannot be read", async () => {
    const broken = {
      ...host.records,
      get: async (key: { sk: string }, options?: object) => {
        if (key.sk.endsWith("bad")) throw new Error("no such schema");
        return host.records.get(key as Parameters<RecordStore["get"]>[0], options);
      },
    };
    hold(capture({ runId: "bad" }), capture({ snapshotId: "s0" }));
    expect(await sweepProvider(services(broken))).toEqual({ kept: 0, released: 1, failed: 1 });
    expect([...captures.keys()]).toEqual(["s1"]);
  });

  test.each([1, 2])("never frees the capture of a run that seals after its look number %i", async (look) => {
    await host.records.write(insert(bindings, bindingRow()));
    await host.records.write(insert(runs, runRow("run1")));
    hold(capture());
    let looks = 0;
    const sealing: RecordStore = {
      ...host.records,
      async get(key, options) {
        const found = await host.records.get(key, options);
        if (++looks === look) await seal("run1", "s1");
        return found;
      },
    };
    expect(await sweepProvider(services(sealing))).toMatchObject({ released: 0, failed: 0 });
    expect(looks).toBe(2);
    expect(await sweepProvider(services())).toMatchObject({ kept: 1, released: 0 });
  });

  /** As sealing does: the run goes in the transaction that names what is kept. */
  async function seal(id: string, snapshotId: string | undefined): Promise<void> {
    const [run, binding] = await rows(id);
    if (run === undefined || binding === undefined) return;
    const kept = snapshotId === undefined ? {} : { kept: { r1: keptOf(snapshotId) } };
    await host.records.transact([remove(runs, run), replace(bindings, { ...binding, ...kept })]);
  }
  /** As concluding a restore does. */
  async function conclude(id: string, disk: string | undefined): Promise<void> {
    const [run, binding] = await rows(id);
    if (run === undefined || binding === undefined) return;
    const replaced = disk === undefined ? {} : { replaced: { r1: disk }, kept: {} };
    await host.records.transact([remove(runs, run), replace(bindings, { ...binding, ...replaced })]);
  }
  const rows = (id: string) =>
    Promise.all([
      load(host.records, runs, runKey(OWNER.domainId, id)),
      load(host.records, bindings, bindingKey(OWNER.vaultId, OWNER.resourceId)),
    ]);

  type Event =
    | { readonly do: "capture" | "prepare" | "close" | "fail" | "remove" | "sweep"; readonly race: number }
    | { readonly do: "wait"; readonly minutes: number };
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.record({
      do: fc.constantFrom("capture", "prepare", "close", "fail", "remove", "sweep"),
      race: fc.integer({ min: 0, max: 6 }),
    }),
    fc.record({ do: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 3 * 24 * 60 }) }),
  );

  test("frees, over any history, all that is old and not needed, and never anything else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (history) => {
        host.close();
        host = createVaultHost();
        host.clock.now = NOW;
        captures.clear();
        targets.clear();
        let open: { id: string; made: string; kind: OpenRun["kind"] } | undefined;
        let number = 0;
        await host.records.write(insert(bindings, bindingRow()));

        /** Ends the open run, well or badly. */
        const end = async (well: boolean) => {
          if (open === undefined) return;
          const { id, made, kind } = open;
          open = undefined;
          if (kind === "backup") return seal(id, well ? made : undefined);
          const [, binding] = await rows(id);
          const before = binding?.replaced?.r1;
          await conclude(id, well ? made : undefined);
          if (!well) return;
          const replaced = target({ id: before ?? "r1", kind: "undo", restoreId: id, madeAt: host.clock.now });
          hold({ ...replaced, keepUntil: host.clock.now + 7 * DAY });
        };
        const needed = async () => {
          const [, binding] = await rows("");
          const ids = [...Object.values(binding?.kept ?? {}).map((one) => one.snapshotId), binding?.replaced?.r1];
          return new Set([...ids, open?.made]);
        };
        const sweep = async (race: number) => {
          const held = [...captures.keys(), ...targets.keys()];
          const neededBefore = await needed();
          let looks = 0;
          const racing: RecordStore = {
            ...host.records,
            async get(key, options) {
              // In the middle of the sweep the open run ends well.
              if (++looks === race) await end(true);
              return host.records.get(key, options);
            },
          };
          const all = new Map<string, HeldCapture | HeldTarget>([...captures, ...targets]);
          await sweepProvider(services(racing));
          const neededAfter = await needed();
          for (const id of held) {
            const one = all.get(id);
            if (one === undefined) continue;
            const there = captures.has(id) || targets.has(id);
            const madeAt = "takenAt" in one ? one.takenAt : one.madeAt;
            const undo = "keepUntil" in one && (one.keepUntil ?? 0) > host.clock.now;
            const young = host.clock.now - madeAt < HOUR;
            if (young || undo || neededAfter.has(id)) expect(there, `${id} is needed`).toBe(true);
            else if (!neededBefore.has(id)) expect(there, `${id} is not needed`).toBe(false);
          }
        };

        for (const step of history) {
          if (step.do === "wait") host.clock.now += step.minutes * 60_000;
          else if (step.do === "sweep") await sweep(step.race);
          else if (step.do === "close" || step.do === "fail") await end(step.do === "close");
          else if (step.do === "remove") {
            const [, binding] = await rows("");
            if (open !== undefined || binding === undefined) continue;
            // The live disk is nobody's leftover any more once its vault has let it go.
            targets.delete(binding.replaced?.r1 ?? "");
            await host.records.transact([remove(bindings, binding)]);
            await host.records.write(insert(bindings, bindingRow()));
          } else if (open === undefined) {
            const id = `run${++number}`;
            const kind = step.do === "capture" ? "backup" : "restore";
            open = { id, kind, made: kind === "backup" ? `s${number}` : `new${number}` };
            await host.records.write(insert(runs, runRow(id, kind)));
            if (kind === "backup") hold(capture({ snapshotId: open.made, runId: id, takenAt: host.clock.now }));
            else hold(target({ id: open.made, restoreId: id, madeAt: host.clock.now }));
          }
        }
        // In the end, weeks later, only what a binding names is left.
        await end(false);
        host.clock.now += 30 * DAY;
        await sweep(0);
        const last = await needed();
        expect([...captures.keys(), ...targets.keys()].filter((id) => !last.has(id))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
