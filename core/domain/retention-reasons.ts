/** Why is a backup kept, and why does it go? Every reason that there is, and how it is said. */
import type { Period } from "./calendar.ts";
import type { Instant } from "./values.ts";

/** What takes a backup out of every rule, while it lasts: neither counted nor deleted. */
export type Exemption =
  /** An image was made from it and exists (RET-11). */
  | { readonly kind: "image" }
  /** Somebody or something holds it: `why` is shown to people. */
  | { readonly kind: "hold"; readonly why: string }
  /** It came from elsewhere: accepted from a share, imported, or replicated by hand (RET-14). */
  | { readonly kind: "foreign"; readonly origin: "share" | "import" | "replica" };

export type KeepReason =
  | Exemption
  /** Rules are for automatic backups (RET-10). */
  | { readonly kind: "manual" }
  /** It is being made, restored from or deleted. */
  | { readonly kind: "busy"; readonly status: string }
  /** Number `place` of the newest `of`. */
  | { readonly kind: "count"; readonly place: number; readonly of: number }
  /** The newest backup of this day, week, month or year. */
  | { readonly kind: Period; readonly period: string }
  /** Its date has not come. */
  | { readonly kind: "date"; readonly at: Instant }
  /** The rule limits only what was made under it; this one has no date (RET-51, RET-52), or nothing limits anything. */
  | { readonly kind: "unlimited" }
  /** No enabled policy is in force, and it has no date (RET-23, RET-40). */
  | { readonly kind: "no-rule" }
  | { readonly kind: "unclear"; readonly why: string }
  /** In a locked vault nothing goes before its recorded date (VLT-54). */
  | { readonly kind: "locked"; readonly at: Instant }
  /** One of the newest failed ones, and not old (BKP-27). */
  | { readonly kind: "failed"; readonly place: number; readonly of: number }
  /** The last backup of the resource that can be restored never expires (design §7). */
  | { readonly kind: "last-good" };

export type ExpiryReason =
  /** RET-21. */
  | { readonly kind: "expired"; readonly at: Instant }
  /** RET-30: in none of the sets that the rule keeps. */
  | { readonly kind: "beyond"; readonly newest: number; readonly periods: string }
  /** BKP-27. */
  | { readonly kind: "failed-many"; readonly of: number }
  | { readonly kind: "failed-old"; readonly days: number }
  /** It was to be deleted before, and that failed half way. */
  | { readonly kind: "unfinished" };

const day = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** A reason as one line for people, in logs, tasks and the API. */
export function reasonText(reason: KeepReason | ExpiryReason): string {
  switch (reason.kind) {
    case "image":
      return "an image was made from it";
    case "hold":
      return `held: ${reason.why}`;
    case "foreign":
      return `it came here by ${reason.origin}; no rule is for it`;
    case "manual":
      return "made by hand: no rule deletes it";
    case "busy":
      return `it is ${reason.status}`;
    case "count":
      return `number ${reason.place} of the newest ${reason.of}`;
    case "day":
    case "week":
    case "month":
    case "year":
      return `newest of ${reason.kind} ${reason.period}`;
    case "date":
      return `expires on ${day(reason.at)}`;
    case "unlimited":
      return "it has no expiry date, and the rule in force does not limit it";
    case "no-rule":
      return "it has no expiry date, and no enabled policy is in force";
    case "unclear":
      return `the rule is not clear, so it deletes nothing: ${reason.why}`;
    case "locked":
      return `the vault is locked: not before ${day(reason.at)}`;
    case "failed":
      return `number ${reason.place} of the newest ${reason.of} failed ones`;
    case "last-good":
      return "the last good backup of its resource";
    case "expired":
      return `expired on ${day(reason.at)}`;
    case "beyond":
      return `not among the newest ${reason.newest}${reason.periods}`;
    case "failed-many":
      return `failed, and not among the newest ${reason.of} failed ones`;
    case "failed-old":
      return `failed more than ${reason.days} days ago`;
    case "unfinished":
      return "its deletion was begun before and failed";
  }
}
