/** How each refusal of the vault operations (cbr-api 7.1) comes about. */

import { GIB } from "../../../core/domain/values.ts";
import { backupRow, putBackup } from "../../support/backup-rows.ts";
import type { VaultHost } from "../../support/vault-host.ts";
import { diskResource, serverResource, vaultBody } from "../../support/vault-host.ts";
import {
  type Asked,
  backUp,
  deleteVault,
  disks,
  diskVault,
  freeze,
  NOBODY,
  ok,
  type Provocations,
  type Provoke,
  policy,
  remove,
  replicas,
  replicating,
  servers,
  setBinding,
  setVault,
  tags,
  vault,
} from "./world.ts";

/** Resources as a request for a new vault or for a vault that is there names them. */
type Naming = (resources: readonly object[], billing?: object) => Asked | Promise<Asked>;

/** What is wrong with resources is wrong wherever they are named. */
const resourcesRefused = (naming: (host: Parameters<Provoke>[0]) => Naming) =>
  ({
    "6102": async (host) => naming(host)([serverResource("s")]),
    "6104": async (host) => naming(host)([diskResource("d1"), diskResource("d1")]),
    "6302": async (host) => naming(host)([{ id: "n", type: "OS::Native::Server" }], { object_type: "vmware" }),
    "7000": async (host) => naming(host)([diskResource("d1")]),
    "7003": async (host) => {
      host.resources.addDisk("d1", { status: "error" });
      return naming(host)([diskResource("d1")]);
    },
    "7100": async (host) => naming(host)([serverResource("s")], servers),
    "7101": async (host) => {
      host.resources.addServer("s", 1, { status: "ERROR" });
      return naming(host)([serverResource("s")], servers);
    },
    "7108": async (host) => {
      host.resources.addServer("s", 0);
      return naming(host)([serverResource("s")], servers);
    },
    "7500": async (host) => naming(host)([{ id: "t", type: "OS::Sfs::Turbo" }], { object_type: "turbo" }),
    "7600": async (host) => naming(host)([{ id: "w", type: "OS::Workspace::DesktopV2" }], { object_type: "workspace" }),
    "6137": async (host) => {
      const [shared] = host.resources.addServer("s", 1).disks;
      host.resources.addServer("t", 0, shared && { disks: [shared] });
      return naming(host)([serverResource("s"), serverResource("t")], servers);
    },
  }) as const satisfies Record<string, Provoke>;

const inNewVault = resourcesRefused(() => (resources, billing) => ({ body: vaultBody({ resources }, billing) }));
const ordered = (change: object = {}, billing: object = {}) => ({
  body: vaultBody(change, { period_type: "month", period_num: 1, ...billing }),
});
const inOrder = resourcesRefused(() => (resources, billing) => ordered({ resources }, billing));
const inVault = resourcesRefused((host) => async (resources, billing) => ({
  path: { vault_id: await vault(host, {}, billing) },
  body: { resources },
}));

const adding = (vault_id: string, ...ids: string[]): Asked => ({
  path: { vault_id },
  body: { resources: ids.map((id) => diskResource(id)) },
});
const removing = (vault_id: string, ...resource_ids: string[]): Asked => ({
  path: { vault_id },
  body: { resource_ids },
});
const moving = (vault_id: string, destination_vault_id: string, ...resource_ids: string[]): Asked => ({
  path: { vault_id },
  body: { destination_vault_id, resource_ids },
});
const applying = (vault_id: string, policy_id: string, destination_vault_id?: string): Asked => ({
  path: { vault_id },
  body: { policy_id, ...(destination_vault_id && { destination_vault_id }) },
});
const suspending = (vault_id: string, ...resource_ids: string[]): Asked => ({
  path: { vault_id },
  body: { action: "suspend", resource_ids },
});
const changing = (vault_id: string, change: object): Asked => ({ path: { vault_id }, body: { vault: change } });

/** A replication policy applied to a vault of servers, with this destination. */
const copying = async (host: VaultHost, destination: string) =>
  applying(await vault(host, {}, servers), await policy(host, replicating), destination);

export const vaultRefusals: Provocations<
  | "CreateVault"
  | "CreatePostPaidVault"
  | "ShowVault"
  | "UpdateVault"
  | "DeleteVault"
  | "AddVaultResource"
  | "RemoveVaultResource"
  | "MigrateVaultResource"
  | "AssociateVaultPolicy"
  | "DisassociateVaultPolicy"
  | "SetVaultResource"
  | "ChangeVaultChargeMode"
> = {
  CreateVault: {
    ...inNewVault,
    "6000": async () => ({ body: vaultBody({ backup_policy_id: NOBODY }) }),
    "6100": async () => ({ body: vaultBody({ resources: disks(256) }) }),
    "6101": async () => ({ body: vaultBody({}, { size: 9 }) }),
    "6103": async (host) => {
      await diskVault(host);
      return { body: vaultBody({ resources: [diskResource("d1")] }) };
    },
    "6108": async () => ({ body: vaultBody({ resources: disks(1) }, replicas) }),
    "6116": async () => ({ body: vaultBody({}, { protect_type: "copy" }) }),
    "6127": async (host) => ({ body: vaultBody({ backup_policy_id: await policy(host, replicating) }) }),
    "6136": async (host) => ({ body: vaultBody({ backup_policy_id: await policy(host) }, { cloud_type: "hybrid" }) }),
    "6600": async () => ({ body: vaultBody({ tags: tags(21) }) }),
  },
  CreatePostPaidVault: {
    ...inOrder,
    "6100": async () => ordered({ resources: disks(256) }),
    "6101": async () => ordered({}, { size: 9 }),
    "6116": async () => ordered({}, { protect_type: "copy" }),
    "6600": async () => ordered({ tags: tags(21) }),
  },
  ShowVault: { "6105": async (host) => ({ path: { vault_id: `${(await vault(host)).slice(0, -1)}g` } }) },
  UpdateVault: {
    "6105": async () => changing(NOBODY, { name: "n" }),
    "6101": async (host) => changing(await vault(host), { billing: { size: 0 } }),
    "6110": async (host) => changing(await vault(host, { locked: true }), { locked: false }),
    "6112": async (host) => changing(await freeze(host, await vault(host)), { name: "n" }),
    "6123": async (host) => {
      const id = await diskVault(host);
      await setBinding(host, id, "d1", { status: "migrating" });
      return changing(id, { billing: { size: 200 } });
    },
  },
  DeleteVault: {
    "6105": async () => ({ path: { vault_id: NOBODY } }),
    "6112": async (host) => ({ path: { vault_id: await deleteVault(host, await vault(host)) } }),
    "6203": async (host) => {
      const id = await diskVault(host);
      await backUp(host, id);
      return { path: { vault_id: id } };
    },
    "6220": async (host) => {
      const id = await vault(host, { locked: true });
      await putBackup(host.records, backupRow("b1", { vaultId: id, autoTrigger: true }));
      return { path: { vault_id: id } };
    },
  },
  AddVaultResource: {
    ...inVault,
    "6100": async (host) => ({ path: { vault_id: await vault(host) }, body: { resources: disks(257) } }),
    "6103": async (host) => {
      await diskVault(host);
      return adding(await vault(host), "d1");
    },
    "6105": async () => adding(NOBODY, "d1"),
    "6108": async (host) => adding(await vault(host, {}, replicas), "d1"),
    "6112": async (host) => adding(await freeze(host, await vault(host)), "d1"),
    "6134": async (host) => {
      const id = await diskVault(host);
      await remove(host, id, "d1");
      return adding(id, "d1");
    },
  },
  RemoveVaultResource: {
    "2010": async (host) => {
      const id = await diskVault(host);
      await setBinding(host, id, "d1", { status: "restoring" });
      return removing(id, "d1");
    },
    "6104": async (host) => removing(await diskVault(host), "d1", "d1"),
    "6105": async () => removing(NOBODY, "d1"),
    "6110": async (host) => removing(await diskVault(host, { locked: true }), "d1"),
    "6112": async (host) => removing(await freeze(host, await diskVault(host)), "d1"),
    "6125": async (host) => {
      const id = await diskVault(host);
      await backUp(host, id);
      return removing(id, "d1");
    },
    "6134": async (host) => {
      const id = await diskVault(host);
      await remove(host, id, "d1");
      return removing(id, "d1");
    },
    "6135": async (host) => removing(await diskVault(host), "d2"),
  },
  MigrateVaultResource: {
    "6100": async (host) => {
      for (let n = 0; n < 256; n++) host.resources.addDisk(`m${n}`);
      const full = await vault(host, { resources: disks(255) });
      await ok(host.call("POST", `/vaults/${full}/addresources`, { resources: disks(256).slice(255) }));
      return moving(await diskVault(host), full, "d1");
    },
    "6102": async (host) => moving(await diskVault(host), await vault(host, {}, servers), "d1"),
    "6104": async (host) => moving(await diskVault(host), await vault(host), "d1", "d1"),
    "6105": async (host) => moving(await diskVault(host), NOBODY, "d1"),
    "6110": async (host) => moving(await diskVault(host, { locked: true }), await vault(host), "d1"),
    "6112": async (host) => moving(await diskVault(host), await freeze(host, await vault(host)), "d1"),
    "6119": async (host) => moving(await diskVault(host), await vault(host, {}, replicas), "d1"),
    "6129": async (host) => {
      const id = await diskVault(host);
      await setBinding(host, id, "d1", { used: 11 * GIB });
      return moving(id, await vault(host, {}, { size: 10 }), "d1");
    },
    "6134": async (host) => {
      const id = await diskVault(host);
      await remove(host, id, "d1");
      return moving(id, await vault(host), "d1");
    },
    "6135": async (host) => moving(await diskVault(host), await vault(host), "d2"),
  },
  AssociateVaultPolicy: {
    "6000": async (host) => applying(await vault(host), NOBODY),
    "6105": async (host) => applying(NOBODY, await policy(host)),
    "6112": async (host) => applying(await freeze(host, await vault(host)), await policy(host)),
    "6118": async (host) => copying(host, await freeze(host, await vault(host, {}, { ...servers, ...replicas }))),
    "6119": async (host) => copying(host, await vault(host, {}, servers)),
    "6120": async (host) => copying(host, NOBODY),
    "6122": async (host) => applying(await vault(host), await policy(host, replicating), NOBODY),
    "6127": async (host) => applying(await vault(host, {}, replicas), await policy(host)),
    "6128": async (host) => copying(host, await vault(host, {}, replicas)),
    "6129": async (host) => {
      const full = await diskVault(host);
      await setVault(host, full, ({ billing }) => ({
        billing: { ...billing, objectType: "server", protectType: "replication", size: 10 },
      }));
      await setBinding(host, full, "d1", { used: 10 * GIB });
      return copying(host, full);
    },
    "6136": async (host) => applying(await vault(host, {}, { cloud_type: "hybrid" }), await policy(host)),
  },
  DisassociateVaultPolicy: {
    "6002": async (host) => applying(await vault(host), await policy(host)),
    "6105": async (host) => applying(NOBODY, await policy(host)),
    "6112": async (host) => applying(await deleteVault(host, await vault(host)), await policy(host)),
  },
  SetVaultResource: {
    "6104": async (host) => suspending(await diskVault(host), "d1", "d1"),
    "6112": async (host) => suspending(await freeze(host, await diskVault(host)), "d1"),
    "6134": async (host) => {
      const id = await diskVault(host);
      await remove(host, id, "d1");
      return suspending(id, "d1");
    },
    "6135": async (host) => suspending(await diskVault(host), "d2"),
  },
  ChangeVaultChargeMode: {
    "6105": async () => ({
      body: { vault_ids: [NOBODY], charging_mode: "pre_paid", period_type: "month", period_num: 1 },
    }),
  },
};
