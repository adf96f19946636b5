/** The inventory of a data folder that no service is using: `holdfast --data DIR resource …` without `serve`. */
import type { Inventory } from "../adapters/local/images/inventory.ts";
import { bootstrapIdentity } from "../core/app/identity/bootstrap.ts";
import { holderOf } from "../core/app/lists/holder.ts";
import { ACCOUNT } from "./account.ts";
import { newId, now, randomOf } from "./chance.ts";
import { openHostFolder } from "./host-folder.ts";

/** Opens the folder (with `create`, made when it is new), works on its inventory, and gives it back. @throws as openHostFolder */
export async function withOfflineResources<T>(
  dataDir: string,
  { create }: { readonly create: boolean },
  work: (inventory: OfflineInventory) => Promise<T>,
): Promise<T> {
  const host = await openHostFolder(dataDir, { create });
  try {
    const account = await bootstrapIdentity({
      records: host.records,
      keys: host.keys,
      newId,
      randomBytes: randomOf,
      ...ACCOUNT,
    });
    const { inventory } = host;
    return await work({
      addDisk: inventory.addDisk,
      addServer: inventory.addServer,
      list: inventory.list,
      remove: (id) =>
        inventory.remove(id, {
          isProtected: (one) => holderOf({ records: host.records, now }, account.project_id, one),
        }),
    });
  } finally {
    host.close();
  }
}

export type OfflineInventory = Pick<Inventory, "addDisk" | "addServer" | "list"> & {
  /** Forgets a resource unless a vault holds it. */
  remove(id: string): Promise<unknown>;
};
