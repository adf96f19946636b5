/** The engine's threads for one command. */
import { join, resolve } from "node:path";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createLocalBlocks, type LocalIoOptions } from "../../local/data-plane/io.ts";
import { createWorkerDataPlane, localIo, type WorkerDataPlane } from "../../local/data-plane/pool.ts";
import { RESERVE_BYTES } from "../../local/store/reserve.ts";

/**
 * Where the objects of a store lie; known before it is opened, so that threads can start meanwhile. `frees`: what makes room may use
 * the reserve.
 */
export function io(dir: string, frees: boolean): LocalIoOptions {
  return { folder: join(resolve(dir), "objects"), reserveBytes: frees ? 0 : RESERVE_BYTES };
}

/** `early`: the threads start now. */
export function createPlane(options: LocalIoOptions, workers: number, early: boolean): WorkerDataPlane {
  return createWorkerDataPlane({
    workers,
    objects: createFolderObjectStore(options),
    blocks: createLocalBlocks(),
    io: localIo(options),
    early,
  });
}
