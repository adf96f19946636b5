/** The disk images of this host as a source of backups and a target of restores: the `quiescent` ResourceProvider. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../core/domain/values.ts";
import { TargetUnusable } from "../../../core/ports/blocks.ts";
import { ConditionFailed, type RecordStore } from "../../../core/ports/record-store.ts";
import {
  type Capture,
  CaptureRefused,
  type Disk,
  type Resource,
  type ResourceProvider,
  type Server,
} from "../../../core/ports/resource-provider.ts";
import { forgetCapture, keepCapture, type Run, readCapture } from "./captures.ts";
import {
  type RegisteredDisk,
  type RegisteredServer,
  readDisk,
  readDisks,
  readServer,
  readServers,
  resourceItem,
  type Versioned,
} from "./inventory-records.ts";
import { identityOf, liveDisks, liveServer, sizeTrouble } from "./live-disks.ts";
import { describeOpener, type Processes } from "./openers.ts";
import { createProcesses } from "./processes.ts";
import { IMAGE_PROVIDER, stampIn } from "./references.ts";
import { difference, FileTrouble, type Settled, type Stamp, settledStamps, stampOf } from "./stamps.ts";
import { checkTarget } from "./target.ts";

// BackupService numbers (reference of the wire, §9): the disk does not exist; the disk's state does not allow it.
const DISK_NOT_FOUND = "7000";
const DISK_NOT_FIT = "7003";

async function firstOf<T>(values: AsyncIterable<T>, limit: number): Promise<T[]> {
  const taken: T[] = [];
  if (limit < 1) return taken;
  for await (const value of values) {
    taken.push(value);
    if (taken.length >= limit) break;
  }
  return taken;
}

function refuse(disk: RegisteredDisk, code: string, reason: string, cause?: unknown): CaptureRefused {
  const refused = new CaptureRefused(disk.id, code, `disk ${disk.id} (${disk.name}): ${reason}`);
  if (cause !== undefined) refused.cause = cause;
  return refused;
}

/** `processes`: who has files open; tests give their own. `now`: epoch milliseconds. */
export function createImageProvider({
  records,
  now,
  processes = createProcesses(),
}: {
  readonly records: RecordStore;
  readonly now: Clock;
  readonly processes?: Processes;
}): ResourceProvider {
  /** Servers with their disks, with one look at the processes for all of them. */
  async function withDisks(servers: readonly RegisteredServer[]): Promise<readonly Server[]> {
    const ids = servers.flatMap(({ diskIds }) => diskIds);
    const read = await Promise.all(ids.map((id) => readDisk(records, id)));
    const registered = read.flatMap((disk) => (disk === undefined ? [] : [disk.value]));
    const live = new Map((await liveDisks(registered, processes)).map((disk) => [disk.id, disk]));
    return servers.map((server) =>
      liveServer(
        server,
        server.diskIds.flatMap((id) => live.get(id) ?? []),
      ),
    );
  }

  async function diskOf(id: string): Promise<Versioned<RegisteredDisk>> {
    const disk = await readDisk(records, id);
    if (disk === undefined) throw new CaptureRefused(id, DISK_NOT_FOUND, `no disk has the id ${id}`);
    return disk;
  }

  /** Stamps that tell every later write, or the refusal of the first disk that is not fit. */
  async function settle(disks: readonly RegisteredDisk[]): Promise<readonly Stamp[]> {
    let settled: Settled;
    try {
      settled = await settledStamps(disks.map(({ path }) => path));
    } catch (error) {
      const disk = error instanceof FileTrouble ? disks.find(({ path }) => path === error.path) : undefined;
      if (disk === undefined) throw error;
      const code = (error as FileTrouble).kind === "missing" ? DISK_NOT_FOUND : DISK_NOT_FIT;
      throw refuse(disk, code, (error as FileTrouble).message, error);
    }
    if (!settled.settled)
      throw refuse(disks[settled.index] as RegisteredDisk, DISK_NOT_FIT, `it is being changed: ${settled.difference}`);
    const { stamps } = settled;
    disks.forEach((disk, i) => {
      const wrong = sizeTrouble(disk.path, (stamps[i] as Stamp).size);
      if (wrong !== undefined) throw refuse(disk, DISK_NOT_FIT, wrong);
    });
    return stamps;
  }

  /** The size that is shown when the file is gone. Losing to any other change of the record is fine: it is a memo. */
  async function rememberSize({ v, value }: Versioned<RegisteredDisk>, size: number): Promise<void> {
    if (value.size === size) return;
    try {
      await records.write({ op: "put", item: resourceItem({ ...value, size }, v + 1), if: { v } });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }

  async function take(run: Run, diskIds: readonly string[]): Promise<Capture> {
    const registered = await Promise.all(diskIds.map(diskOf));
    const disks = registered.map(({ value }) => value);
    const stamps = await settle(disks);
    // From here on a write to any of the disks shows in its stamp, until confirm compares: one window for all of them.
    const instant = now();
    // Asked after the stamps: whoever had a file mapped before them is still seen, whoever comes later changes a stamp.
    const { byFile } = await processes.openersOf(stamps.map(identityOf));
    disks.forEach((disk, i) => {
      const writer = byFile[i]?.find(({ mayWrite }) => mayWrite);
      if (writer !== undefined) throw refuse(disk, DISK_NOT_FIT, `${describeOpener(writer)}: ${disk.path}`);
    });
    const kept = await keepCapture(
      records,
      run,
      {
        promise: "quiescent",
        instant,
        disks: disks.map((disk, i) => {
          const stamp = stamps[i] as Stamp;
          const detail = { ...stamp, ...run };
          return { provider: IMAGE_PROVIDER, diskId: disk.id, snapshotId: randomUUID(), size: stamp.size, detail };
        }),
      },
      instant,
    );
    await Promise.all(registered.map((disk, i) => rememberSize(disk, (stamps[i] as Stamp).size)));
    return kept;
  }

  return {
    async list(kind, { after, limit }): Promise<readonly Resource[]> {
      if (kind === "disk") return liveDisks(await firstOf(readDisks(records, after), limit), processes);
      return withDisks(await firstOf(readServers(records, after), limit));
    },

    async find(id): Promise<Resource | undefined> {
      const disk = await readDisk(records, id);
      if (disk !== undefined) return (await liveDisks([disk.value], processes))[0] as Disk;
      const server = await readServer(records, id);
      return server && (await withDisks([server.value]))[0];
    },

    async capture({ runId, attempt, diskIds }) {
      const run = { runId, attempt };
      const capture = (await readCapture(records, run)) ?? (await take(run, diskIds));
      const captured = capture.disks.map(({ diskId }) => diskId);
      if (captured.length !== diskIds.length || captured.some((id, i) => id !== diskIds[i]))
        throw new Error(`attempt ${attempt} of run ${runId} has captured other disks: ${captured.join(", ")}`);
      return capture;
    },

    async confirm(capture) {
      const stamps = capture.disks.map(stampIn);
      // The processes first: what one of them writes after this look still shows in the stamps below.
      const { byFile } = await processes.openersOf(stamps.map(identityOf));
      for (const [i, { diskId }] of capture.disks.entries()) {
        const before = stamps[i] as Stamp;
        const now = await stampOf(before.path).catch((error: unknown) => {
          if (error instanceof FileTrouble) return error;
          throw error;
        });
        // The number of a file that is gone may be another file's by now, and so may its openers.
        const same = !(now instanceof FileTrouble) && now.dev === before.dev && now.ino === before.ino;
        const writer = same ? byFile[i]?.find(({ mayWrite }) => mayWrite) : undefined;
        if (writer !== undefined) return changed(diskId, before.path, describeOpener(writer));
        const text = now instanceof FileTrouble ? now.message : difference(before, now);
        if (text !== undefined) return changed(diskId, before.path, text);
      }
      return { unchanged: true };
    },

    // A stamp is there as soon as it is taken.
    ready: async () => true,

    release: (capture) => forgetCapture(records, capture),

    // Stamps hold nothing, and nothing can be told from them about what changed since.
    releaseKept: async () => undefined,
    async *held() {},

    async target({ diskId, size }) {
      const disk = await readDisk(records, diskId);
      if (disk === undefined) throw new TargetUnusable(`no disk has the id ${diskId}`);
      return checkTarget(disk.value, size, processes);
    },
  };
}

function changed(diskId: string, path: string, text: string): { readonly unchanged: false; readonly reason: string } {
  return { unchanged: false, reason: `disk ${diskId} (${path}) changed while it was backed up: ${text}` };
}
