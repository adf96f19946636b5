/** The data plane: units are coordinated where it is called; their block work is done by the hands that the host lends. */
import type { DataPlane, DomainKeys, UnitHooks } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readAvoidSet } from "./avoid-set.ts";
import { collect } from "./collect/collect.ts";
import { compact } from "./collect/move.ts";
import { compare } from "./compare.ts";
import { difference } from "./difference.ts";
import { openDomain } from "./domain-crypto.ts";
import type { Hands } from "./hands.ts";
import { inspect } from "./inspect.ts";
import { createLocalHands, type HandsOptions } from "./local-hands.ts";
import { Pace } from "./pace.ts";
import { decodePayload } from "./payload.ts";
import { quarantine } from "./quarantine.ts";
import { readRelocations } from "./relocations.ts";
import { repositoryObjects } from "./repository-objects.ts";
import { avoidedPacks } from "./repository-view.ts";
import { restore } from "./restore.ts";
import { rootFacts } from "./root-store.ts";
import { seal } from "./seal.ts";
import { transfer } from "./transfer.ts";
import { verify } from "./verify.ts";

/** What a data plane works with. */
export interface DataPlaneOptions extends HandsOptions {
  /** Default: one pair, in the calling thread. */
  readonly hands?: Hands;
}

export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const of = ({ domainId }: DomainKeys): ObjectStore => repositoryObjects(options.objects, domainId);
  const hands = options.hands ?? createLocalHands(options);
  // Progress is told by the hands; the coordinator only keeps time and looks whether it was told to stop.
  const paceOf = ({ signal }: UnitHooks): Pace => new Pace(options, signal === undefined ? {} : { signal });
  return {
    transfer: (unit, hooks = {}) =>
      transfer(of(unit.domain), unit, paceOf(hooks), () => hands.open("transfer", unit, hooks)),
    avoided: async (domain, payload) => {
      const [objects, crypto] = [of(domain), await openDomain(domain)];
      const avoid = await readAvoidSet(objects, crypto);
      return avoidedPacks(decodePayload(payload).packs, avoid, await readRelocations(objects, crypto));
    },
    quarantine: (domain, packs, now) => quarantine(of(domain), domain, packs, now),
    seal: (request) => seal(of(request.domain), request),
    root: (domain, rootId) => rootFacts(of(domain), domain, rootId),
    difference: (domain, from, to) => difference(of(domain), domain, from, to),
    restore: (unit, hooks = {}) =>
      restore(of(unit.domain), unit, paceOf(hooks), () => hands.open("restore", unit, hooks)),
    compare: (unit, hooks = {}) =>
      compare(of(unit.domain), unit, paceOf(hooks), () => hands.open("compare", unit, hooks)),
    collect: (domain, runs, ask) => collect(of(domain), domain, runs, ask),
    compact: (domain, runs, ask) => compact(of(domain), domain, runs, ask),
    inspect: (domain) => inspect(of(domain), domain),
    verify: (unit, hooks = {}) => verify(of(unit.domain), unit, paceOf(hooks), () => hands.open("verify", unit, hooks)),
  };
}
