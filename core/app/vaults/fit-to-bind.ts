/** Can a server or disk be protected as it is now, whoever asks and in whatever vault (VLT-20, VLT-23)? */
import type { FaultCode } from "../../domain/fault-codes.ts";
import type { Resource } from "../../ports/resource-provider.ts";

/** VLT-23, QTA-07. */
const MOST_SHARED_DISKS = 10;

interface Unfit {
  readonly code: FaultCode;
  readonly reason: string;
}

/** Why it cannot; undefined when it can: a disk that can be read, whoever uses it; a running or stopped server with a disk. */
export function unfitToBind(resource: Resource): Unfit | undefined {
  const why = resource.reason === undefined ? "" : `: ${resource.reason}`;
  if (resource.kind === "disk")
    return resource.status === "error" ? { code: "7003", reason: `disk ${resource.id} is in error${why}` } : undefined;
  const { id, status, disks } = resource;
  if (status === "ERROR") return { code: "7101", reason: `server ${id} is in error${why}` };
  if (disks.length === 0) return { code: "7108", reason: `server ${id} has no disk` };
  const shared = disks.filter((disk) => disk.shared === true).length;
  if (shared > MOST_SHARED_DISKS)
    return { code: "7107", reason: `server ${id} has ${shared} shared disks, more than ${MOST_SHARED_DISKS}` };
  return undefined;
}
