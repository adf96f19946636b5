/** Reads roots, and writes them once: what stands under a root's name is read back before anybody relies on it. */
import { type DomainKeys, type RootFacts, SealRefused } from "../ports/data-plane.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { DomainCrypto } from "./domain-crypto.ts";
import { openDomain } from "./domain-crypto.ts";
import { decodeRoot, encodeRoot, type Root, rootName } from "./root-format.ts";
import { sealObject, unsealObject } from "./sealed-object.ts";

/** @throws Damaged, ObjectMissing, StoreFailed */
export async function readRoot(objects: ObjectStore, crypto: DomainCrypto, rootId: string): Promise<Root> {
  const name = rootName(rootId);
  return decodeRoot(unsealObject("root", await objects.get(name), name, crypto), name);
}

/**
 * Writes the root unless it is there, reads it back and compares.
 * A root that stands there already (a retry after a crash, a twin) is accepted only when it says exactly the same; the map that was
 * the newest one then may have been another.
 * @throws SealRefused, StoreFull, StoreFailed
 */
export async function writeRoot(objects: ObjectStore, crypto: DomainCrypto, rootId: string, root: Root): Promise<Root> {
  const name = rootName(rootId);
  const plain = encodeRoot(root);
  const outcome = await objects.putIfAbsent(name, sealObject("root", plain, name, crypto));
  const stored = await openStored(objects, crypto, name);
  const found = decodeRoot(stored, name);
  const same = found.mapEpoch === root.mapEpoch ? plain : encodeRoot({ ...root, mapEpoch: found.mapEpoch });
  if (!stored.equals(same))
    throw new SealRefused(
      outcome === "exists" ? `${name} exists and says something else` : `${name} reads back differently`,
    );
  return found;
}

async function openStored(objects: ObjectStore, crypto: DomainCrypto, name: string): Promise<Buffer> {
  try {
    return unsealObject("root", await objects.get(name), name, crypto);
  } catch (error) {
    throw refusal(error);
  }
}

/** Damage and absence at sealing time mean that the root would not be true; a failing store stays what it is. */
export function refusal(error: unknown): unknown {
  const name = error instanceof Error ? error.name : "";
  if (error instanceof Error && ["Damaged", "ObjectMissing", "RangeUnavailable"].includes(name))
    return new SealRefused(error.message, { cause: error });
  return error;
}

/** What a root says, counted from its tables. */
export function factsOf(rootId: string, root: Root): RootFacts {
  return {
    rootId,
    size: root.size,
    leaves: root.leaves.length,
    nonZero: root.leaves.reduce((sum, leaf) => sum + (leaf?.nonZero ?? 0), 0),
    stored: root.packs.reduce((sum, pack) => sum + (pack.own ? pack.size : 0), 0),
    description: root.description,
  };
}

/** @throws Damaged, ObjectMissing, StoreFailed */
export async function rootFacts(objects: ObjectStore, domain: DomainKeys, rootId: string): Promise<RootFacts> {
  return factsOf(rootId, await readRoot(objects, await openDomain(domain), rootId));
}
