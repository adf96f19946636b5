/** `holdfast store list`. */
import { type Backup, type DamagedBackup, readBackups } from "../../local/store/backups.ts";
import { cell, formatBytes, formatTable, formatTime } from "../text.ts";
import type { StoreCall } from "./call.ts";
import { onStore, print, remark } from "./session.ts";

export async function run(call: StoreCall): Promise<void> {
  await onStore(call, { threads: false }, async ({ store, plane }) => {
    const backups = await readBackups(store, plane);
    for (const backup of backups) if ("damaged" in backup) remark(`${backup.id} cannot be read: ${backup.damaged}`);
    print(call, backups.map(entryOf), backups.length === 0 ? "no backups yet" : tableOf(backups));
  });
}

function entryOf(backup: Backup | DamagedBackup): object {
  if ("damaged" in backup) return backup;
  const { id, name, source, createdAt, size, stored } = backup;
  return { id, name, source, created_at: createdAt, size, stored };
}

function tableOf(backups: readonly (Backup | DamagedBackup)[]): string {
  return formatTable(
    ["ID", "NAME", "CREATED", "SIZE", "STORED"],
    backups.map((backup) =>
      "damaged" in backup
        ? [backup.id, "(damaged)"]
        : [
            backup.id,
            cell(backup.name),
            formatTime(backup.createdAt.replace("Z", "")),
            formatBytes(backup.size),
            formatBytes(backup.stored),
          ],
    ),
  );
}
