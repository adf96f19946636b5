/** Disks in memory as BlockAccess: captured by reference, restored to, and watched. */
import {
  type BlockAccess,
  type SnapshotRef,
  SourceChanged,
  type TargetRef,
  TargetUnusable,
} from "../../core/ports/blocks.ts";
import { surveyOf } from "./engine-disks.ts";

/** A target as it was left: its bytes, which ranges were ever written, and whether it was synced after the last write. */
export interface MemoryTarget {
  bytes: Uint8Array;
  readonly writes: { readonly offset: number; readonly length: number }[];
  readonly zeros: { readonly offset: number; readonly length: number }[];
  synced: boolean;
  open: boolean;
}

export interface MemoryBlocks extends BlockAccess {
  /** Bytes by snapshot id. */
  readonly sources: Map<string, Uint8Array>;
  /** Targets by disk id. */
  readonly targets: Map<string, MemoryTarget>;
  /** Called before each read of a source. */
  beforeRead: (offset: number, length: number) => void | Promise<void>;
  /** Sources open now. */
  openSources: number;
  snapshot(snapshotId: string, bytes: Uint8Array): SnapshotRef;
  target(diskId: string, bytes: Uint8Array, mode: TargetRef["mode"]): TargetRef;
}

/** No disks yet. */
export function createMemoryBlocks(): MemoryBlocks {
  const access: MemoryBlocks = {
    sources: new Map(),
    targets: new Map(),
    beforeRead: () => undefined,
    openSources: 0,
    snapshot(snapshotId, bytes) {
      access.sources.set(snapshotId, bytes);
      return { provider: "memory", diskId: "disk", snapshotId, size: bytes.length, detail: {} };
    },
    target(diskId, bytes, mode) {
      access.targets.set(diskId, { bytes, writes: [], zeros: [], synced: false, open: false });
      return { provider: "memory", diskId, mode, size: bytes.length, detail: {} };
    },
    async openSource(snapshot) {
      const { snapshotId } = snapshot;
      const bytes = access.sources.get(snapshotId);
      if (bytes === undefined) throw new SourceChanged(`${snapshotId} is gone`);
      access.openSources += 1;
      return {
        size: bytes.length,
        ...surveyOf(snapshot),
        async read(offset, into) {
          await access.beforeRead(offset, into.length);
          if (offset + into.length > bytes.length) throw new RangeError("read beyond the end");
          into.set(bytes.subarray(offset, offset + into.length));
        },
        async close() {
          access.openSources -= 1;
        },
      };
    },
    async openTarget({ diskId }) {
      const target = access.targets.get(diskId);
      if (target === undefined) throw new TargetUnusable(`${diskId} is missing`);
      if (target.open) throw new TargetUnusable(`${diskId} is in use`);
      target.open = true;
      return {
        size: target.bytes.length,
        write(offset, bytes) {
          target.synced = false;
          target.writes.push({ offset, length: bytes.length });
          target.bytes.set(bytes, offset);
        },
        zero(offset, length) {
          target.synced = false;
          target.zeros.push({ offset, length });
          target.bytes.fill(0, offset, offset + length);
        },
        read(offset, into) {
          into.set(target.bytes.subarray(offset, offset + into.length));
        },
        async sync() {
          target.synced = true;
        },
        async close() {
          target.open = false;
        },
      };
    },
  };
  return access;
}
