/** How much does a store hold, and how much of that does anybody need? */
import { trashBytes } from "../../adapters/local/files/trash.ts";
import type { DataPlane } from "../../core/ports/data-plane.ts";
import { readBackups } from "./backups.ts";
import { folderRuns } from "./collect.ts";
import type { OpenStore } from "./open.ts";

export interface StoreFigures {
  readonly backups: number;
  /** Bytes of all disks of all backups. */
  readonly logical: number;
  /** Bytes of all objects, the trash aside. */
  readonly stored: number;
  /** Bytes of packs that some backup needs, as near as roots tell. */
  readonly live: number;
  /** Bytes of packs that no backup needs. */
  readonly dead: number;
  readonly packs: number;
  readonly trash: number;
}

/** Looks, and changes nothing. @throws Damaged when a root cannot be read; StoreFailed */
export async function storeFigures(store: OpenStore, plane: DataPlane): Promise<StoreFigures> {
  const backups = await readBackups(store, plane);
  const ask = { step: "decide", now: store.now(), dryRun: true } as const;
  const { decisions } = await plane.collect(store.domain, folderRuns(store, undefined), ask);
  let stored = 0;
  for await (const { size } of store.objects.list("")) stored += size;
  const packs = decisions.filter(({ size }) => size > 0);
  const bytes = packs.reduce((sum, { size }) => sum + size, 0);
  const live = Math.round(packs.reduce((sum, { size, live: share = 0 }) => sum + size * share, 0));
  return {
    backups: backups.length,
    logical: backups.reduce((sum, backup) => sum + ("damaged" in backup ? 0 : backup.size), 0),
    stored,
    live,
    dead: bytes - live,
    packs: packs.length,
    trash: trashBytes(store.folder.objects),
  };
}
