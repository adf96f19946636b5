/** What do references to NBD exports carry between those who make them, the records and the worker threads? */
import { z } from "zod";
import type { SnapshotRef, TargetRef } from "../../../core/ports/blocks.ts";
import { type NbdAddress, parseNbdUrl } from "./url.ts";

/** `provider` of all references to NBD exports. */
export const NBD_PROVIDER = "nbd";

/** Hints are about blocks of this size (core/ports/blocks.ts). */
export const BLOCK_BYTES = 512 * 1024;

/** `export` repeats the name that is in the URL, for those who read records. */
const detailSchema = z.object({ url: z.string(), export: z.string(), bitmap: z.string().min(1).optional() });

/** The export that a reference names, and its dirty bitmap. @throws TypeError, NbdUrlInvalid when it is not one of NBD */
export function exportIn(reference: SnapshotRef | TargetRef): { address: NbdAddress; bitmap: string | undefined } {
  if (reference.provider !== NBD_PROVIDER)
    throw new TypeError(`a reference of the provider "${reference.provider}" was given to "${NBD_PROVIDER}"`);
  const { url, bitmap } = detailSchema.parse(reference.detail);
  return { address: parseNbdUrl(url), bitmap };
}

/** Refuses what lies outside of an export, or what its server cannot address. @throws RangeError */
export function checkRange(what: string, size: number, unit: number, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!valid || offset + length > size)
    throw new RangeError(`${what}: bytes ${offset} to ${offset + length} are outside of 0 to ${size}`);
  if (offset % unit !== 0 || length % unit !== 0)
    throw new RangeError(`${what}: bytes ${offset} to ${offset + length} are no whole blocks of ${unit} bytes`);
}
