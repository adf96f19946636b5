/**
 * ResourceProvider: the servers and disks that can be protected, on this host.
 *
 * Each adapter passes test/contracts/resource-provider.ts.
 */
import type { Tag } from "../domain/vault-rules.ts";
import type { SnapshotRef, TargetRef } from "./blocks.ts";

/**
 * What a source can promise about the state it hands out, best first (design §6). A status never claims more.
 * `quiescent`: exclusively ours, and shown afterwards not to have changed while it was read.
 */
export type SourcePromise = "atomic-group" | "atomic-disk" | "quiescent" | "fuzzy" | "none";

export interface Disk {
  readonly kind: "disk";
  /** Opaque, at most 64 characters. */
  readonly id: string;
  readonly name: string;
  /** Bytes, as it is now; the last known size when the disk is missing. */
  readonly size: number;
  readonly system: boolean;
  /** The server it belongs to, if any. */
  readonly serverId: string | undefined;
  /** `in-use`: somebody else has it open. `error`: missing or unreadable; `reason` says what and how to mend it. */
  readonly status: "available" | "in-use" | "error";
  readonly reason?: string;
  readonly promise: SourcePromise;
  /** Several servers may have it attached at once; absent = one at most. */
  readonly shared?: boolean;
  /** What its owner has tagged it with, for automatic binding (ABD-04); absent where resources have no tags. */
  readonly tags?: readonly Tag[];
  /** Shown in protectables' `detail`: path, driver … */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Server {
  readonly kind: "server";
  readonly id: string;
  readonly name: string;
  /** In device order, the system disk first when there is one; 1 to 24. */
  readonly disks: readonly Disk[];
  readonly status: "ACTIVE" | "SHUTOFF" | "ERROR";
  readonly reason?: string;
  /** The provider stops it for a restore and starts it again (RST-10): its disks may be in use until then. */
  readonly stoppable?: boolean;
  /** As of a disk. */
  readonly tags?: readonly Tag[];
}

export type Resource = Disk | Server;

/** All disks of one capture, taken at one instant (or within one checked window). Plain data: it is stored as it is. */
export interface Capture {
  readonly promise: SourcePromise;
  /** Epoch milliseconds of the instant that the capture stands for: `protected_at`. */
  readonly instant: number;
  readonly disks: readonly SnapshotRef[];
}

/** For whom something was made: written on it, so that it can be told later whether anybody still needs it. */
export interface Owner {
  readonly domainId: string;
  readonly vaultId: string;
  readonly resourceId: string;
}

/** The capture of one disk as the provider holds it, whoever remembers it. */
export interface HeldCapture extends Owner {
  readonly snapshotId: string;
  readonly diskId: string;
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly takenAt: number;
}

export interface ResourceProvider {
  /** Resources of one kind in id order, after the id `after`. */
  list(
    kind: "disk" | "server",
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Resource[]>;
  /** The resource as it is now; undefined when the provider does not know that id. */
  find(id: string): Promise<Resource | undefined>;
  /**
   * Captures disks at one instant. Idempotent by `runId` and `attempt`: asked again, it finds what it took.
   * @throws CaptureRefused when a disk cannot be captured (in use, missing, not a whole number of sectors …)
   */
  capture(request: {
    readonly runId: string;
    readonly attempt: number;
    readonly diskIds: readonly string[];
    readonly owner: Owner;
  }): Promise<Capture>;
  /**
   * Can the capture be read yet? Waits for it a while (at most four minutes). @throws CaptureRefused when it never can be
   */
  ready(capture: Capture): Promise<boolean>;
  /** After the last read: is what was read the state that was captured? */
  confirm(
    capture: Capture,
  ): Promise<{ readonly unchanged: true } | { readonly unchanged: false; readonly reason: string }>;
  /**
   * Frees what the capture holds (snapshots, exports); `keepComparable` keeps what a later capture can be compared with.
   * Idempotent; called after success and after failure.
   */
  release(capture: Capture, options: { readonly keepComparable: boolean }): Promise<void>;
  /** Frees kept captures that nothing compares with any more. Idempotent. */
  releaseKept(snapshotIds: readonly string[]): Promise<void>;
  /** Everything that captures still hold, however it came to be left. Nothing on hosts whose captures hold nothing. */
  held(): AsyncIterable<HeldCapture>;
  /**
   * Checks that a disk may be overwritten with `size` bytes now and describes it for BlockAccess.openTarget.
   * @throws TargetUnusable (from blocks.ts)
   */
  target(request: { readonly diskId: string; readonly size: number }): Promise<TargetRef>;
}

/** Why a capture did not happen. `code` is a BackupService number where the wire has one (7000, 7003, 7100 …). */
export class CaptureRefused extends Error {
  override readonly name = "CaptureRefused";
  readonly diskId: string;
  readonly code: string;
  constructor(diskId: string, code: string, message: string) {
    super(message);
    this.diskId = diskId;
    this.code = code;
  }
}
