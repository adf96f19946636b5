/** How a disk or server of this host looks to whoever registers it. */
import type { Resource } from "../../../core/ports/resource-provider.ts";

/** `size` is bytes here: these are files of this host, not sold capacity. */
export function resourceView(resource: Resource): object {
  const { id, kind, name, status, reason = null } = resource;
  if (kind === "server") {
    const size = resource.disks.reduce((sum, d) => sum + d.size, 0);
    return { id, kind, name, size, status, reason, disks: resource.disks.map(resourceView) };
  }
  const { size, system, serverId = null, promise, detail } = resource;
  return { id, kind, name, size, status, reason, system, server_id: serverId, promise, detail };
}
