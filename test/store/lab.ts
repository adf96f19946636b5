/** A store in a folder of its own, with images to back up, and a data plane without threads. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import type { DataPlane } from "../../core/ports/data-plane.ts";
import { createLocalBlocks } from "../../local/data-plane/io.ts";
import { type BackupMade, type BackupRequest, makeBackup } from "../../local/store/backup.ts";
import { initStore, type NewStore } from "../../local/store/init.ts";
import { type OpenOptions, type OpenStore, openStore } from "../../local/store/open.ts";
import type { Watch } from "../../local/store/watch.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

export { BLOCK, diskOf };

export interface StoreLab {
  /** Everything is below this folder. */
  readonly root: string;
  readonly made: NewStore;
  readonly env: Record<string, string>;
  /** Remarks made so far. */
  readonly remarks: string[];
  readonly watch: Watch;
  /** Moves the clock, ms. */
  clock: number;
  path(name: string): string;
  /** Writes an image; its path. */
  image(name: string, bytes: Uint8Array): string;
  open(options?: Partial<OpenOptions>): Promise<OpenStore>;
  /** `wrap` sees every source and target. */
  plane(store: OpenStore, wrap?: (blocks: BlockAccess) => BlockAccess): DataPlane;
  backUp(source: string, request?: Partial<BackupRequest>, plane?: DataPlane): Promise<BackupMade>;
  /** Names of stored objects inside the repository that start so. */
  objects(prefix: string): Promise<string[]>;
  /** The file of an object. */
  file(name: string): string;
  read(path: string): Buffer;
  remove(): void;
}

export async function storeLab(): Promise<StoreLab> {
  const root = mkdtempSync(join(tmpdir(), "holdfast-store-"));
  const env = { HOME: root, XDG_CONFIG_HOME: join(root, "config") };
  mkdirSync(join(root, "images"));
  const made = await initStore({ dir: join(root, "store"), env });
  const remarks: string[] = [];
  const nothing = (): void => undefined;
  const lab: StoreLab = {
    root,
    made,
    env,
    remarks,
    watch: {
      onProgress: nothing,
      onTotal: nothing,
      onRemark: (text) => void remarks.push(text),
      signal: new AbortController().signal,
    },
    clock: 0,
    path: (name) => join(root, name),
    image(name, bytes) {
      const path = join(root, "images", name);
      writeFileSync(path, bytes);
      return path;
    },
    open: (options) =>
      openStore({ dir: made.path, env, now: () => Date.now() + lab.clock, reserveBytes: 0, ...options }),
    plane(store, wrap = (blocks) => blocks) {
      const objects = createFolderObjectStore({ ...store.io, now: store.now });
      return createDataPlane({ objects, blocks: wrap(createLocalBlocks()) });
    },
    async backUp(source, request = {}, plane) {
      const store = await lab.open();
      const ask = { source, name: "disk", level: 1, version: "test", ...request };
      return makeBackup(store, plane ?? lab.plane(store), ask, lab.watch);
    },
    async objects(prefix) {
      const names: string[] = [];
      for await (const { name } of (await lab.open()).objects.list(prefix)) names.push(name);
      return names;
    },
    file: (name) => join(made.path, "objects", made.id, name),
    read: (path) => readFileSync(path),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  return lab;
}

/** Flips one bit in the middle of a file. */
export function flipBit(path: string, at?: number): void {
  const bytes = readFileSync(path);
  const where = at ?? bytes.length >> 1;
  bytes[where] = (bytes[where] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
