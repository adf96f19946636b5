/** What did a backup cost? The difference of the service's own counters before and after it. */

/** Bytes; undefined when the service does not count them. */
export interface Figures {
  readonly read: number | undefined;
  readonly changed: number | undefined;
  readonly stored: number | undefined;
}

/** Counters of all backups since the service started (docs/operator/metrics.md). */
const COUNTERS = {
  read: "backup_read_bytes",
  changed: "backup_changed_bytes",
  stored: "backup_stored_bytes",
} as const;

/** Reads the counters. `url`: the service's address. */
export async function readFigures(url: string): Promise<Figures> {
  const response = await fetch(new URL("/metrics", url));
  const text = response.ok ? await response.text() : "";
  const value = (name: string): number | undefined => {
    const samples = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"));
    const values = [...samples].map((sample) => Number(sample[1]));
    return values.length === 0 ? undefined : values.reduce((a, b) => a + b);
  };
  return { read: value(COUNTERS.read), changed: value(COUNTERS.changed), stored: value(COUNTERS.stored) };
}

/** `after` minus `before`; a counter that did not exist before counts from 0. */
export function figuresBetween(before: Figures, after: Figures): Figures {
  const difference = (key: keyof Figures): number | undefined => {
    const end = after[key];
    return end === undefined ? undefined : end - (before[key] ?? 0);
  };
  return { read: difference("read"), changed: difference("changed"), stored: difference("stored") };
}
