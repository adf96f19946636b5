/** How are EBS volumes and snapshots named in the plain references that travel through workflows? */
import type { SnapshotRef, TargetRef } from "../../../core/ports/blocks.ts";

/** `provider` of all references to EBS. */
export const EBS_PROVIDER = "ebs";

/** EBS direct reads and writes blocks of exactly this size (EBS User Guide, "EBS direct APIs concepts"). */
export const BLOCK_BYTES = 512 * 1024;

/** Lets a reference of another provider through to nobody. @throws Error naming it */
export function checkProvider(reference: SnapshotRef | TargetRef): void {
  if (reference.provider !== EBS_PROVIDER)
    throw new Error(`disk ${reference.diskId} belongs to the provider ${reference.provider}, not to ${EBS_PROVIDER}`);
}

/** Refuses what lies outside of a disk of `size` bytes. @throws RangeError */
export function checkRange(what: string, size: number, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!valid || offset + length > size)
    throw new RangeError(`${what}: bytes ${offset} to ${offset + length} are outside of 0 to ${size}`);
}
