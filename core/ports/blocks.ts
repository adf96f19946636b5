/** Where blocks come from and go to: the byte-level view of a captured disk or a restore target. */

/** What is known of a block before it is read: it must be read, it is all zero, or it is as it was in the capture `since`. */
export type BlockHint = "data" | "zero" | "same";

/**
 * A disk as it was at one instant (or is being checked to have been, see SourcePromise). Reads may be asked in any
 * order; one read at a time per source.
 */
export interface BlockSource {
  /** Exact size in bytes. */
  readonly size: number;
  /**
   * What the source knows of `count` blocks of 512 KiB from block `first`, in order; `same` only with `SnapshotRef.since`.
   * Absent on sources that know nothing. The caller then reads the `data` blocks of the range in ascending order (so a
   * source may fetch ahead); it may read any other block as well.
   */
  survey?(first: number, count: number): Promise<readonly BlockHint[]>;
  /** Fills `into` from `offset`. Synchronous where the host can, so that a worker thread needs no turn of its loop. */
  read(offset: number, into: Uint8Array): void | Promise<void>;
  close(): Promise<void>;
}

/**
 * A restore target, held exclusively while open; one call at a time: a promise is awaited before the next call.
 * `fresh` targets read as zeros where nothing was written; on `overwrite` targets zeros must be written too.
 */
export interface BlockTarget {
  readonly size: number;
  /**
   * Takes the bytes over: their memory is the caller's again when this returns, or resolves where it gives a promise. They
   * may be written later; what goes wrong then is thrown by a following call, no later than `sync`, or else by `close`.
   */
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
  /** Makes the range read as zeros (punching or writing), as `write` does it. */
  zero(offset: number, length: number): void | Promise<void>;
  /** Reads back what is really stored; what was taken over before is written first. */
  read(offset: number, into: Uint8Array): void | Promise<void>;
  /** Resolves when everything written so far survives power loss. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens sources and targets from the plain references that a ResourceProvider gave out; works in any thread. */
export interface BlockAccess {
  /** @throws SourceChanged when the source is no longer what was captured */
  openSource(snapshot: SnapshotRef): Promise<BlockSource>;
  /** @throws TargetUnusable with a reason */
  openTarget(target: TargetRef): Promise<BlockTarget>;
}

/** What was captured of one disk. `detail` belongs to the provider (for an image: path, inode, size, mtime, ctime). */
export interface SnapshotRef {
  readonly provider: string;
  readonly diskId: string;
  /** Names this capture; a second capture of the same disk has another one. */
  readonly snapshotId: string;
  /** Bytes. */
  readonly size: number;
  /** The provider can tell what changed between this capture and a later one of the same disk, while it is kept. */
  readonly comparable?: boolean | undefined;
  /** The disk is kept encrypted where it is; what is read of it is not. */
  readonly encrypted?: boolean | undefined;
  /** An earlier, kept capture of this disk: the source may say `same` of blocks that are as they were in it. */
  readonly since?: { readonly snapshotId: string } | undefined;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export interface TargetRef {
  readonly provider: string;
  readonly diskId: string;
  /** `fresh` is a new disk beside the live one (it replaces it at the end), `overwrite` the live disk itself. */
  readonly mode: "fresh" | "overwrite";
  /** Nothing can be read back before RestoreTargets.finish; the comparison comes after it then. */
  readonly writeOnly?: boolean | undefined;
  /** Bytes of the target; at least the size of what is restored. */
  readonly size: number;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** The source is not (or no longer) the state that was captured: the attempt is void. */
export class SourceChanged extends Error {
  override readonly name = "SourceChanged";
}
/** The target cannot be written: missing, smaller, in use, not writable. Nothing was written. */
export class TargetUnusable extends Error {
  override readonly name = "TargetUnusable";
}
/** Whoever holds disks (EC2, EBS) does not answer or asks to slow down, beyond the adapter's own patience. Worth a retry. */
export class ProviderUnavailable extends Error {
  override readonly name = "ProviderUnavailable";
}
