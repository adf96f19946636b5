/** How runs are stored while they are open, and what their units of work have found. */
import { z } from "zod";
import { KeptCapture } from "./entities.ts";

const id = z.string().min(1).max(64);
const instant = z.number().int();

const SourcePromise = z.enum(["atomic-group", "atomic-disk", "quiescent", "fuzzy", "none"]);
const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Snapshot = z.object({
  provider: z.string(),
  diskId: id,
  snapshotId: z.string(),
  size: z.number(),
  comparable: z.boolean().optional(),
  encrypted: z.boolean().optional(),
  detail: z.record(z.string(), Scalar),
});
const Target = z.object({
  provider: z.string(),
  diskId: id,
  mode: z.enum(["fresh", "overwrite"]),
  writeOnly: z.boolean().optional(),
  size: z.number(),
  detail: z.record(z.string(), Scalar),
});

/** A run that is open: what it reads is pinned, what it wrote is live, until it is closed for ever. */
export const OpenRun = z.object({
  schema: z.literal(1),
  id,
  kind: z.enum(["backup", "restore"]),
  domainId: id,
  projectId: id,
  vaultId: id,
  resourceId: id,
  backupId: id,
  taskId: id,
  fence: z.number().int(),
  /** Roots that this run reads: they stay, whoever deletes their backups. */
  pins: z.array(id),
  /** Capture attempt, 0-based: each has results of its own. */
  attempt: z.number().int(),
  disks: z.array(
    z.object({
      diskId: id,
      /** The disk as the provider knows it, when a restore has replaced the one called `diskId`. */
      currentId: id.optional(),
      name: z.string(),
      system: z.boolean(),
      size: z.number(),
      rootId: id,
      parentRoot: id.optional(),
      /** The kept capture of `parentRoot`. */
      kept: KeptCapture.optional(),
      target: Target.optional(),
      /** Bytes of non-zero blocks; of a restore. */
      nonZero: z.number().optional(),
      /** What was written, as it is read back after the restore's Finish. */
      readBack: Snapshot.optional(),
    }),
  ),
  /** How finely the disks are cut into groups, fixed for the run's life. */
  mostGroups: z.number().int().optional(),
  /** New disks that are to take the places of live ones; of a restore, from Replace on. */
  replacements: z.array(z.object({ from: id, to: id })).optional(),
  /** This restore marked the resource as half restored; it was whole before. */
  marked: z.boolean().optional(),
  /** Since when a restore waits for its provider, from Finish on. */
  waitingSince: instant.optional(),
  /** Start the server again after the restore, if it ran (RST-10). */
  powerOn: z.boolean().optional(),
  capture: z.object({ promise: SourcePromise, instant: z.number(), disks: z.array(Snapshot) }).optional(),
  openedAt: instant,
  /** Renewed with every confirmed unit; the tick closes a run whose heart stopped (CCY-04). */
  heartbeat: instant,
});
export type OpenRun = z.infer<typeof OpenRun>;

/** A move of frames that is open (compaction): it stands among the open runs, and nothing but the collector looks at it. */
export const MoveRun = z.object({
  schema: z.literal(1),
  id,
  kind: z.literal("move"),
  domainId: id,
  /** Of the collector that opened it. */
  fence: z.number().int(),
  openedAt: instant,
});
export type MoveRun = z.infer<typeof MoveRun>;

export const UnitResult = z.object({
  schema: z.literal(1),
  firstLeaf: z.number().int(),
  endLeaf: z.number().int(),
  counts: z.object({ read: z.number(), nonZero: z.number(), changed: z.number(), stored: z.number() }),
  /** base64 of the engine's payload. */
  payload: z.string(),
});
export type UnitResult = z.infer<typeof UnitResult>;
