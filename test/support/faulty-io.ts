/** Objects and blocks of one machine whose faults are switched by a file, so that a test reaches into worker threads. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type BlockAccess, SourceChanged } from "../../core/ports/blocks.ts";
import { type ObjectStore, StoreFailed, StoreFull } from "../../core/ports/object-store.ts";
import { type Io, type LocalIoOptions, openIo as openLocalIo } from "../../local/data-plane/io.ts";
import { surveyOf } from "./engine-disks.ts";

export interface FaultyIoOptions extends LocalIoOptions {
  /** While this file exists, its text names the fault. */
  readonly faultFile: string;
}

/** What `local/data-plane/worker.ts` calls. */
export function openIo(options: FaultyIoOptions): Io {
  const { objects, blocks } = openLocalIo(options);
  const fault = () => (existsSync(options.faultFile) ? readFileSync(options.faultFile, "utf8") : "");
  const faultyObjects: ObjectStore = {
    ...objects,
    async putIfAbsent(name, bytes) {
      if (fault() === "put-full") throw new StoreFull("no room, says the test");
      if (fault() === "put-failed") throw new StoreFailed("broken, says the test");
      return objects.putIfAbsent(name, bytes);
    },
  };
  const faultyBlocks: BlockAccess = {
    ...blocks,
    async openSource(snapshot) {
      const source = await blocks.openSource(snapshot);
      return {
        size: source.size,
        ...surveyOf(snapshot),
        close: () => source.close(),
        async read(offset, into) {
          if (fault() === "source-changed") throw new SourceChanged("changed, says the test");
          if (fault() === "die") process.exit(3);
          if (fault() === "hang") await new Promise(() => undefined);
          while (fault() === "wait") await delay(5);
          if (fault() === "slow-source") await delay(100);
          await source.read(offset, into);
        },
      };
    },
  };
  return { objects: faultyObjects, blocks: faultyBlocks };
}
