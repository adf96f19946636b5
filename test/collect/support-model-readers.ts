/** Who reads: restores, verification; and who finds packs damaged. */
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import { StoreFailed } from "../../core/ports/object-store.ts";
import type { Actor } from "./support-model-scheduler.ts";
import { type Backup, BLOCK, DOMAIN, type Run, storeOf, Violation, type World } from "./support-model-world.ts";

/** As in support-model-engine.ts. */
export const LEAF = 2 * BLOCK;

/** The engine as one actor has it. */
export const planeOf = (world: World, actor: Actor, blocks: BlockAccess) =>
  createDataPlane({ objects: storeOf(world, actor), blocks, monotonic: () => 0 });

function targetOf(into: Uint8Array): BlockAccess {
  return {
    openSource: () => Promise.reject(new Error("nothing is read here")),
    async openTarget() {
      return {
        size: into.length,
        write: (offset: number, bytes: Uint8Array) => into.set(bytes, offset),
        zero: (offset: number, length: number) => void into.fill(0, offset, offset + length),
        read: (offset: number, bytes: Uint8Array) => bytes.set(into.subarray(offset, offset + bytes.length)),
        async sync() {},
        async close() {},
      };
    },
  };
}

/** Restores leaf after leaf, each a call of its own, under a run that pins the root. */
export async function restore(world: World, actor: Actor, n: number): Promise<boolean> {
  await actor.turn();
  const sealed = world.sealed();
  const backup = sealed[n % Math.max(1, sealed.length)];
  if (backup === undefined) return false;
  await actor.turn();
  // One transaction: the run opens only while the backup is there.
  if (backup.state !== "sealed") return restore(world, actor, n);
  const run: Run = {
    id: world.newId(),
    kind: "restore",
    pins: [backup.id],
    unitLeaves: 1,
    open: true,
    published: new Map(),
    confirmed: new Map(),
  };
  world.runs.set(run.id, run);
  try {
    await readAll(world, actor, backup, 1);
  } catch (error) {
    if (run.open) throw new Violation(`a restore of ${backup.id} failed although its run was open`, { cause: error });
  }
  await actor.turn();
  run.open = false;
  return true;
}

/** Reads a backup through the engine's own restore. @throws Violation when it is not what was backed up; what restore throws */
async function readAll(world: World, actor: Actor, backup: Backup, leavesAtOnce: number): Promise<void> {
  const { content, id } = backup;
  const into = new Uint8Array(content.length).fill(99);
  const target = { provider: "model", diskId: "target", mode: "overwrite" as const, size: content.length, detail: {} };
  const plane = planeOf(world, actor, targetOf(into));
  const leaves = Math.ceil(content.length / LEAF);
  for (let firstLeaf = 0; firstLeaf < leaves; firstLeaf += leavesAtOnce)
    await plane.restore({
      domain: DOMAIN,
      rootId: id,
      target,
      firstLeaf,
      endLeaf: Math.min(leaves, firstLeaf + leavesAtOnce),
      readBack: false,
      budgetMs: 1000,
    });
  if (!Buffer.from(into).equals(content)) throw new Violation(`${id} reads back differently`);
}

/** Verifies a backup without any run; or finds a sound pack damaged, which must hurt nobody. */
export async function inspect(world: World, actor: Actor, n: number): Promise<boolean> {
  await actor.turn();
  const plane = planeOf(world, actor, targetOf(new Uint8Array(0)));
  if (n % 3 === 0) {
    const packs = world.namesOf("packs");
    const pack = packs[n % Math.max(1, packs.length)];
    if (pack === undefined) return false;
    try {
      await plane.quarantine(DOMAIN, [pack], world.clock);
    } catch (error) {
      if (!(error instanceof StoreFailed)) throw new Violation("quarantine failed", { cause: error });
      return true;
    }
    if (world.objects.has(`d/packs/${pack}`)) world.quarantined.add(pack);
    return true;
  }
  const sealed = world.sealed();
  const backup = sealed[n % Math.max(1, sealed.length)];
  if (backup === undefined) return false;
  const unit = {
    domain: DOMAIN,
    rootId: backup.id,
    firstLeaf: 0,
    endLeaf: Math.ceil(backup.content.length / LEAF),
    budgetMs: 1000,
  };
  const { damaged } = await plane.verify({ ...unit, depth: (n & 1) === 0 ? "data" : "presence" });
  if (damaged.length > 0 && backup.state === "sealed")
    throw new Violation(`verification of ${backup.id} finds damage: ${JSON.stringify(damaged)}`);
  return true;
}
