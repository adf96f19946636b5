/** Which disk backup goes onto which disk: the rules of a restore request (RST-06, RST-12..14, RST-25). */
import { fault } from "../../domain/fault.ts";
import type { Disk, Resource } from "../../ports/resource-provider.ts";
import type { Backup, Part } from "../records/entities.ts";

export interface RestoreRequest {
  readonly serverId?: string;
  readonly volumeId?: string;
  readonly resourceId?: string;
  readonly mappings: readonly { readonly backupId: string; readonly volumeId: string }[];
  readonly powerOn: boolean;
}

export interface Pair {
  readonly part: Part;
  readonly disk: Disk;
}

/**
 * Pairs every part of the backup with a disk of the target, by the mappings, or each with its original disk.
 * @throws Fault 9900, 2001, 2003, 2008, 2011, 2012, 2013, 7000, 7100
 */
export function chooseTargets(
  backup: Backup,
  parts: readonly Part[],
  ask: RestoreRequest,
  resource: Resource | undefined,
): readonly Pair[] {
  if (backup.resourceType === "OS::Nova::Server") return serverTargets(backup, parts, ask, resource);
  const asked = ask.volumeId ?? ask.resourceId;
  if (asked === undefined) return fault("9900", "restore.volume_id: is required to restore a disk backup");
  if (asked !== backup.resourceId)
    return fault("9900", `restore.volume_id: must be the disk that was backed up (${backup.resourceId}), RST-25`);
  if (resource?.kind !== "disk") return fault("7000", `disk ${asked} does not exist any more`);
  const [part] = parts;
  if (part === undefined) return fault("2005", "the backup has no disk");
  return [checkFit({ part, disk: resource })];
}

function serverTargets(
  backup: Backup,
  parts: readonly Part[],
  ask: RestoreRequest,
  resource: Resource | undefined,
): readonly Pair[] {
  const asked = ask.serverId ?? ask.resourceId;
  if (asked === undefined) return fault("9900", "restore.server_id: is required to restore a server backup");
  if (asked !== backup.resourceId)
    return fault("2003", `a server backup goes back to its own server (${backup.resourceId}), not to ${asked}`);
  if (resource?.kind !== "server") return fault("7100", `server ${asked} does not exist any more`);
  if (resource.status === "ERROR")
    fault("2008", `server ${asked} is in error: ${resource.reason ?? "mend it first"} (RST-11)`);
  const disks = new Map(resource.disks.map((d) => [d.id, d]));
  const pairs = ask.mappings.length > 0 ? byMapping(parts, ask.mappings, disks) : byOrigin(parts, disks);
  return pairs.map((pair) => checkFit(pair, resource.stoppable));
}

/** Each part to its original disk; a part whose disk is gone is left out, unless none is left (RST-06, RST-17). */
function byOrigin(parts: readonly Part[], disks: ReadonlyMap<string, Disk>): readonly Pair[] {
  const pairs = parts.flatMap((part) => {
    const disk = disks.get(part.diskId);
    return disk === undefined ? [] : [{ part, disk }];
  });
  if (pairs.length === 0)
    return fault("7000", "none of the backed-up disks belongs to the server any more; name targets by mappings");
  return pairs;
}

function byMapping(
  parts: readonly Part[],
  mappings: RestoreRequest["mappings"],
  disks: ReadonlyMap<string, Disk>,
): readonly Pair[] {
  const byId = new Map(parts.map((p) => [p.id, p]));
  const usedDisks = new Set<string>();
  const usedParts = new Set<string>();
  const pairs = mappings.map(({ backupId, volumeId }, i) => {
    const part =
      byId.get(backupId) ?? fault("9900", `restore.mappings[${i}].backup_id: ${backupId} is not a disk of this backup`);
    const disk =
      disks.get(volumeId) ?? fault("7000", `restore.mappings[${i}].volume_id: ${volumeId} is not a disk of the server`);
    if (usedDisks.has(volumeId)) fault("9900", `restore.mappings[${i}].volume_id: ${volumeId} is named twice`);
    if (usedParts.has(backupId)) fault("9900", `restore.mappings[${i}].backup_id: ${backupId} is named twice`);
    usedDisks.add(volumeId);
    usedParts.add(backupId);
    return { part, disk };
  });
  const left = parts.find((p) => !usedParts.has(p.id) && disks.has(p.diskId));
  if (left !== undefined)
    fault("2012", `the mappings leave out backup ${left.id} of disk ${left.diskId}, which still exists`);
  return pairs;
}

function checkFit({ part, disk }: Pair, stoppable = false): Pair {
  if (disk.status === "error") fault("2011", `disk ${disk.id}: ${disk.reason ?? "is in error"}`);
  if (disk.status === "in-use" && !stoppable)
    fault("2011", `disk ${disk.id} is in use: ${disk.reason ?? "stop what uses it first"}`);
  if (disk.size < part.size) fault("2001", `disk ${disk.id} has ${disk.size} bytes, the backup needs ${part.size}`);
  if (disk.system && !part.system) fault("2013", `a data-disk backup cannot go onto the system disk ${disk.id}`);
  return { part, disk };
}
