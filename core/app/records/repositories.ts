/** How a repository as a whole is stored: its collections, what they wait for, and roots that are to go. */
import { z } from "zod";

const id = z.string().min(1).max(64);
const instant = z.number().int();

const Tally = z.object({ packs: z.number().int(), bytes: z.number() });

/** A repository that is collected: who may, and what was found the last time. */
export const Repository = z.object({
  schema: z.literal(1),
  domainId: id,
  projectId: id,
  /** Grows with each collection: whatever a collector does under an older one is refused. */
  fence: z.number().int(),
  lease: z.object({ holder: z.string(), until: instant }).optional(),
  last: z
    .object({
      at: instant,
      outcome: z.enum(["running", "done", "held", "failed"]),
      /** Why it was held or failed. */
      reason: z.string().optional(),
      epoch: z.number().int(),
      totals: z.record(z.string(), Tally),
      movable: Tally,
      /** Objects that went to the trash. */
      trashed: z.number().int(),
      /** Packs that were emptied. */
      emptied: z.number().int(),
      /** Roots without record and without intent, at most 100 of them. */
      orphans: z.array(z.string()),
      /** Packs that something refers to and that are not there, at most 100 of them. */
      missing: z.array(z.string()),
    })
    .optional(),
});
export type Repository = z.infer<typeof Repository>;

/** Runs that were open after an epoch of the avoid-set was published. */
export const WaitedFor = z.object({ schema: z.literal(1), epoch: z.number().int(), runs: z.array(z.string()) });
export type WaitedFor = z.infer<typeof WaitedFor>;

export const Intent = z.object({
  schema: z.literal(1),
  rootId: id,
  vaultId: id,
  resourceId: id,
  diskId: id,
  at: instant,
  /** Of a backup whose run failed, or that is purged from the trash: its intent object is written when the root goes. */
  failedBackup: id.optional(),
});
export type Intent = z.infer<typeof Intent>;
