/** Which disks of a resource a run takes (VLT-24). */
import type { Disk, Resource } from "../../ports/resource-provider.ts";
import type { ExtraInfo } from "../records/entities.ts";

/**
 * With `include_volumes` only those; else all but `exclude_volumes`, so that a disk attached later is taken by the next run.
 */
export function chooseDisks(resource: Resource, extraInfo: ExtraInfo): readonly Disk[] {
  if (resource.kind === "disk") return [resource];
  const included = new Set(extraInfo.include_volumes?.map((v) => v.id));
  const excluded = new Set(extraInfo.exclude_volumes);
  if (included.size > 0) return resource.disks.filter((d) => included.has(d.id));
  return resource.disks.filter((d) => !excluded.has(d.id));
}
