/** Commands of `holdfast store` as plain data, done on a disk that may fail: in this process, or in one that is killed. */
import type { Writable } from "node:stream";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { repositoryObjects } from "../../core/engine/repository-objects.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import { createLocalBlocks } from "../../local/data-plane/io.ts";
import { makeBackup } from "../../local/store/backup.ts";
import { collectStore, compactStore } from "../../local/store/collect.ts";
import { openStore } from "../../local/store/open.ts";
import { removeBackups } from "../../local/store/remove.ts";
import { restoreBackup } from "../../local/store/restore.ts";
import { type Verified, verifyBackups } from "../../local/store/verify.ts";
import type { DiskSession } from "./store-disk.ts";

export type StoreAct =
  | {
      readonly do: "backup";
      readonly source: string;
      readonly name: string;
      readonly parent?: string | undefined;
      readonly changed?: string | undefined;
    }
  | { readonly do: "delete"; readonly ids: readonly string[] }
  | { readonly do: "restore"; readonly id: string; readonly target: string; readonly overwrite: boolean }
  | { readonly do: "verify"; readonly quick: boolean }
  | { readonly do: "gc" | "compact" };

/** Where a store is, and what time it is there. */
export interface StorePlace {
  readonly dir: string;
  readonly keyFile: string;
  /** Milliseconds that the clock is ahead. */
  readonly clock: number;
  readonly reserveBytes: number;
}

export interface Done {
  readonly id?: string;
  readonly verified?: Verified;
  /** Packs that a collection missed. */
  readonly missing?: readonly string[];
  readonly held?: string;
  /** Roots of deleted backups that are still read. */
  readonly read?: readonly string[];
}

export interface ActOptions {
  readonly session: DiskSession;
  readonly wrap?: (blocks: BlockAccess) => BlockAccess;
  /** Where a restore to `-` goes. */
  readonly output?: Writable;
}

/** @throws what the commands of a store throw */
export async function act(place: StorePlace, what: StoreAct, { session, wrap, output }: ActOptions): Promise<Done> {
  // As the command line does it: what frees room may use the reserve.
  const frees = what.do === "delete" || what.do === "gc";
  const { store, plane } = await openFaulty(frees ? { ...place, reserveBytes: 0 } : place, session, wrap);
  const nothing = (): void => undefined;
  const watch = { onProgress: nothing, onTotal: nothing, onRemark: nothing, signal: session.stop.signal };
  switch (what.do) {
    case "backup": {
      const { id } = await makeBackup(store, plane, { level: 1, version: "test", ...what }, watch);
      return { id };
    }
    case "delete": {
      const removed = await removeBackups(store, plane, what.ids);
      return { read: removed.flatMap(({ id, readBy }) => (readBy === undefined ? [] : [id])) };
    }
    case "restore": {
      const request = { ...what, readBack: false, output: output ?? process.stdout };
      await restoreBackup(store, plane, request, watch);
      return {};
    }
    case "verify":
      return {
        verified: await verifyBackups(store, plane, { ids: [], depth: what.quick ? "presence" : "data" }, watch),
      };
    case "gc": {
      const { report, read } = await collectStore(store, plane, { dryRun: false });
      return { missing: report.missing, read, ...(report.held !== undefined && { held: report.held }) };
    }
    case "compact": {
      const { held } = await compactStore(store, plane, { dryRun: false, below: 0.9 });
      return held === undefined ? {} : { held };
    }
  }
}

/** The store with every file call of its objects going through the session. */
export async function openFaulty(
  { dir, keyFile, clock, reserveBytes }: StorePlace,
  session: DiskSession,
  wrap: (blocks: BlockAccess) => BlockAccess = (blocks) => blocks,
) {
  const now = () => Date.now() + clock;
  const opened = await openStore({ dir, keyFile, env: {}, now, reserveBytes });
  const all = createFolderObjectStore({ ...opened.io, now, calls: session.calls });
  const store = { ...opened, all, objects: repositoryObjects(all, opened.domain.domainId) };
  return { store, plane: createDataPlane({ objects: all, blocks: wrap(createLocalBlocks()) }) };
}
