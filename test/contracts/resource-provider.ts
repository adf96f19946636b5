/** What does every resource provider promise? Run by each adapter in a world that can make and disturb its disks. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TargetUnusable } from "../../core/ports/blocks.ts";
import {
  type Capture,
  CaptureRefused,
  type HeldCapture,
  type Owner,
  type ResourceProvider,
} from "../../core/ports/resource-provider.ts";

/** In what providers differ from one another, by what their hosts can do. */
export interface ProviderKind {
  /** Bytes of the two disks that tests make: what is as odd as the provider allows, and the smallest. */
  readonly sizes: { readonly odd: number; readonly small: number };
  /**
   * `watched`: a capture is the disk itself, and only good while the disk is free and stays as it is.
   * `snapshot`: a capture stands for itself, of any disk, and holds something until it is released.
   */
  readonly captures: "watched" | "snapshot";
  /** Where restores write: to the disk itself, which must be free, or to a new one beside it. */
  readonly restores: "overwrite" | "fresh";
  /** A disk that was taken away is still known, in error with its last size. */
  readonly remembersVanished: boolean;
}

const MIB = 1024 * 1024;

/** Image files: any number of sectors, no snapshots. */
const IMAGES: ProviderKind = {
  sizes: { odd: 3 * MIB + 512, small: MIB },
  captures: "watched",
  restores: "overwrite",
  remembersVanished: true,
};

export interface ResourceWorld {
  readonly provider: ResourceProvider;
  /** A provider that knows nothing but what is stored durably, as after a restart of the service. */
  restarted(): ResourceProvider;
  /** Makes a disk of that many bytes and answers its id. */
  makeDisk(size: number): Promise<string>;
  /** Makes a server of these disks and answers its id. */
  makeServer(diskIds: readonly string[]): Promise<string>;
  /** Overwrites one byte of a disk, as a guest would. */
  change(diskId: string): Promise<void>;
  /** Takes the disk away behind the provider's back. */
  vanish(diskId: string): Promise<void>;
  /** Has another program use the disk for writing, until the answer is called. */
  use(diskId: string): Promise<() => Promise<void>>;
  /** Has another program read the disk, until the answer is called. */
  watch(diskId: string): Promise<() => Promise<void>>;
  dispose(): Promise<void>;
}

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const OWNER: Owner = { domainId: "domain-1", vaultId: "vault-1", resourceId: "resource-1" };

/** What other kinds of providers do not promise is no test of theirs. */
const promisedIf = (promised: boolean) => (name: string, run: () => Promise<void>) => {
  if (promised) test(name, run);
};

/** Runs every promise on worlds that `open` makes, an empty one for each test. */
export function resourceProviderContract(
  name: string,
  open: () => Promise<ResourceWorld>,
  kind: ProviderKind = IMAGES,
): void {
  const { odd: SIZE, small: SMALL } = kind.sizes;
  const watched = promisedIf(kind.captures === "watched");
  const snapshot = promisedIf(kind.captures === "snapshot");
  const overwriting = promisedIf(kind.restores === "overwrite");

  describe(`resource provider: ${name}`, () => {
    let world: ResourceWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.dispose());

    const capture = (diskIds: readonly string[], attempt = 1): Promise<Capture> =>
      world.provider.capture({ runId: "run-1", attempt, diskIds, owner: OWNER });

    /** Disks that can be captured at one instant: those of one server. */
    const together = async (...sizes: readonly number[]): Promise<string[]> => {
      const disks: string[] = [];
      for (const size of sizes) disks.push(await world.makeDisk(size));
      await world.makeServer(disks);
      return disks;
    };

    const becomesReady = async (taken: Capture): Promise<void> => {
      while (!(await world.provider.ready(taken))); // each call waits a while by itself
    };

    const held = async (provider = world.provider): Promise<HeldCapture[]> => {
      const all: HeldCapture[] = [];
      for await (const one of provider.held()) all.push(one);
      return all;
    };

    describe("finding and listing", () => {
      test("an unknown id is not found, whatever it looks like", async () => {
        for (const id of [UNKNOWN, "", "x".repeat(5_000), "disk#1", "../../etc"])
          expect(await world.provider.find(id)).toBeUndefined();
      });

      test("a disk is found with its exact size and no server", async () => {
        const id = await world.makeDisk(SIZE);
        expect(await world.provider.find(id)).toMatchObject({
          kind: "disk",
          id,
          size: SIZE,
          serverId: undefined,
          status: "available",
        });
      });

      test("a server is found with its disks, and its disks name it", async () => {
        const disks = [await world.makeDisk(SIZE), await world.makeDisk(SMALL)];
        const id = await world.makeServer(disks);
        const server = await world.provider.find(id);
        expect(server).toMatchObject({ kind: "server", id, status: "SHUTOFF" });
        expect(server?.kind === "server" && server.disks.map((disk) => [disk.id, disk.size])).toEqual([
          [disks[0], SIZE],
          [disks[1], SMALL],
        ]);
        expect(await world.provider.find(disks[1] as string)).toMatchObject({ serverId: id });
      });

      test("pages follow one another in id order, each kind by itself", async () => {
        const made: string[] = [];
        for (let i = 0; i < 5; i++) made.push(await world.makeDisk(SMALL));
        const server = await world.makeServer([made[0] as string]);
        const seen: string[] = [];
        for (let after: string | undefined; ; after = seen.at(-1)) {
          const page = await world.provider.list("disk", { limit: 2, ...(after === undefined ? {} : { after }) });
          if (page.length === 0) break;
          expect(page.length).toBeLessThanOrEqual(2);
          expect(page.every(({ kind }) => kind === "disk")).toBe(true);
          seen.push(...page.map(({ id }) => id));
        }
        expect(seen).toEqual([...made].sort());
        expect((await world.provider.list("server", { limit: 10 })).map(({ id }) => id)).toEqual([server]);
        expect(await world.provider.list("server", { limit: 10, after: server })).toEqual([]);
      });

      test("a disk that vanished is in error with a reason and its last known size, or unknown where the host keeps the list", async () => {
        const id = await world.makeDisk(SIZE);
        await world.vanish(id);
        const disk = await world.provider.find(id);
        if (!kind.remembersVanished) return expect(disk).toBeUndefined();
        expect(disk).toMatchObject({ status: "error", size: SIZE });
        expect(disk?.reason).toBeTruthy();
      });

      test("a disk that another program uses is in use, its server active, and both are free again afterwards", async () => {
        const id = await world.makeDisk(SIZE);
        const server = await world.makeServer([id]);
        const stop = await world.use(id);
        expect(await world.provider.find(id)).toMatchObject({ status: "in-use" });
        expect(await world.provider.find(server)).toMatchObject({ status: "ACTIVE" });
        await stop();
        expect(await world.provider.find(id)).toMatchObject({ status: "available" });
        expect(await world.provider.find(server)).toMatchObject({ status: "SHUTOFF" });
      });
    });

    describe("capturing", () => {
      test("a capture holds the disks in the order asked, with their exact sizes", async () => {
        const [a, b] = (await together(SIZE, SMALL)) as [string, string];
        const taken = await capture([b, a]);
        expect(taken.disks.map(({ diskId, size }) => [diskId, size])).toEqual([
          [b, SMALL],
          [a, SIZE],
        ]);
        expect(new Set(taken.disks.map(({ snapshotId }) => snapshotId)).size).toBe(2);
      });

      test("a capture is plain data: stored and read back it is the same", async () => {
        const taken = await capture([await world.makeDisk(SIZE)]);
        expect(JSON.parse(JSON.stringify(taken))).toEqual(taken);
      });

      test("asked again for the same attempt, also after a restart and after a change, it answers the same", async () => {
        const id = await world.makeDisk(SIZE);
        const first = await capture([id]);
        await world.change(id);
        expect(await capture([id])).toEqual(first);
        const again = await world.restarted().capture({ runId: "run-1", attempt: 1, diskIds: [id], owner: OWNER });
        expect(again).toEqual(first);
      });

      test("two callers racing for one attempt get one capture", async () => {
        const id = await world.makeDisk(SIZE);
        const [one, two] = await Promise.all([capture([id]), capture([id])]);
        expect(one).toEqual(two);
      });

      test("another attempt is another capture", async () => {
        const id = await world.makeDisk(SIZE);
        const [first, second] = [await capture([id], 1), await capture([id], 2)];
        expect(second.disks[0]?.snapshotId).not.toBe(first.disks[0]?.snapshotId);
      });

      test("a missing disk is refused as 7000, naming it", async () => {
        const id = await world.makeDisk(SIZE);
        await world.vanish(id);
        for (const diskId of [id, UNKNOWN]) {
          const refused = await capture([diskId]).catch((error: unknown) => error);
          expect(refused).toBeInstanceOf(CaptureRefused);
          expect(refused).toMatchObject({ diskId, code: "7000" });
        }
      });

      watched("a disk in use is refused as 7003, and so is the whole group", async () => {
        const [free, used] = [await world.makeDisk(SIZE), await world.makeDisk(SIZE)];
        const stop = await world.use(used);
        const refused = await capture([free, used]).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(CaptureRefused);
        expect(refused).toMatchObject({ diskId: used, code: "7003" });
        await stop();
        expect((await capture([free, used])).disks).toHaveLength(2);
      });

      watched("somebody who only reads is no obstacle", async () => {
        const id = await world.makeDisk(SIZE);
        const stop = await world.watch(id);
        expect((await capture([id])).disks).toHaveLength(1);
        await stop();
      });

      snapshot("a disk in use is captured with all others of its server", async () => {
        const disks = await together(SIZE, SMALL);
        const stop = await world.use(disks[1] as string);
        expect((await capture(disks)).disks.map(({ diskId }) => diskId)).toEqual(disks);
        await stop();
      });

      snapshot("disks that have no common instant are refused as 7003", async () => {
        const [a, b] = [await world.makeDisk(SIZE), await world.makeDisk(SMALL)];
        const refused = await capture([a, b]).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(CaptureRefused);
        expect(refused).toMatchObject({ code: "7003" });
        expect(await held()).toEqual([]);
      });

      test("some disks of a server can be captured without the others", async () => {
        const [a, , c] = (await together(SMALL, SMALL, SMALL)) as [string, string, string];
        const taken = await capture([c, a]);
        expect(taken.disks.map(({ diskId }) => diskId)).toEqual([c, a]);
        if (kind.captures === "snapshot") expect(await held()).toHaveLength(2);
      });
    });

    describe("confirming and releasing", () => {
      test("every capture becomes ready to be read", async () => {
        await becomesReady(await capture(await together(SIZE, SMALL)));
      });

      test("what did not change is confirmed, also after a restart", async () => {
        const taken = await capture(await together(SIZE, SMALL));
        await becomesReady(taken);
        expect(await world.provider.confirm(taken)).toEqual({ unchanged: true });
        expect(await world.restarted().confirm(taken)).toEqual({ unchanged: true });
      });

      watched("one changed byte on one disk of a group is told, naming the disk, also after a restart", async () => {
        const [a, b] = [await world.makeDisk(SIZE), await world.makeDisk(SIZE)];
        const taken = await capture([a, b]);
        await world.change(b);
        for (const provider of [world.provider, world.restarted()]) {
          const answer = await provider.confirm(taken);
          expect(answer.unchanged).toBe(false);
          expect(answer.unchanged ? "" : answer.reason).toContain(b);
        }
      });

      snapshot("later changes do not touch it, not even the end of its disk", async () => {
        const disks = await together(SIZE, SMALL);
        const taken = await capture(disks);
        await becomesReady(taken);
        await world.change(disks[1] as string);
        await world.vanish(disks[0] as string);
        for (const provider of [world.provider, world.restarted()])
          expect(await provider.confirm(taken)).toEqual({ unchanged: true });
      });

      watched("a disk that vanished is told", async () => {
        const id = await world.makeDisk(SIZE);
        const taken = await capture([id]);
        await world.vanish(id);
        expect(await world.provider.confirm(taken)).toMatchObject({ unchanged: false });
      });

      test("releasing can be repeated, and the attempt is forgotten", async () => {
        const id = await world.makeDisk(SIZE);
        const taken = await capture([id]);
        await world.provider.release(taken, { keepComparable: false });
        await world.restarted().release(taken, { keepComparable: false });
        expect(await held()).toEqual([]);
        expect((await capture([id])).disks[0]?.snapshotId).not.toBe(taken.disks[0]?.snapshotId);
      });
    });

    snapshot(
      "what a capture holds is told with its owner until it is released, also by those who do not remember it",
      async () => {
        const disks = await together(SIZE, SMALL);
        const taken = await capture(disks);
        const ids = taken.disks.map(({ snapshotId }) => snapshotId).sort();
        const told = await held(world.restarted());
        expect(told.map(({ snapshotId }) => snapshotId).sort()).toEqual(ids);
        expect(told.map(({ diskId }) => diskId).sort()).toEqual(disks.toSorted());
        for (const one of told) expect(one).toMatchObject({ ...OWNER, runId: "run-1", takenAt: taken.instant });
        await world.provider.release(taken, { keepComparable: false });
        expect(await held()).toEqual([]);
      },
    );

    snapshot("what is kept to compare with stays readable until it is freed", async () => {
      const taken = await capture([await world.makeDisk(SIZE)]);
      await becomesReady(taken);
      expect(taken.disks.every(({ comparable }) => comparable === true)).toBe(true);
      await world.provider.release(taken, { keepComparable: true });
      expect(await world.provider.confirm(taken)).toEqual({ unchanged: true });
      const ids = taken.disks.map(({ snapshotId }) => snapshotId);
      for (let i = 0; i < 2; i++) await world.provider.releaseKept(ids);
      expect(await held()).toEqual([]);
      expect(await world.provider.confirm(taken)).toMatchObject({ unchanged: false });
    });

    describe("targets", () => {
      test("a disk of the same size or a bigger one is described with its own size", async () => {
        const id = await world.makeDisk(SIZE);
        expect(await world.provider.target({ diskId: id, size: SIZE })).toMatchObject({
          diskId: id,
          size: SIZE,
          mode: kind.restores,
        });
        expect(await world.provider.target({ diskId: id, size: SMALL })).toMatchObject({ size: SIZE });
      });

      test("a smaller one is refused, naming both sizes", async () => {
        const id = await world.makeDisk(SMALL);
        const refused = world.provider.target({ diskId: id, size: SIZE });
        await expect(refused).rejects.toBeInstanceOf(TargetUnusable);
        await expect(refused).rejects.toThrow(new RegExp(`${SMALL}.*${SIZE}`));
      });

      test("a missing or unknown one is refused", async () => {
        const id = await world.makeDisk(SIZE);
        await world.vanish(id);
        for (const diskId of [id, UNKNOWN])
          await expect(world.provider.target({ diskId, size: SIZE })).rejects.toBeInstanceOf(TargetUnusable);
      });

      overwriting("one that anybody has open is refused, also when it is only read", async () => {
        const id = await world.makeDisk(SIZE);
        for (const occupy of [world.use, world.watch]) {
          const stop = await occupy(id);
          await expect(world.provider.target({ diskId: id, size: SIZE })).rejects.toBeInstanceOf(TargetUnusable);
          await stop();
        }
        expect(await world.provider.target({ diskId: id, size: SIZE })).toMatchObject({ diskId: id });
      });
    });
  });
}
