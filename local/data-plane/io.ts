/** The objects and blocks of one machine: a folder of objects, disk images and NBD exports, opened from plain options in any thread. */
import { applyChangeList } from "../../adapters/local/change-list.ts";
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
  return { objects: createFolderObjectStore(options), blocks: createLocalBlocks() };
}

/** Images, and NBD exports once one is asked for; a source with a change list is seen through it. */
export function createLocalBlocks(): BlockAccess {
  const images = createImageBlocks();
  const of = async ({ provider }: { readonly provider: string }): Promise<BlockAccess> => {
    if (provider !== "nbd") return images;
    // Loaded when needed only: it would cost every worker thread time before its first block.
    const { createNbdBlocks } = await import("../../adapters/local/nbd/blocks.ts");
    return createNbdBlocks();
  };
  return {
    openSource: async (snapshot) => applyChangeList(await (await of(snapshot)).openSource(snapshot), snapshot),
    openTarget: async (target) => (await of(target)).openTarget(target),
  };
}
