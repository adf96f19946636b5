/** The contract of what became of backups and what is to become of them: an extension of ours. */
import { z } from "zod";
import { confirmBody, previewBody } from "../schemas/retention.ts";
import { count, id, page, time, timeOrNull, uuid } from "./answers.ts";
import { paging } from "./parameters.ts";

const deletedBy = z.enum(["user", "retention"]);
const uuidOrNull = uuid.nullable();
const textOrNull = z.string().nullable();
/** What these operations are asked for is in their path. */
const nothing = z.object({});

const trashed = z
  .strictObject({
    id: uuid,
    name: z.string(),
    vault_id: uuid,
    checkpoint_id: uuid,
    resource_id: id,
    resource_name: z.string(),
    resource_type: z.string(),
    created_at: time,
    deleted_at: time,
    deleted_by: deletedBy,
    reason: z.string(),
    purge_not_before: time,
    coming_back: z.boolean(),
  })
  .meta({ id: "TrashedBackup" });

const about = { backup_id: uuid, reasons: z.array(z.string()) };
const none = z.null();
const gone = { ...about, expires_at: none, goes: none, blocked_by: none, policy_id: none, policy_name: none };
const fate = z
  .discriminatedUnion("state", [
    z.strictObject({
      ...about,
      state: z.enum(["kept", "going"]),
      expires_at: timeOrNull,
      goes: textOrNull.meta({ description: "when a backup goes that does" }),
      blocked_by: textOrNull.meta({ description: "why it stays although its time has come" }),
      policy_id: uuidOrNull,
      policy_name: textOrNull,
    }),
    z.strictObject({ ...gone, state: z.literal("deleting") }),
    z.strictObject({
      ...gone,
      state: z.enum(["trashed", "purged"]),
      deleted_at: time,
      deleted_by: deletedBy,
      purge_not_before: time,
      purged_at: timeOrNull,
    }),
  ])
  .meta({ id: "Fate" });

const gb = z.number().min(0);
const preview = z
  .strictObject({
    deletions: z.array(
      z.strictObject({
        backup_id: uuid,
        backup_name: z.string(),
        vault_id: uuid,
        resource_id: id,
        created_at: time,
        reason: z.string(),
        expired_at: timeOrNull,
        goes: z.enum(["when the next backup of the resource completes", "within a day"]),
        needs_confirmation: textOrNull.meta({ description: "why a person would have to confirm it" }),
      }),
    ),
    deleted: count,
    kept: count,
    freed_gb: z.strictObject({ at_least: gb, at_most: gb }),
    note: textOrNull,
  })
  .meta({ id: "RetentionPreview" });

const heldPlan = z
  .strictObject({
    plan_id: z.string().meta({ description: "follows from what would be deleted" }),
    resource_id: id,
    resource_name: z.string(),
    vault_id: uuid,
    reason: z.string(),
    since: time,
    confirmed: z.boolean(),
    deleted: count.meta({ description: "all that would go" }),
    deletions: z
      .array(z.strictObject({ backup_id: uuid, backup_name: z.string(), created_at: time, reason: z.string() }))
      .max(1000)
      .meta({ description: "the oldest of them: a confirmation is for these" }),
  })
  .meta({ id: "HeldPlan" });

export const retentionOperations = {
  ListTrash: {
    summary: "Lists deleted backups that can come back, the last one deleted first",
    query: paging,
    answers: { 200: z.strictObject({ backups: z.array(trashed), ...page }) },
  },
  UndeleteBackup: {
    summary: "Brings a deleted backup back",
    body: nothing,
    answers: { 202: z.strictObject({ job_id: uuid.meta({ description: "the task: poll it" }) }) },
  },
  ShowFate: {
    summary: "Shows why a backup is here and when it goes, or where it has gone",
    answers: { 200: z.strictObject({ fate }) },
  },
  PreviewPolicy: {
    summary: "Shows what another rule would delete today; nothing is changed",
    body: previewBody,
    answers: { 200: z.strictObject({ preview }) },
  },
  ListHeldPlans: {
    summary: "Lists deletions that wait for a person",
    answers: { 200: z.strictObject({ held_plans: z.array(heldPlan), count }) },
  },
  ConfirmHeldPlan: {
    summary: "Confirms what a plan names: it goes within a minute; with plan_id only if that plan still waits",
    body: confirmBody,
    answers: { 202: z.strictObject({ held_plan: heldPlan }) },
  },
} as const;
