/** What a reference to an image carries between the provider, the records and the worker threads. */
import { z } from "zod";
import type { SnapshotRef, TargetRef } from "../../../core/ports/blocks.ts";
import { type Stamp, stampSchema } from "./stamps.ts";

/** The name of this provider in every reference. */
export const IMAGE_PROVIDER = "image";

/** A target's file: with `dev` and `ino` it exists already; without them it is still to be made (mode `fresh`). */
const targetSchema = z.object({ path: z.string(), dev: z.string().optional(), ino: z.string().optional() });
export type TargetFile = z.infer<typeof targetSchema>;

function own<T extends SnapshotRef | TargetRef>(reference: T): T {
  if (reference.provider !== IMAGE_PROVIDER)
    throw new TypeError(`a reference of the provider "${reference.provider}" was given to "${IMAGE_PROVIDER}"`);
  return reference;
}

/** The stamp that a capture recorded of one disk. @throws when the reference is not one of an image */
export function stampIn(snapshot: SnapshotRef): Stamp {
  return stampSchema.parse(own(snapshot).detail);
}

/** The file that a target reference names. @throws when the reference is not one of an image */
export function fileIn(target: TargetRef): TargetFile {
  return targetSchema.parse(own(target).detail);
}
