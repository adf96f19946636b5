/** The data plane in its direct form: all work is done where it is called (a Lambda, a worker thread, a test). */
import type { BlockAccess } from "../ports/blocks.ts";
import type { DataPlane, DomainKeys } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { compare } from "./compare.ts";
import { difference } from "./difference.ts";
import { Pace, type PaceHost } from "./pace.ts";
import { PackBuffers } from "./pack-stream.ts";
import { repositoryObjects } from "./repository-objects.ts";
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
  const { blocks } = options;
  const buffers = new PackBuffers();
  const of = ({ domainId }: DomainKeys): ObjectStore => repositoryObjects(options.objects, domainId);
  return {
    transfer: (unit, hooks) => transfer({ objects: of(unit.domain), blocks, buffers }, unit, new Pace(options, hooks)),
    seal: (request) => seal(of(request.domain), request),
    root: (domain, rootId) => rootFacts(of(domain), domain, rootId),
    difference: (domain, from, to) => difference(of(domain), domain, from, to),
    restore: (unit, hooks) => restore(of(unit.domain), blocks, unit, new Pace(options, hooks)),
    compare: (unit, hooks) => compare(of(unit.domain), blocks, unit, new Pace(options, hooks)),
    verify: (unit, hooks) => verify(of(unit.domain), unit, new Pace(options, hooks)),
  };
}
