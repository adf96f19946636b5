/** Opens a data folder with everything that lives in it: key, records, objects, resources. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DataFolder, openDataFolder } from "../adapters/local/data-folder.ts";
import { createObjectFolder, removeLeftovers } from "../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../adapters/local/folder-objects.ts";
import { createImageBlocks } from "../adapters/local/images/blocks.ts";
import { createInventory, type Inventory } from "../adapters/local/images/inventory.ts";
import { createFileProbe } from "../adapters/local/images/probe.ts";
import { createImageProvider } from "../adapters/local/images/provider.ts";
import { createKeyFile, createKeyFileIfAbsent } from "../adapters/local/key-file.ts";
import { createSqliteRecordStore, type SqliteRecordStore } from "../adapters/local/sqlite-records.ts";
import { retrying } from "../core/app/records/retrying-store.ts";
import { bringUp } from "../core/app/upgrade/bring-up.ts";
import type { BlockAccess } from "../core/ports/blocks.ts";
import type { KeyService } from "../core/ports/key-service.ts";
import type { ObjectStore } from "../core/ports/object-store.ts";
import type { RecordStore } from "../core/ports/record-store.ts";
import type { ResourceProvider } from "../core/ports/resource-provider.ts";
import { newId, now } from "./chance.ts";

/** Deletion and bookkeeping still work when backups have filled the disk down to this (bytes). */
const RESERVE_BYTES = 256 * 1024 * 1024;

export interface HostFolder {
  readonly folder: DataFolder;
  /** The version that the records had before this start brought them up; undefined when there was nothing to do. */
  readonly broughtUpFrom: number | undefined;
  /** What worker threads open the objects by. */
  readonly objectFolder: { readonly folder: string; readonly reserveBytes: number };
  readonly table: SqliteRecordStore;
  readonly records: RecordStore;
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
  readonly keys: KeyService;
  readonly inventory: Inventory;
  readonly resources: ResourceProvider;
  /** Closes the records and gives the folder back. */
  close(): void;
}

/**
 * Owns the folder until `close`. With `create` a missing or empty one is made; one of an earlier version is brought up.
 * @throws an Error of one line: not ours, in use, damaged, newer, key or records missing
 */
export async function openHostFolder(dataDir: string, { create }: { readonly create: boolean }): Promise<HostFolder> {
  const folder = openDataFolder({ folder: dataDir, create });
  try {
    const at = (name: string): string => join(folder.path, name);
    const objectFolder = { folder: at("objects"), reserveBytes: RESERVE_BYTES };
    // Only a first start (also one that was killed half-way) makes these; later a missing one is an error, never replaced.
    if (folder.firstStart) {
      createKeyFileIfAbsent({ path: at("key") });
      await createObjectFolder(objectFolder.folder);
    } else if (!existsSync(at("records.sqlite"))) {
      throw new Error(`${at("records.sqlite")} is missing: put the records of this folder back`);
    }
    const keys = createKeyFile({ path: at("key") });
    await removeLeftovers(objectFolder.folder);
    const table = createSqliteRecordStore({ path: at("records.sqlite"), now });
    const records = retrying(table, { sleep: (ms) => sleep(ms), random: Math.random });
    const broughtUpFrom = await bringUp({ records, now }).catch((error: unknown) => {
      table.close();
      throw error;
    });
    folder.finishFirstStart();
    return {
      folder,
      broughtUpFrom,
      objectFolder,
      table,
      records,
      objects: createFolderObjectStore(objectFolder),
      blocks: createImageBlocks(),
      keys,
      inventory: createInventory({ records, now, newId, probe: createFileProbe({ dataFolder: folder.path }) }),
      resources: createImageProvider({ records, now }),
      close() {
        table.close();
        folder.release();
      },
    };
  } catch (error) {
    folder.release();
    throw error;
  }
}
