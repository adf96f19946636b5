/** How the state of a resource at backup time looks on the wire: texts of JSON (cbr-api #40). */
import type { BackupMetadata } from "../../../core/app/lists/show-metadata.ts";
import { backupView } from "./backup.ts";

export function metadataView(backupId: string, { found, server, volumes }: BackupMetadata) {
  return {
    backup_id: backupId,
    backups: JSON.stringify(backupView(found.shown, found.children)),
    flavor: JSON.stringify({}),
    server: JSON.stringify(server ?? {}),
    interface: JSON.stringify([]),
    floatingips: [],
    ports: [],
    volumes: volumes.map((volume) => JSON.stringify(volume)),
  };
}
