/** Disks in memory in the manner of EBS: captures are copies that take time, live disks are replaced and never written. */
import {
  type BlockAccess,
  type BlockHint,
  type SnapshotRef,
  SourceChanged,
  type TargetRef,
  TargetUnusable,
} from "../../core/ports/blocks.ts";
import {
  type Capture,
  CaptureRefused,
  type Disk,
  type HeldCapture,
  type Resource,
  type ResourceProvider,
  type Server,
} from "../../core/ports/resource-provider.ts";
import type { RestoreTargets } from "../../core/ports/restore-targets.ts";
import type { AppHostOptions } from "./app-host.ts";
import { BLOCK } from "./engine-disks.ts";
import type { Account, Snapshot, Volume } from "./replacing-account.ts";
import { createReplacingTargets } from "./replacing-targets.ts";

export interface ReplacingDisks extends Account {
  /** Hand these to createAppHost. */
  readonly options: AppHostOptions;
  readonly targets: RestoreTargets;
  /** What was read from sources. */
  readonly reads: { readonly snapshotId: string; readonly offset: number; readonly length: number }[];
  addDisk(id: string, bytes: Uint8Array): void;
  /** Disks `<id>-d0` …, the first one a system disk. */
  addServer(id: string, contents: readonly Uint8Array[]): void;
  /** The volume that stands in the place of this one now. */
  live(id: string): Volume;
  /** Everything that captures and restores left, by id. */
  left(): Promise<readonly string[]>;
}

export function createReplacingDisks(): ReplacingDisks {
  let number = 0;
  const reads: ReplacingDisks["reads"] = [];
  const account: Account = {
    volumes: new Map(),
    servers: new Map(),
    snapshots: new Map(),
    polls: { ready: 0, finish: 0, replace: 0, swap: 0 },
    swapFailsAfter: undefined,
    beforeCall: () => undefined,
    now: () => Date.now(),
    next: () => ++number,
  };
  const targets = createReplacingTargets(account);
  const provider = createProvider(account);
  const add = (id: string, bytes: Uint8Array, place: Partial<Volume> = {}) =>
    account.volumes.set(id, {
      id,
      bytes: Uint8Array.from(bytes),
      system: false,
      serverId: undefined,
      slot: 0,
      inPlace: true,
      ...place,
    });
  return Object.assign(account, {
    targets,
    reads,
    options: {
      resourcesOn: (_: unknown, now: () => number) => {
        account.now = now;
        return provider;
      },
      blocks: createBlocks(account, reads),
      targets,
      skipWaits: true,
    },
    addDisk: (id: string, bytes: Uint8Array) => void add(id, bytes),
    addServer(id: string, contents: readonly Uint8Array[]) {
      account.servers.set(id, { running: true });
      for (const [slot, bytes] of contents.entries())
        add(`${id}-d${slot}`, bytes, { serverId: id, slot, system: slot === 0 });
    },
    live(id: string): Volume {
      const later = [...account.volumes.values()].findLast(
        ({ restore, inPlace, undo }) => restore?.from === id && (inPlace || undo !== undefined),
      );
      if (later !== undefined) return this.live(later.id);
      const volume = account.volumes.get(id);
      if (volume === undefined) throw new Error(`no volume ${id}`);
      return volume;
    },
    async left() {
      const ids: string[] = [];
      for await (const { snapshotId } of provider.held()) ids.push(snapshotId);
      for await (const { id } of targets.held()) ids.push(id);
      return ids.sort();
    },
  });
}

function createProvider(account: Account): ResourceProvider {
  const { volumes, servers, snapshots, polls } = account;
  const diskOf = ({ id, bytes, system, serverId }: Volume): Disk => ({
    kind: "disk",
    id,
    name: `disk-${id}`,
    size: bytes.length,
    system,
    serverId,
    status: "available",
    promise: "atomic-group",
    detail: {},
  });
  const serverOf = (id: string): Server => {
    const own = [...volumes.values()].filter((one) => one.serverId === id).sort((a, b) => a.slot - b.slot);
    const status = servers.get(id)?.running === true ? "ACTIVE" : "SHUTOFF";
    return { kind: "server", id, name: `server-${id}`, disks: own.map(diskOf), status, stoppable: true };
  };
  const find = (id: string): Resource | undefined => {
    const volume = volumes.get(id);
    return volume !== undefined ? diskOf(volume) : servers.has(id) ? serverOf(id) : undefined;
  };
  const taken = new Map<string, Capture>();
  return {
    async list(kind, { after = "", limit }) {
      const ids =
        kind === "server" ? [...servers.keys()] : [...volumes.values()].flatMap((v) => (v.inPlace ? v.id : []));
      return ids
        .filter((id) => id > after)
        .sort()
        .slice(0, limit)
        .map((id) => find(id) as Resource);
    },
    find: async (id) => find(id),
    async capture({ runId, attempt, diskIds, owner }) {
      await account.beforeCall("capture");
      const name = `${runId}.${attempt}`;
      const known = taken.get(name);
      if (known !== undefined) return known;
      const copies = diskIds.map((diskId): Snapshot => {
        const volume = volumes.get(diskId);
        if (volume === undefined) throw new CaptureRefused(diskId, "7000", `no volume has the id ${diskId}`);
        const made = { bytes: Uint8Array.from(volume.bytes), polls: polls.ready, complete: true };
        return { id: `snap-${account.next()}`, diskId, owner, runId, takenAt: account.now(), ...made };
      });
      if (new Set(diskIds).size < diskIds.length) throw new Error(`${diskIds} names a disk twice`);
      for (const copy of copies) snapshots.set(copy.id, copy);
      const disks = copies.map(({ id, diskId, bytes }): SnapshotRef => {
        return { provider: "replacing", diskId, snapshotId: id, size: bytes.length, comparable: true, detail: {} };
      });
      const capture: Capture = { promise: "atomic-group", instant: account.now(), disks };
      taken.set(name, capture);
      return capture;
    },
    async ready({ disks }) {
      await account.beforeCall("ready");
      return disks.map(({ snapshotId }) => soon(snapshots, snapshotId)).every(Boolean);
    },
    confirm: async () => ({ unchanged: true }),
    async release({ disks }, { keepComparable }) {
      await account.beforeCall("release");
      if (!keepComparable) for (const { snapshotId } of disks) snapshots.delete(snapshotId);
    },
    async releaseKept(ids) {
      await account.beforeCall("releaseKept");
      for (const id of ids) snapshots.delete(id);
    },
    async *held(): AsyncGenerator<HeldCapture> {
      for (const { id, diskId, owner, runId, takenAt } of [...snapshots.values()])
        if (runId !== undefined) yield { ...owner, snapshotId: id, diskId, runId, takenAt };
    },
    async target({ diskId, size }): Promise<TargetRef> {
      await account.beforeCall("target");
      const volume = volumes.get(diskId);
      if (volume === undefined) throw new TargetUnusable(`no volume has the id ${diskId}`);
      if (volume.bytes.length < size) throw new TargetUnusable(`volume ${diskId} is smaller than ${size}`);
      return { provider: "replacing", diskId, mode: "fresh", writeOnly: true, size: volume.bytes.length, detail: {} };
    },
  };
}

/** One look at a snapshot. @throws CaptureRefused when it is gone */
function soon(snapshots: Account["snapshots"], id: string): boolean {
  const snapshot = snapshots.get(id);
  if (snapshot === undefined) throw new CaptureRefused(id, "6215", `snapshot ${id} is gone`);
  return snapshot.polls-- <= 0;
}

function createBlocks(account: Account, reads: ReplacingDisks["reads"]): BlockAccess {
  const { snapshots } = account;
  return {
    async openSource({ snapshotId, diskId, size, since }) {
      const snapshot = snapshots.get(snapshotId);
      if (snapshot === undefined) throw new SourceChanged(`snapshot ${snapshotId} is gone`);
      if (snapshot.polls >= 0 && snapshot.runId !== undefined) throw new Error(`${snapshotId} was not waited for`);
      const { bytes } = snapshot;
      const before = since && snapshots.get(since.snapshotId);
      // What EBS cannot compare: asking for it is a bug of the core.
      if (before !== undefined && (before.diskId !== diskId || before.bytes.length !== size))
        throw new Error(`${snapshotId} of ${diskId} cannot be compared with ${before.id} of ${before.diskId}`);
      const hint = (at: number): BlockHint => {
        const block = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(BLOCK, bytes.length - at));
        if (before !== undefined && block.equals(before.bytes.subarray(at, at + block.length))) return "same";
        return block.every((byte) => byte === 0) ? "zero" : "data";
      };
      return {
        size: bytes.length,
        survey: async (first, count) => Array.from({ length: count }, (_, i) => hint((first + i) * BLOCK)),
        read(offset, into) {
          reads.push({ snapshotId, offset, length: into.length });
          into.set(bytes.subarray(offset, offset + into.length));
        },
        close: async () => undefined,
      };
    },
    async openTarget({ diskId, detail }) {
      const snapshot = snapshots.get(String(detail.snapshotId));
      if (snapshot === undefined) throw new TargetUnusable(`nothing was prepared for disk ${diskId}`);
      if (snapshot.complete) throw new TargetUnusable(`snapshot ${snapshot.id} is complete`);
      return {
        size: snapshot.bytes.length,
        async write(offset, block) {
          await account.beforeCall("write");
          snapshot.bytes.set(block, offset);
        },
        zero() {
          throw new Error("a fresh target reads as zeros already");
        },
        read() {
          throw new Error("what is only written cannot be read");
        },
        sync: async () => undefined,
        close: async () => undefined,
      };
    },
  };
}
