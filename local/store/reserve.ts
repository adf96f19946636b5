/** How much of the disk stays free? */

/** Deletion and bookkeeping still work when backups have filled the disk down to this (bytes). */
export const RESERVE_BYTES = 64 * 1024 * 1024;
