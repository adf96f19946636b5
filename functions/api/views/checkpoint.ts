/** How a checkpoint looks on the wire (cbr-api 5.12): its sizes are strings, as clients decode them (D-10). */
import type { ShownCheckpoint } from "../../../core/app/lists/show-checkpoint.ts";
import { providerOfResource, SERVER } from "../../../core/domain/resource-types.ts";
import { wholeGb, wholeMb, wireTime } from "../../../core/domain/values.ts";

/** What the answer to the request repeats of it beside name and description; -1 days = for ever. */
interface Echo {
  readonly retentionDays: number;
}

/** `echo`: for the answer to the request that made it; later answers have null. */
export function checkpointView({ checkpoint, status, members, skipped }: ShownCheckpoint, echo?: Echo) {
  const { name, description } = checkpoint;
  const anyType = members[0]?.resourceType ?? skipped[0]?.resourceType ?? SERVER;
  return {
    id: checkpoint.id,
    project_id: checkpoint.projectId,
    status,
    created_at: wireTime(checkpoint.createdAt),
    extra_info: echo ? { name, description, retention_duration: echo.retentionDays } : null,
    vault: {
      id: checkpoint.vaultId,
      name: checkpoint.vaultName,
      // A vault holds one kind of resource, so any of them tells its provider, even when the vault is gone.
      provider_id: providerOfResource(anyType),
      resources: members.map((m) => ({
        id: m.resourceId,
        type: m.resourceType,
        name: m.name,
        protect_status: m.status,
        resource_size: String(wholeGb(m.size)),
        backup_size: String(wholeMb(m.used)),
        backup_count: String(m.backups),
        extra_info: null,
      })),
      skipped_resources: skipped.map((m) => ({
        id: m.resourceId,
        type: m.resourceType,
        name: m.name,
        code: m.code,
        reason: m.reason,
      })),
    },
  };
}
