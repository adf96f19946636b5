/** Does a clock that was set back, or far forward, leave backups, their order and `used` as they must be? */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { differenceOf, type Version } from "./image.ts";
import { readFacts } from "./record-facts.ts";
import { seeded } from "./seeded.ts";
import { problemsOf } from "./soundness.ts";
import { World } from "./world.ts";

// Four service processes are started one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const MIB = 1024 ** 2;
const DAY_MS = 24 * 3_600_000;

let world: World;
beforeAll(async () => {
  world = await World.create({ imageBytes: 32 * MIB, dataBytes: 12 * MIB }, seeded(5));
});
afterAll(() => world?.close());

/** What `used` must be when the backups stand in this order. */
function countedUsed(order: readonly string[]): number {
  let bytes = 0;
  let before: Version | undefined;
  for (const version of order.map((id) => world.versions.get(id))) {
    if (version === undefined) throw new Error("an unknown backup");
    bytes += differenceOf(before, version, world.imageBytes);
    before = version;
  }
  return bytes;
}

const usedNow = (): number | undefined => readFacts(world.work).bindings[0]?.used;
const chainNow = (): readonly string[] => [...readFacts(world.work).chains.values()][0] ?? [];

test("the order of the runs stays the order of the chain when the clock is set back (CAP-01..04)", async () => {
  const order = [...chainNow()];
  for (const shift of [-2 * DAY_MS, -3 * DAY_MS, 0, -DAY_MS]) {
    await world.service.stop();
    await world.restart(shift);
    world.image.change();
    order.push(await world.backUp());
    expect(chainNow()).toEqual(order);
    expect(usedNow()).toBe(countedUsed(order));
  }
  // Deleting from the middle of a chain whose times run backwards: exact as ever, and every other backup is whole.
  for (const gone of [order[3], order[2], order[0]]) {
    await world.deleteBackup(gone ?? "");
    order.splice(order.indexOf(gone ?? ""), 1);
    expect(chainNow()).toEqual(order);
    expect(usedNow()).toBe(countedUsed(order));
  }
  for (const id of order) await world.restore(id);
});

test("work that is under way when the clock is set goes on to its end", async () => {
  for (const shift of [-DAY_MS, 30 * DAY_MS]) {
    const { checkpoint } = await world.api.post<{ checkpoint: { id: string } }>(
      "/checkpoints",
      world.checkpointBody(world.vaultId, true),
    );
    await world.service.kill();
    await world.restart(shift);
    await world.idle();
    const [backup] = await world.backups(`?checkpoint_id=${checkpoint.id}`);
    expect(backup?.status).toBe("available");
    world.versions.set(backup?.id ?? "", world.image.current);
    await world.restore(backup?.id ?? "");
  }
  expect(usedNow()).toBe(countedUsed(chainNow()));
  const problems = await problemsOf(world);
  // Times on the wire no longer tell the order, so only the comparison with them may differ.
  expect(problems.filter((problem) => !/^the chain is|^used is|^the vault shows/.test(problem))).toEqual([]);
});
