/** What a reference to an image carries between the provider, the records and the worker threads. */
import type { SnapshotRef, TargetRef } from "../../../core/ports/blocks.ts";
import type { Stamp } from "./stamps.ts";

/** The name of this provider in every reference. */
export const IMAGE_PROVIDER = "image";

/** A target's file: with `dev` and `ino` it exists already; without them it is still to be made (mode `fresh`). */
export interface TargetFile {
  readonly path: string;
  readonly dev?: string | undefined;
  readonly ino?: string | undefined;
}

// Checked by hand: a schema library would cost each worker thread some 60 ms before its first block.
type Detail = SnapshotRef["detail"];

function own(reference: SnapshotRef | TargetRef): Detail {
  if (reference.provider !== IMAGE_PROVIDER)
    throw new TypeError(`a reference of the provider "${reference.provider}" was given to "${IMAGE_PROVIDER}"`);
  return reference.detail;
}

function text(detail: Detail, field: string): string {
  const value = detail[field];
  if (typeof value !== "string") throw new TypeError(`detail.${field} of an image is text, not ${typeof value}`);
  return value;
}

const optionalText = (detail: Detail, field: string): string | undefined =>
  detail[field] === undefined ? undefined : text(detail, field);

/** The stamp that a capture recorded of one disk. @throws TypeError when the reference is not one of an image */
export function stampIn(snapshot: SnapshotRef): Stamp {
  const detail = own(snapshot);
  if (typeof detail.size !== "number") throw new TypeError("detail.size of an image is a number of bytes");
  return {
    path: text(detail, "path"),
    dev: text(detail, "dev"),
    ino: text(detail, "ino"),
    size: detail.size,
    mtimeNs: text(detail, "mtimeNs"),
    ctimeNs: text(detail, "ctimeNs"),
  };
}

/** The file that a target reference names. @throws TypeError when the reference is not one of an image */
export function fileIn(target: TargetRef): TargetFile {
  const detail = own(target);
  return { path: text(detail, "path"), dev: optionalText(detail, "dev"), ino: optionalText(detail, "ino") };
}
