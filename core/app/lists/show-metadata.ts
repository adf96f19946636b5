/** What a backed up resource looked like at backup time. */
import { z } from "zod";
import { fault } from "../../domain/fault.ts";
import type { JsonObject } from "../../ports/record-store.ts";
import { metadataKey } from "../records/keys.ts";
import type { Services } from "../services.ts";
import { type FoundBackup, showBackup } from "./show-backup.ts";

const AnyObject = z.custom<JsonObject>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const Stored = z.object({ server: AnyObject.optional(), volumes: z.array(AnyObject) });

export interface BackupMetadata {
  readonly found: FoundBackup;
  readonly server: JsonObject | undefined;
  readonly volumes: readonly JsonObject[];
}

/** @throws Fault 6200, 6206 (the backup is not finished, failed, or is going) */
export async function showMetadata(s: Services, projectId: string, backupId: string): Promise<BackupMetadata> {
  const found = await showBackup(s, projectId, backupId);
  const { backup } = found;
  if (backup.status !== "available" && backup.status !== "restoring")
    fault("6206", `backup ${backupId} is ${backup.status}; its metadata is there when it is available`);
  const item = await s.records.get(metadataKey(backup.id), { consistent: true });
  if (item === undefined) return fault("6206", `backup ${backupId} has no metadata`);
  const { server, volumes } = Stored.parse(item.body);
  return { found, server, volumes };
}
