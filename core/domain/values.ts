/** Small values that the whole product shares: instants, sizes and how they are written. */

/** Milliseconds since the epoch, UTC. Calendars exist only where a rule names a time zone. */
export type Instant = number;

/** Where "now" comes from: a function, never a value, so that nobody freezes it at start-up. */
export type Clock = () => Instant;

export const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Bytes as whole GB (factor 1024), rounded up, at least 1: how the CBR API shows sizes of resources. */
export const wholeGb = (bytes: number): number => Math.max(1, Math.ceil(bytes / GIB));

/** Bytes as whole MB, rounded up: how the CBR API shows `used` and `backup_size`. */
export const wholeMb = (bytes: number): number => Math.ceil(bytes / MIB);

/** An instant as a fixed-width text that sorts in time order: the time part of sort keys. */
export const sortableTime = (at: Instant): string => new Date(at).toISOString();

/** CBR's wire form: UTC, microseconds, no zone (clients.md §3: anything else degrades the Python SDK). */
export const wireTime = (at: Instant): string => new Date(at).toISOString().replace("Z", "000");
