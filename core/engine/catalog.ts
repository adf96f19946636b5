/**
 * The catalog: an entry beside each sealed root, so that a root which somebody removes behind the store's back is missed. A reader that
 * restores does not need it; an entry that is lost is not missed itself, and hurts nothing as long as its root stands.
 */
import { Damaged, type DomainKeys } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore } from "../ports/object-store.ts";
import type { JsonObject } from "../ports/record-store.ts";
import type { FoundDamage } from "./damage.ts";
import { type DomainCrypto, openDomain } from "./domain-crypto.ts";
import { PARALLEL_CHECKS } from "./numbers.ts";
import { inParallel } from "./parallel.ts";
import { soundOr } from "./parent.ts";
import { encodeDescription, type Root, rootName } from "./root-format.ts";
import { readRoot } from "./root-store.ts";
import { sealObject, unsealObject } from "./sealed-object.ts";

export const CATALOG = "catalog/";

/** Enters a root that stands; an entry that is there already is an equal one. @throws StoreFull, StoreFailed */
export async function enterRoot(objects: ObjectStore, crypto: DomainCrypto, rootId: string, root: Root): Promise<void> {
  const name = `${CATALOG}${rootId}`;
  await objects.putIfAbsent(name, sealObject("catalog", encodeDescription(root.description), name, crypto));
}

/**
 * Enters roots that stand without an entry, as whoever sealed them left them by dying or failing just before it: from then on they are
 * missed like any other. Only where nobody else deletes meanwhile. A root that cannot be read stays out; verification names it.
 * @throws StoreFull, StoreFailed
 */
export async function enterMissed(objects: ObjectStore, domain: DomainKeys): Promise<void> {
  const known = new Set([...(await idsUnder(objects, CATALOG)), ...(await idsUnder(objects, "intents/"))]);
  const missed = (await idsUnder(objects, "roots/")).filter((id) => !known.has(id));
  if (missed.length === 0) return;
  const crypto = await openDomain(domain);
  for (const id of missed) {
    const root = await soundOr(readRoot(objects, crypto, id), undefined);
    if (root !== undefined) await enterRoot(objects, crypto, id, root);
  }
}

/**
 * Ids of roots that were sealed, that nobody deleted, and that are not there. Whoever seals writes the entry last; whoever deletes writes
 * the intent first, and a collection that takes the intent away takes the entry before. So entries are listed before roots, roots before
 * intents, and an entry counts only if it is still there then. @throws StoreFailed
 */
export async function missingRoots(objects: ObjectStore): Promise<readonly string[]> {
  const entered = await idsUnder(objects, CATALOG);
  const standing = new Set(await idsUnder(objects, "roots/"));
  const absent = entered.filter((id) => !standing.has(id));
  if (absent.length === 0) return [];
  const deleted = new Set(await idsUnder(objects, "intents/"));
  const missing: string[] = [];
  for (const id of absent)
    if (!deleted.has(id) && (await objects.size(`${CATALOG}${id}`)) !== undefined) missing.push(id);
  return missing;
}

/** Notes every entry that cannot be opened and every root that is missing, with what the catalog knows of it. @throws StoreFailed */
export async function inspectCatalog(objects: ObjectStore, crypto: DomainCrypto, damage: FoundDamage): Promise<void> {
  const missing = new Set(await missingRoots(objects));
  await inParallel(await idsUnder(objects, CATALOG), PARALLEL_CHECKS, async (id) => {
    const entry = await open(objects, crypto, id, damage);
    if (!missing.has(id)) return;
    const was = entry === undefined ? "" : `: it was ${JSON.stringify(entry)}`;
    damage.note(rootName(id), `is missing, although nobody deleted this backup${was}`);
  });
}

/** The description of a root, or undefined when its entry is damaged, which is noted, or has gone with its root. */
async function open(
  objects: ObjectStore,
  crypto: DomainCrypto,
  id: string,
  damage: FoundDamage,
): Promise<JsonObject | undefined> {
  const name = `${CATALOG}${id}`;
  try {
    const plain = unsealObject("catalog", await objects.get(name), name, crypto);
    return JSON.parse(plain.toString("utf8")) as JsonObject;
  } catch (error) {
    if (error instanceof Damaged) damage.add(error);
    else if (!(error instanceof ObjectMissing)) throw error;
    return undefined;
  }
}

/** What follows the prefix in the names of its objects, in their order. @throws StoreFailed */
export async function idsUnder(objects: ObjectStore, prefix: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { name } of objects.list(prefix)) ids.push(name.slice(prefix.length));
  return ids;
}
