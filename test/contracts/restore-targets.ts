/** What does every adapter of restore targets promise? Run by each in a world that can look at what a server really has. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BlockAccess, SnapshotRef, TargetRef } from "../../core/ports/blocks.ts";
import type { Owner, ResourceProvider } from "../../core/ports/resource-provider.ts";
import type { HeldTarget, Replacement, RestoreTargets, Restoring } from "../../core/ports/restore-targets.ts";

export interface RestoreWorld {
  readonly targets: RestoreTargets;
  /** One that knows nothing but what is stored durably, as another process. */
  restarted(): RestoreTargets;
  readonly provider: ResourceProvider;
  readonly blocks: BlockAccess;
  /** Bytes of a disk as small as the provider allows. */
  readonly size: number;
  /** Makes a server that has this many disks; their first block is full of ones. @returns their ids, the server's first */
  makeServer(disks: number, running: boolean): Promise<{ readonly id: string; readonly disks: readonly string[] }>;
  /** Makes a disk that belongs to nothing; its first block is full of ones. */
  makeDisk(): Promise<string>;
  /** The first byte of each of the server's disks, in their order, as a guest would read it. */
  seenBy(serverId: string): Promise<readonly number[]>;
  /** The first byte of a disk. */
  firstByte(diskId: string): Promise<number>;
  isRunning(serverId: string): Promise<boolean>;
  dispose(): Promise<void>;
}

const BLOCK = 512 * 1024;
const DAY = 24 * 3_600_000;

/** What the use case does, step by step; every waiting step is asked until it is done. */
class Restore {
  readonly #world: RestoreWorld;
  readonly owner: Owner;
  readonly restoreId: string;
  targets: readonly TargetRef[] = [];
  replacements: readonly Replacement[] = [];
  readBack: readonly SnapshotRef[] = [];

  constructor(world: RestoreWorld, resourceId: string, restoreId = "restore-1") {
    this.#world = world;
    this.owner = { domainId: "domain-1", vaultId: "vault-1", resourceId };
    this.restoreId = restoreId;
  }

  get restoring(): Restoring {
    return { restoreId: this.restoreId, owner: this.owner, targets: this.targets };
  }

  async prepare(diskIds: readonly string[], by = this.#world.targets): Promise<this> {
    const asked: TargetRef[] = [];
    for (const diskId of diskIds) asked.push(await this.#world.provider.target({ diskId, size: this.#world.size }));
    this.targets = await by.prepare({ ...this.restoring, targets: asked });
    return this;
  }

  /** Fills the first block of each target with `value`. */
  async write(value: number): Promise<this> {
    for (const ref of this.targets) {
      const target = await this.#world.blocks.openTarget(ref);
      await target.write(0, new Uint8Array(BLOCK).fill(value));
      await target.zero(BLOCK, ref.size - BLOCK);
      await target.sync();
      await target.close();
    }
    return this;
  }

  async finish(by = this.#world.targets): Promise<this> {
    for (;;) {
      const { done, readBack } = await by.finish({ ...this.restoring, nonZero: this.targets.map(() => BLOCK) });
      this.readBack = readBack;
      if (done) return this;
    }
  }

  async replace(by = this.#world.targets): Promise<this> {
    for (;;) {
      const { done, replacements } = await by.replacements(this.restoring);
      this.replacements = replacements;
      if (done) return this;
    }
  }

  async swap(powerOn: boolean, by = this.#world.targets): Promise<this> {
    while (!(await by.swap({ ...this.restoring, replacements: this.replacements, powerOn })).done);
    return this;
  }

  inPlace(by = this.#world.targets): Promise<readonly Replacement[]> {
    return by.inPlace({ ...this.restoring, replacements: this.replacements });
  }
}

/** Runs every promise on worlds that `open` makes, an empty one for each test. */
export function restoreTargetsContract(name: string, open: () => Promise<RestoreWorld>): void {
  describe(`restore targets: ${name}`, () => {
    let world: RestoreWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.dispose());

    const held = async (): Promise<HeldTarget[]> => {
      const all: HeldTarget[] = [];
      for await (const one of world.restarted().held()) all.push(one);
      return all;
    };

    test("a server that was off gets all of its disks back, and stays off", async () => {
      const server = await world.makeServer(2, false);
      const restore = await new Restore(world, server.id).prepare(server.disks);
      await (await (await (await restore.write(7)).finish()).replace()).swap(true);
      expect(await world.seenBy(server.id)).toEqual([7, 7]);
      expect(await restore.inPlace()).toEqual(restore.replacements);
      expect(await world.isRunning(server.id)).toBe(false);
    });

    test("nothing live changes before the swap", async () => {
      const server = await world.makeServer(2, false);
      const restore = await new Restore(world, server.id).prepare(server.disks);
      if (restore.targets.some(({ mode }) => mode === "overwrite")) return;
      await (await (await restore.write(7)).finish()).replace();
      expect(await world.seenBy(server.id)).toEqual([1, 1]);
      expect(await restore.inPlace()).toEqual([]);
    });

    test("only the disks that were asked for are replaced", async () => {
      const server = await world.makeServer(3, false);
      const restore = await new Restore(world, server.id).prepare([server.disks[1] as string]);
      await (await (await (await restore.write(7)).finish()).replace()).swap(true);
      expect(await world.seenBy(server.id)).toEqual([1, 7, 1]);
    });

    test("a disk that belongs to nothing is restored as well", async () => {
      const disk = await world.makeDisk();
      const restore = await new Restore(world, disk).prepare([disk]);
      await (await (await (await restore.write(7)).finish()).replace()).swap(true);
      const now = (await restore.inPlace()).find(({ from }) => from === disk)?.to ?? disk;
      expect(await world.firstByte(now)).toBe(7);
    });

    test("what can only be written is read back from what finish answers", async () => {
      const disk = await world.makeDisk();
      const restore = await (await (await new Restore(world, disk).prepare([disk])).write(9)).finish();
      expect(restore.readBack).toHaveLength(restore.targets.filter(({ writeOnly }) => writeOnly === true).length);
      for (const ref of restore.readBack) {
        const source = await world.blocks.openSource(ref);
        const bytes = new Uint8Array(BLOCK + 1);
        await source.read(0, bytes);
        expect([bytes[0], bytes[BLOCK - 1], bytes[BLOCK]]).toEqual([9, 9, 0]);
        await source.close();
      }
    });

    test("every step asked again, by another process, answers the same", async () => {
      const server = await world.makeServer(2, false);
      const restore = await new Restore(world, server.id).prepare(server.disks);
      const { targets } = restore;
      await restore.prepare(server.disks, world.restarted());
      expect(restore.targets).toEqual(targets);
      await (await restore.write(7)).finish();
      const { readBack } = restore;
      await restore.finish(world.restarted());
      expect(restore.readBack).toEqual(readBack);
      await restore.replace();
      const { replacements } = restore;
      await restore.replace(world.restarted());
      expect(restore.replacements).toEqual(replacements);
      await restore.swap(true);
      await restore.swap(true, world.restarted());
      expect(await restore.inPlace(world.restarted())).toEqual(replacements);
      expect(await world.seenBy(server.id)).toEqual([7, 7]);
    });

    test("abandoned at any point before the swap, it leaves the server as it was, and nothing else", async () => {
      const server = await world.makeServer(1, false);
      const steps = ["prepared", "written", "finished", "replaced"] as const;
      for (const last of steps) {
        const restore = await new Restore(world, server.id, `restore-${last}`).prepare(server.disks);
        if (restore.targets.some(({ mode }) => mode === "overwrite")) return;
        const after = steps.indexOf(last);
        if (after >= 1) await restore.write(7);
        if (after >= 2) await restore.finish();
        if (after >= 3) await restore.replace();
        expect((await held()).length, last).toBeGreaterThan(0);
        await world.targets.abandon(restore.restoring);
        await world.restarted().abandon(restore.restoring);
        expect(await held(), last).toEqual([]);
        expect(await world.seenBy(server.id), last).toEqual([1]);
      }
    });

    test("after the swap, abandoning takes nothing away, and only the replaced disks are held, for a week", async () => {
      const server = await world.makeServer(2, false);
      const restore = await new Restore(world, server.id).prepare(server.disks);
      await (await (await (await restore.write(7)).finish()).replace()).swap(true);
      await world.targets.abandon(restore.restoring);
      expect(await world.seenBy(server.id)).toEqual([7, 7]);
      const left = await held();
      expect(left.map(({ id }) => id).sort()).toEqual(restore.replacements.map(({ from }) => from).sort());
      for (const one of left) {
        expect(one).toMatchObject({ kind: "undo", restoreId: "restore-1", ...restore.owner });
        expect((one.keepUntil ?? 0) - one.madeAt).toBe(7 * DAY);
        await world.targets.discard(one);
      }
      expect(await held()).toHaveLength(left.length);
    });
  });
}
