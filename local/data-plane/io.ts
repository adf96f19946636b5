/** The objects and blocks of one machine: a folder of objects and disk images, opened from plain options in any thread. */
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createImageBlocks } from "../../adapters/local/images/blocks.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";

/** What a worker works with. */
export interface Io {
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
}

/** Where the objects are. */
export interface LocalIoOptions {
  readonly folder: string;
  /** Bytes that stay free. */
  readonly reserveBytes: number;
}

export function openIo(options: LocalIoOptions): Io {
  return { objects: createFolderObjectStore(options), blocks: createImageBlocks() };
}
