/** What is stored of deleted backups, of the clock that the ticks observe, and of retention plans that wait for a person. */
import { z } from "zod";
import { Backup, Told } from "./entities.ts";
import { byProject, CLOCK_KEY, clockWordKey, heldPlanKey, trashKey } from "./keys.ts";
import type { Placement } from "./record.ts";

const id = z.string().min(1).max(64);
const instant = z.number().int();

/**
 * A deleted backup. Its parts, their aliases and its metadata stand where they stood, and no intent speaks of its roots, as long
 * as it is `trashed`. Both ways out, purging and coming back, change this row under the version that they read: only one happens.
 */
export const Trashed = z.object({
  schema: z.literal(1),
  state: z.enum(["trashed", "purged"]),
  /** As it was, available. */
  backup: Backup,
  /** Where its disks stood in their chains. */
  links: z.array(z.object({ partId: id, diskId: id, at: instant })),
  told: Told,
  deletedAt: instant,
  /** It is purged later than this, and after as much time as this gives has been observed by ticks. */
  notBefore: instant,
  /** What the ticks had observed when it was deleted. */
  observed: z.number().int(),
  /** The task that brings it back: as long as it is set nothing is purged. */
  returning: id.optional(),
  purgedAt: instant.optional(),
});
export type Trashed = z.infer<typeof Trashed>;

/** Why a backup went can be asked for so long after it was purged: as long as its task is listed. */
const TOLD_TTL_SECONDS = 90 * 24 * 3600;

export const trash = {
  schema: Trashed,
  place: ({ backup, deletedAt, purgedAt }: Trashed): Placement => ({
    key: trashKey(backup.id),
    ...(purgedAt === undefined
      ? { g1: byProject(backup.projectId, "X", deletedAt, backup.id) }
      : { ttl: Math.floor(purgedAt / 1000) + TOLD_TTL_SECONDS }),
  }),
};

/** Of the whole host. */
const ClockSeen = z.object({
  schema: z.literal(1),
  /** The newest tick. */
  last: instant,
  /** Milliseconds between ticks that followed each other closely enough, all together. */
  observed: z.number().int(),
  /** The clock jumped: from the tick before to the one after. */
  jump: z.object({ from: instant, to: instant }).optional(),
});

export const clocks = { schema: ClockSeen, place: (): Placement => ({ key: CLOCK_KEY }) };

/** A person of this project has said that the clock is right since the jump to `to`. */
const ClockWord = z.object({ schema: z.literal(1), projectId: id, to: instant });
export type ClockWord = z.infer<typeof ClockWord>;

export const clockWords = {
  schema: ClockWord,
  place: ({ projectId }: ClockWord): Placement => ({ key: clockWordKey(projectId) }),
};

/** A plan that would delete so much, or under such doubts, that a person has to look at it first. */
export const HeldPlan = z.object({
  schema: z.literal(1),
  projectId: id,
  vaultId: id,
  resourceId: id,
  resourceName: z.string(),
  hold: z.object({ kind: z.enum(["clock", "vault-share", "resource-share"]), why: z.string() }),
  /** The oldest ones that would go; a confirmation is for these and no others. */
  deletions: z.array(z.object({ id, name: z.string(), createdAt: instant, reason: z.string() })),
  /** All that would go. */
  total: z.number().int(),
  at: instant,
  /** The jump of the clock that it waits for. */
  jumpTo: instant.optional(),
  confirmedBy: z.string().optional(),
});
export type HeldPlan = z.infer<typeof HeldPlan>;

export const heldPlans = {
  schema: HeldPlan,
  place: ({ projectId, resourceId }: HeldPlan): Placement => ({ key: heldPlanKey(projectId, resourceId) }),
};
