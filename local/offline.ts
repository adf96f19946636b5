/** A data folder that no service is using: `holdfast --data DIR resource …` and `admin …` without `serve`. */
import type { Inventory } from "../adapters/local/images/inventory.ts";
import { administer } from "../core/app/identity/admin/administer.ts";
import type { AdminOrder, AdminResult } from "../core/app/identity/admin/orders.ts";
import { bootstrapIdentity } from "../core/app/identity/bootstrap.ts";
import { holderOf } from "../core/app/lists/holder.ts";
import { createKeyring } from "../core/app/repository/keyring.ts";
import { ACCOUNT } from "./account.ts";
import { newId, now, randomOf } from "./chance.ts";
import { type HostFolder, openHostFolder } from "./host-folder.ts";
import { recoveryCodes } from "./store/secret.ts";

/** Opens the folder (with `create`, made when it is new), works on its inventory, and gives it back. @throws as openHostFolder */
export async function withOfflineResources<T>(
  dataDir: string,
  { create }: { readonly create: boolean },
  work: (inventory: OfflineInventory) => Promise<T>,
): Promise<T> {
  const host = await openHostFolder(dataDir, { create });
  try {
    const account = await bootstrapIdentity({ ...identityOf(host), ...ACCOUNT });
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

/**
 * Carries out an order on the accounts of the folder. What changes the first user is in credentials.json after the next start.
 * @throws AdminRefused; as openHostFolder
 */
export async function administerOffline(dataDir: string, order: AdminOrder): Promise<AdminResult> {
  const host = await openHostFolder(dataDir, { create: false });
  try {
    const deps = identityOf(host);
    // A folder that was only used without a service has no account yet.
    await bootstrapIdentity({ ...deps, ...ACCOUNT });
    const keyring = createKeyring({ objects: host.objects, keys: host.keys, randomBytes: randomOf });
    return await administer({ ...deps, now, addRecoveryCode: recoveryCodes(host.objects, keyring) }, order);
  } finally {
    host.close();
  }
}

const identityOf = ({ records, keys }: HostFolder) => ({ records, keys, newId, randomBytes: randomOf });

export type OfflineInventory = Pick<Inventory, "addDisk" | "addServer" | "list"> & {
  /** Forgets a resource unless a vault holds it. */
  remove(id: string): Promise<unknown>;
};
