/** Hands in the calling thread: one pair, as a Lambda has it, and as each worker thread of a machine has it. */
import type { BlockAccess } from "../ports/blocks.ts";
import type { DomainKeys, UnitHooks } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { openCompareHand } from "./compare-hand.ts";
import type { HandOf, Hands, Operation, Units } from "./hands.ts";
import { Pace, type PaceHost } from "./pace.ts";
import { PackBuffers } from "./pack-stream.ts";
import { repositoryObjects } from "./repository-objects.ts";
import { openRestoreHand } from "./restore-hand.ts";
import { openTransferHand } from "./transfer-hand.ts";
import { openVerifyHand } from "./verify-hand.ts";

/** What hands work with. */
export interface HandsOptions extends PaceHost {
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
}

/** Holds at most two pack buffers (34 MiB) between units. */
export function createLocalHands(options: HandsOptions): Hands {
  const { blocks } = options;
  const buffers = new PackBuffers();
  const openers: {
    readonly [O in Operation]: (unit: Units[O], objects: ObjectStore, pace: Pace) => Promise<HandOf[O]>;
  } = {
    transfer: (unit, objects, pace) => openTransferHand({ objects, blocks, buffers }, unit, pace),
    restore: (unit, objects, pace) => openRestoreHand(objects, blocks, unit, pace),
    compare: (unit, _objects, pace) => openCompareHand(blocks, unit, pace),
    verify: (unit, objects, pace) => openVerifyHand(objects, unit, pace),
  };
  return {
    async open<O extends Operation>(operation: O, unit: Units[O], hooks: UnitHooks): Promise<readonly HandOf[O][]> {
      const domain: DomainKeys = unit.domain;
      const objects = repositoryObjects(options.objects, domain.domainId);
      return [await openers[operation](unit, objects, new Pace(options, hooks))];
    },
  };
}
