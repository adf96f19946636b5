/** Puts packs that were found damaged into the avoid-set: the next backup reads from the source what they hold. */
import type { DomainKeys } from "../ports/data-plane.ts";
import { type ObjectStore, StoreFailed } from "../ports/object-store.ts";
import { type Avoided, publishAvoidSet, readAvoidSet } from "./avoid-set.ts";
import { openDomain } from "./domain-crypto.ts";

/** Others publish epochs as well; whoever comes second reads theirs and tries again, at most so often. */
const TRIES = 10;

/** Idempotent: packs that are quarantined already make no new epoch. @throws StoreFailed, StoreFull */
export async function quarantine(
  objects: ObjectStore,
  domain: DomainKeys,
  packs: readonly string[],
  now: number,
): Promise<void> {
  const crypto = await openDomain(domain);
  for (let tries = 0; tries < TRIES; tries++) {
    const set = await readAvoidSet(objects, crypto);
    // With an unreadable set every pack is avoided already, and only the collector may start over.
    if (set.unreadable || packs.every((pack) => set.packs.get(pack)?.quarantined)) return;
    const epoch = set.epoch + 1;
    const next = new Map<string, Avoided>(set.packs);
    for (const pack of packs) {
      const before = next.get(pack);
      const fresh = { condemned: false, doomed: false, since: epoch, at: now };
      next.set(pack, { ...(before ?? fresh), quarantined: true });
    }
    if (await publishAvoidSet(objects, crypto, { epoch, packs: next })) return;
  }
  throw new StoreFailed("the avoid-set changed each time that packs were to be quarantined");
}
