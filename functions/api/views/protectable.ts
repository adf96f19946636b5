/** How a server or disk looks on the wire before it is bound (cbr-api 5.14). */
import type { Protectable } from "../../../core/app/lists/protectables.ts";
import { DISK, SERVER } from "../../../core/domain/resource-types.ts";
import { wholeGb } from "../../../core/domain/values.ts";
import type { Resource } from "../../../core/ports/resource-provider.ts";
import { vaultView } from "./vault.ts";

export function protectableView({ resource, refusal, vault }: Protectable) {
  return {
    ...resourceMembers(resource),
    children: resource.kind === "server" ? resource.disks.map((d) => ({ ...resourceMembers(d), children: [] })) : [],
    protectable: {
      result: refusal === undefined,
      code: refusal === undefined ? "" : `BackupService.${refusal.code}`,
      reason: refusal?.reason ?? "",
      message: refusal?.reason ?? "",
      vault: vault === undefined ? null : vaultView(vault),
    },
  };
}

function resourceMembers(resource: Resource) {
  const { id, name, status, reason = null } = resource;
  if (resource.kind === "server") {
    const size = wholeGb(resource.disks.reduce((sum, d) => sum + d.size, 0));
    return { id, name, type: SERVER, status, size, detail: { id, name, status, reason } };
  }
  const { size, system, serverId = null } = resource;
  const detail = { ...resource.detail, id, name, status, reason, bytes: size, bootable: system, server_id: serverId };
  return { id, name, type: DISK, status, size: wholeGb(size), detail };
}
