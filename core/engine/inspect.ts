/** Do the objects open that belong to a repository as a whole: maps, avoid-sets, hooks, the catalog? */
import { Damaged, type DomainKeys } from "../ports/data-plane.ts";
import { ObjectMissing, type ObjectStore } from "../ports/object-store.ts";
import { avoidName, readAvoidSet } from "./avoid-set.ts";
import { inspectCatalog } from "./catalog.ts";
import { FoundDamage } from "./damage.ts";
import { openDomain } from "./domain-crypto.ts";
import { readHookList } from "./hooks.ts";
import { mapName, readRelocations } from "./relocations.ts";
import { unsealObject } from "./sealed-object.ts";

/**
 * Objects found damaged, those of older epochs as well. A damaged newest map hurts every backup of which frames moved; the others hurt
 * none. A root that is missing is found here, too. @throws StoreFailed
 */
export async function inspect(
  objects: ObjectStore,
  domain: DomainKeys,
): Promise<readonly { readonly object: string; readonly reason: string }[]> {
  const crypto = await openDomain(domain);
  const damage = new FoundDamage();
  const map = await readRelocations(objects, crypto);
  if (map.unreadable) damage.note(mapName(map.epoch), "cannot be opened: nobody knows where frames moved");
  const avoid = await readAvoidSet(objects, crypto);
  if (avoid.unreadable)
    damage.note(avoidName(avoid.epoch), "cannot be opened: new backups refer to nothing that is stored");
  const open = async (prefix: string, read: (name: string) => Promise<unknown>): Promise<void> => {
    for await (const { name } of objects.list(prefix))
      await read(name).catch((error: unknown) => {
        if (error instanceof Damaged) damage.add(error);
        // Gone since it was listed: a newer one has taken its place.
        else if (!(error instanceof ObjectMissing)) throw error;
      });
  };
  await open("maps/", async (name) => unsealObject("map", await objects.get(name), name, crypto));
  await open("avoid/", async (name) => unsealObject("avoid", await objects.get(name), name, crypto));
  await open("hooks/", (name) => readHookList(objects, crypto, name));
  await inspectCatalog(objects, crypto, damage);
  return damage.list();
}
