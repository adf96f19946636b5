/** The data plane in its direct form: all work is done where it is called (a Lambda, a worker thread, a test). */
import type { BlockAccess } from "../ports/blocks.ts";
import type { DataPlane } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { difference } from "./difference.ts";
import { Pace, type PaceHost } from "./pace.ts";
import { PackBuffers } from "./pack-stream.ts";
import { restore } from "./restore.ts";
import { rootFacts } from "./root-store.ts";
import { seal } from "./seal.ts";
import { transfer } from "./transfer.ts";
import { verify } from "./verify.ts";

/** What a data plane works with. */
export interface DataPlaneOptions extends PaceHost {
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
}

/** Holds at most two pack buffers (34 MiB) between units. */
export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { objects, blocks } = options;
  const buffers = new PackBuffers();
  return {
    transfer: (unit, hooks) => transfer({ objects, blocks, buffers }, unit, new Pace(options, hooks)),
    seal: (request) => seal(objects, request),
    root: (domain, rootId) => rootFacts(objects, domain, rootId),
    difference: (domain, from, to) => difference(objects, domain, from, to),
    restore: (unit, hooks) => restore(objects, blocks, unit, new Pace(options, hooks)),
    verify: (unit, hooks) => verify(objects, unit, new Pace(options, hooks)),
  };
}
