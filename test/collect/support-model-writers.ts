/** Who writes: backups, their twins, deletions. Protocol steps as the service takes them. */
import type { BlockAccess, SnapshotRef } from "../../core/ports/blocks.ts";
import { SealRefused } from "../../core/ports/data-plane.ts";
import { StoreFailed } from "../../core/ports/object-store.ts";
import { avoidedOf, checkConfirmed } from "./support-model-oracle.ts";
import { LEAF, planeOf } from "./support-model-readers.ts";
import type { Actor } from "./support-model-scheduler.ts";
import {
  type Backup,
  BLOCK,
  DOMAIN,
  type Result,
  type Rules,
  type Run,
  resultOf,
  storeOf,
  Violation,
  type World,
} from "./support-model-world.ts";

/** Attempts at one unit, as in the service. */
const ATTEMPTS = 3;

/** The run was closed: nothing of it counts any more. */
class RunClosed extends Error {
  override readonly name = "RunClosed";
}

/** A capture of these bytes; a letter a block says what the source knows of it. */
function sourceOf(content: Uint8Array, hints: string | undefined): BlockAccess {
  const names = { d: "data", z: "zero", s: "same" } as const;
  return {
    async openSource() {
      return {
        size: content.length,
        ...(hints !== undefined && {
          survey: async (first: number, count: number) =>
            [...hints.slice(first, first + count)].map((letter) => names[letter as keyof typeof names]),
        }),
        async read(offset: number, into: Uint8Array) {
          into.set(content.subarray(offset, offset + into.length));
        },
        async close() {},
      };
    },
    openTarget: () => Promise.reject(new Error("nothing is restored here")),
  };
}

const snapshotOf = (backup: Backup): SnapshotRef => ({
  provider: "model",
  diskId: `disk-${backup.disk}`,
  snapshotId: backup.id,
  size: backup.content.length,
  detail: {},
});

/** Changes some of a disk, as its owner does between two backups. Few values, so that blocks are equal here and there. */
export function change(disk: Uint8Array, by: number): void {
  const blocks = Math.ceil(disk.length / BLOCK);
  const block = by % blocks;
  const value = (by >> 3) % 7;
  const end = Math.min(disk.length, (block + 1) * BLOCK);
  if ((by & 4) !== 0) disk.fill(value, block * BLOCK, end);
  else disk.fill(value, block * BLOCK + (by % 8) * 8, Math.min(end, block * BLOCK + (by % 8) * 8 + 8));
  if ((by & 64) !== 0) disk.fill(1 + (by % 5), 0, BLOCK);
  if ((by & 128) !== 0) for (let at = 0; at < disk.length; at += BLOCK) disk[at] = by % 11;
}

/** Closes a run for ever, as the tick or a failing worker does; what it may have sealed is to go. */
export function failRun(world: World, run: Run): void {
  if (!run.open) return;
  run.open = false;
  if (run.backup === undefined) return;
  run.backup.state = "failed";
  world.intents.set(run.backup.id, "failed");
}

const sameBlock = (a: Uint8Array, b: Uint8Array, index: number): boolean =>
  Buffer.compare(a.subarray(index * BLOCK, (index + 1) * BLOCK), b.subarray(index * BLOCK, (index + 1) * BLOCK)) === 0;

/** Opens a run on a parent that has no deletion intent, in one transaction. */
export async function openBackup(world: World, actor: Actor, disk: number, how: number): Promise<Run> {
  for (;;) {
    await actor.turn();
    const parent = (how & 3) === 3 ? undefined : parentOf(world, disk);
    await actor.turn();
    const still =
      parent === undefined || parentOf(world, disk) === parent || (!world.baselines && !world.intents.has(parent));
    if (!still) continue;
    const now = world.disks[disk] as Uint8Array;
    change(now, how >> 2);
    const backup: Backup = { id: world.newId(), disk, content: Uint8Array.from(now), state: "running" };
    const before = parent === undefined ? undefined : world.backups.get(parent)?.content;
    const told = (how & 1) === 1 && before !== undefined;
    const hints = told
      ? Array.from({ length: Math.ceil(now.length / BLOCK) }, (_, at) => (sameBlock(now, before, at) ? "s" : "d")).join(
          "",
        )
      : undefined;
    const run: Run = {
      id: world.newId(),
      kind: "backup",
      pins: parent === undefined ? [] : [parent],
      backup,
      ...(parent !== undefined && { parent }),
      ...(hints !== undefined && { hints }),
      unitLeaves: 1 + ((how >> 1) & 3),
      open: true,
      published: new Map(),
      confirmed: new Map(),
    };
    world.backups.set(backup.id, backup);
    world.runs.set(run.id, run);
    return run;
  }
}

const parentOf = (world: World, disk: number): string | undefined =>
  world.baselines ? world.baseline.get(disk) : world.sealed(disk).at(-1)?.id;

/** Does what is left of a run: its units, its root, its end. A repeated task and a twin do the very same. */
export async function work(world: World, actor: Actor, rules: Rules, run: Run, backup: Backup): Promise<void> {
  try {
    for (let leaf = 0; leaf * LEAF < backup.content.length; ) leaf = await unit(world, actor, rules, run, backup, leaf);
    await conclude(world, actor, run, backup);
  } catch (error) {
    if (error instanceof Violation) throw error;
    const twins = error instanceof SealRefused && error.message.includes("says something else");
    if (twins && run.open) throw new Violation(`a seal of ${backup.id} does not know its own root`, { cause: error });
    const expected = error instanceof RunClosed || error instanceof SealRefused || error instanceof StoreFailed;
    if (!expected && run.open) throw new Violation(`backup ${backup.id} failed`, { cause: error });
    await actor.turn();
    failRun(world, run);
  }
}

/** @returns the first leaf that is not done */
async function unit(
  world: World,
  actor: Actor,
  rules: Rules,
  run: Run,
  backup: Backup,
  firstLeaf: number,
): Promise<number> {
  await actor.turn();
  if (!run.open) throw new RunClosed(run.id);
  const done = run.confirmed.get(firstLeaf);
  if (done !== undefined) return done.endLeaf;
  const leaves = Math.ceil(backup.content.length / LEAF);
  const plane = planeOf(world, actor, sourceOf(backup.content, run.hints));
  const snapshot = {
    ...snapshotOf(backup),
    ...(run.hints !== undefined && { since: { snapshotId: run.parent ?? "" } }),
  };
  for (let n = 0; n < ATTEMPTS; n++) {
    const transferred = await plane.transfer({
      domain: DOMAIN,
      snapshot,
      firstLeaf,
      endLeaf: Math.min(leaves, firstLeaf + run.unitLeaves),
      ...(run.parent !== undefined && { parentRoot: run.parent }),
      level: 1,
      budgetMs: 1000,
      sampleOneIn: 0,
    });
    const result = resultOf(firstLeaf, transferred.endLeaf, transferred.payload);
    const winner = await settle(world, actor, rules, run, result);
    if (winner !== undefined) return winner.endLeaf;
  }
  throw new RunClosed("three void attempts");
}

async function settle(world: World, actor: Actor, rules: Rules, run: Run, result: Result): Promise<Result | undefined> {
  const attempt = ++world.ids;
  await actor.turn();
  run.published.set(attempt, result);
  const avoided = await avoidedOf(world, result);
  const plane = planeOf(world, actor, sourceOf(new Uint8Array(0), undefined));
  if (rules.recheck && (await plane.avoided(DOMAIN, result.payload)).length > 0) {
    await actor.turn();
    run.published.delete(attempt);
    return undefined;
  }
  await actor.turn();
  const winner = run.confirmed.get(result.firstLeaf);
  if (winner !== undefined) return winner;
  run.confirmed.set(result.firstLeaf, result);
  if (run.open) await checkConfirmed(world, result, avoided);
  return result;
}

async function conclude(world: World, actor: Actor, run: Run, backup: Backup): Promise<void> {
  await actor.turn();
  if (!run.open) throw new RunClosed(run.id);
  await actor.turn();
  const results = [...run.confirmed.values()].sort((a, b) => a.firstLeaf - b.firstLeaf).map(({ payload }) => payload);
  await planeOf(world, actor, sourceOf(backup.content, undefined)).seal({
    domain: DOMAIN,
    rootId: backup.id,
    size: backup.content.length,
    ...(run.parent !== undefined && { parentRoot: run.parent }),
    description: {},
    results,
  });
  await actor.turn();
  if (!run.open) throw new RunClosed(run.id);
  run.open = false;
  backup.state = "sealed";
  world.baseline.set(backup.disk, backup.id);
}

/** The n-th backup that is there is deleted: its intent first, then everybody is told. */
export async function remove(world: World, actor: Actor, n: number): Promise<boolean> {
  await actor.turn();
  const sealed = world.sealed();
  const backup = sealed[n % Math.max(1, sealed.length)];
  if (backup === undefined) return false;
  await storeOf(world, actor).putIfAbsent(`d/intents/${backup.id}`, Buffer.from("deleted"));
  await actor.turn();
  if (backup.state === "sealed") {
    backup.state = "deleted";
    world.intents.set(backup.id, "deleted");
  }
  return true;
}
