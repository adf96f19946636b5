/** The account of replacing-disks.ts: what its volumes and snapshots are, whoever asks. */
import type { Owner } from "../../core/ports/resource-provider.ts";
import type { RestoreTargets } from "../../core/ports/restore-targets.ts";

export interface Volume {
  readonly id: string;
  bytes: Uint8Array;
  readonly system: boolean;
  /** Where it stands; a disk that no server has is in place by `inPlace`. */
  serverId: string | undefined;
  slot: number;
  /** Made by a restore. */
  readonly restore?: { readonly id: string; readonly owner: Owner; readonly from: string; readonly madeAt: number };
  /** It took another one's place. */
  inPlace: boolean;
  /** It was replaced. */
  undo?: { readonly restoreId: string; readonly owner: Owner; readonly madeAt: number; readonly keepUntil: number };
}

export interface Snapshot {
  readonly id: string;
  readonly diskId: string;
  readonly bytes: Uint8Array;
  readonly owner: Owner;
  readonly takenAt: number;
  /** Of a capture. */
  readonly runId?: string;
  /** Of a restore: it is written to until it is complete. */
  readonly restoreId?: string;
  /** Looks until it can be read. */
  polls: number;
  complete: boolean;
}

/** Every call of the ports; `beforeCall` may look, wait or throw there. */
export type Call =
  | "capture"
  | "ready"
  | "release"
  | "releaseKept"
  | "target"
  | `targets.${keyof RestoreTargets}`
  | "write";

/** The account: what the disks of one provider are, whoever asks. */
export interface Account {
  readonly volumes: Map<string, Volume>;
  readonly servers: Map<string, { running: boolean; restart?: string | undefined }>;
  readonly snapshots: Map<string, Snapshot>;
  /** Calls that answer "not yet" before they are done. */
  readonly polls: { ready: number; finish: number; replace: number; swap: number };
  /** Swap fails for good once so many disks of a restore stand in place. */
  swapFailsAfter: number | undefined;
  beforeCall: (call: Call) => void | Promise<void>;
  now: () => number;
  /** A number that was not given out before. */
  next: () => number;
}

/** A replaced disk is kept so long (design §8). */
export const UNDO_MS = 7 * 24 * 3_600_000;
