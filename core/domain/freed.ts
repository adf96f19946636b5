/** How much does a vault's `used` fall when some backups of one disk go? From what is recorded alone (CAP-02, CAP-03). */

/** One backup of a disk, in time order. */
export interface ChainStep {
  readonly goes: boolean;
  /** d(previous, this), in bytes. */
  readonly change: number;
  /** All that it holds, in bytes. */
  readonly nonZero: number;
}

export interface Freed {
  readonly atLeast: number;
  readonly atMost: number;
}

/**
 * Exact when only the oldest go, or the newest, as mostly happens. When some between others go, what the next one newly counts is
 * known within bounds only: at most all that it holds, and at most what all the steps up to it changed.
 */
export function freedBytes(chain: readonly ChainStep[]): Freed {
  let atLeast = 0;
  let atMost = 0;
  /** Changes of those that go since the last one that stays. */
  let pending = 0;
  let gone = false;
  let stays = false;
  for (const { goes, change, nonZero } of chain) {
    if (goes) {
      pending += change;
      gone = true;
      continue;
    }
    if (gone) {
      // With nothing before it, it counts all that it holds.
      const most = stays ? Math.min(nonZero, pending + change) : nonZero;
      const least = stays ? 0 : nonZero;
      atLeast += pending + change - most;
      atMost += pending + change - least;
    }
    pending = 0;
    gone = false;
    stays = true;
  }
  return { atLeast: atLeast + pending, atMost: atMost + pending };
}
