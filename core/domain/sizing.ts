/** How large should a vault be? Advice for people, from the size of what it protects (CAP-21). */

/** What is known of the disks; all in GB. */
interface SizingAsk {
  readonly diskGb: number;
  /** How long backups are kept, and how much of the disks changes in a day; without both, twice their size is the rule of thumb. */
  readonly kept?: { readonly days: number; readonly dailyGb: number } | undefined;
}

const RULE_OF_THUMB = 2;

/**
 * GB, rounded up: the disks once, what changes while backups are kept, and a fifth on top. It is what fills up in the worst case:
 * a vault counts only blocks that are not zero.
 */
export function advisedSize({ diskGb, kept }: SizingAsk): number {
  if (kept === undefined) return Math.ceil(diskGb * RULE_OF_THUMB);
  // 12/10 and not 1.2, which no binary fraction is: 1320 must not become 1321.
  return Math.ceil(((diskGb + kept.days * kept.dailyGb) * 12) / 10);
}
