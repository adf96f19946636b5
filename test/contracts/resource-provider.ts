/** What does every resource provider promise? Run by each adapter in a world that can make and disturb its disks. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TargetUnusable } from "../../core/ports/blocks.ts";
import { type Capture, CaptureRefused, type ResourceProvider } from "../../core/ports/resource-provider.ts";

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

const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 512;
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

/** Runs every promise on worlds that `open` makes, an empty one for each test. */
export function resourceProviderContract(name: string, open: () => Promise<ResourceWorld>): void {
  describe(`resource provider: ${name}`, () => {
    let world: ResourceWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.dispose());

    const capture = (diskIds: readonly string[], attempt = 1): Promise<Capture> =>
      world.provider.capture({ runId: "run-1", attempt, diskIds });

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
        const disks = [await world.makeDisk(SIZE), await world.makeDisk(MIB)];
        const id = await world.makeServer(disks);
        const server = await world.provider.find(id);
        expect(server).toMatchObject({ kind: "server", id, status: "SHUTOFF" });
        expect(server?.kind === "server" && server.disks.map((disk) => [disk.id, disk.size])).toEqual([
          [disks[0], SIZE],
          [disks[1], MIB],
        ]);
        expect(await world.provider.find(disks[1] as string)).toMatchObject({ serverId: id });
      });

      test("pages follow one another in id order, each kind by itself", async () => {
        const made: string[] = [];
        for (let i = 0; i < 5; i++) made.push(await world.makeDisk(MIB));
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

      test("a disk that vanished is in error with a reason and its last known size", async () => {
        const id = await world.makeDisk(SIZE);
        await world.vanish(id);
        const disk = await world.provider.find(id);
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
        const [a, b] = [await world.makeDisk(SIZE), await world.makeDisk(MIB)];
        const taken = await capture([b, a]);
        expect(taken.disks.map(({ diskId, size }) => [diskId, size])).toEqual([
          [b, MIB],
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
        const again = await world.restarted().capture({ runId: "run-1", attempt: 1, diskIds: [id] });
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

      test("a disk in use is refused as 7003, and so is the whole group", async () => {
        const [free, used] = [await world.makeDisk(SIZE), await world.makeDisk(SIZE)];
        const stop = await world.use(used);
        const refused = await capture([free, used]).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(CaptureRefused);
        expect(refused).toMatchObject({ diskId: used, code: "7003" });
        await stop();
        expect((await capture([free, used])).disks).toHaveLength(2);
      });

      test("somebody who only reads is no obstacle", async () => {
        const id = await world.makeDisk(SIZE);
        const stop = await world.watch(id);
        expect((await capture([id])).disks).toHaveLength(1);
        await stop();
      });
    });

    describe("confirming and releasing", () => {
      test("what did not change is confirmed, also after a restart", async () => {
        const taken = await capture([await world.makeDisk(SIZE), await world.makeDisk(MIB)]);
        expect(await world.provider.confirm(taken)).toEqual({ unchanged: true });
        expect(await world.restarted().confirm(taken)).toEqual({ unchanged: true });
      });

      test("one changed byte on one disk of a group is told, naming the disk, also after a restart", async () => {
        const [a, b] = [await world.makeDisk(SIZE), await world.makeDisk(SIZE)];
        const taken = await capture([a, b]);
        await world.change(b);
        for (const provider of [world.provider, world.restarted()]) {
          const answer = await provider.confirm(taken);
          expect(answer.unchanged).toBe(false);
          expect(answer.unchanged ? "" : answer.reason).toContain(b);
        }
      });

      test("a disk that vanished is told", async () => {
        const id = await world.makeDisk(SIZE);
        const taken = await capture([id]);
        await world.vanish(id);
        expect(await world.provider.confirm(taken)).toMatchObject({ unchanged: false });
      });

      test("releasing can be repeated, and the attempt is forgotten", async () => {
        const id = await world.makeDisk(SIZE);
        const taken = await capture([id]);
        await world.provider.release(taken);
        await world.restarted().release(taken);
        expect((await capture([id])).disks[0]?.snapshotId).not.toBe(taken.disks[0]?.snapshotId);
      });
    });

    describe("targets", () => {
      test("a disk of the same size or a bigger one is described with its own size", async () => {
        const id = await world.makeDisk(SIZE);
        expect(await world.provider.target({ diskId: id, size: SIZE })).toMatchObject({
          diskId: id,
          size: SIZE,
          mode: "overwrite",
        });
        expect(await world.provider.target({ diskId: id, size: MIB })).toMatchObject({ size: SIZE });
      });

      test("a smaller one is refused, naming both sizes", async () => {
        const id = await world.makeDisk(MIB);
        const refused = world.provider.target({ diskId: id, size: SIZE });
        await expect(refused).rejects.toBeInstanceOf(TargetUnusable);
        await expect(refused).rejects.toThrow(new RegExp(`${MIB}.*${SIZE}`));
      });

      test("a missing or unknown one is refused", async () => {
        const id = await world.makeDisk(SIZE);
        await world.vanish(id);
        for (const diskId of [id, UNKNOWN])
          await expect(world.provider.target({ diskId, size: SIZE })).rejects.toBeInstanceOf(TargetUnusable);
      });

      test("one that anybody has open is refused, also when it is only read", async () => {
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
