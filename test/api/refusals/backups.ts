/** How each refusal of checkpoints, backups, replication and sharing (cbr-api 7.4, 7.5) comes about. */
import type { Backup, Part } from "../../../core/app/records/entities.ts";
import { SERVER } from "../../../core/domain/resource-types.ts";
import { GIB } from "../../../core/domain/values.ts";
import { backupRow, partRow, putBackup } from "../../support/backup-rows.ts";
import { PROJECT, type VaultHost } from "../../support/vault-host.ts";
import {
  type Asked,
  backUp,
  destination,
  diskVault,
  freeze,
  NOBODY,
  type Provocations,
  type Provoke,
  replicas,
  servers,
  serverVault,
  setBinding,
  vault,
} from "./world.ts";

const run = (vault_id: string, parameters?: object): Asked => ({
  body: { checkpoint: { vault_id, ...(parameters && { parameters }) } },
});

/** A backup of the disk of a new vault. @returns the vault */
async function diskBackup(host: VaultHost, change: Partial<Backup> = {}, more: object = {}): Promise<string> {
  const vaultId = await diskVault(host, more);
  await putBackup(host.records, backupRow("b1", { vaultId, resourceId: "d1", ...change }), [
    partRow("b1", "b1", { diskId: "d1" }),
  ]);
  return vaultId;
}
/** A backup of a server whose disks are `b1-0`, `b1-1` …: its first is the system disk. @returns the vault */
async function serverBackup(host: VaultHost, disks = 1, change: Partial<Part> = {}): Promise<string> {
  const vaultId = await serverVault(host, disks);
  const backup = backupRow("b1", { vaultId, resourceId: "srv", resourceType: SERVER });
  const parts = Array.from({ length: disks }, (_, n) =>
    partRow("b1", `b1-${n}`, { diskId: `srv-d${n}`, system: n === 0, ...change }),
  );
  await putBackup(host.records, backup, parts);
  return vaultId;
}

const path = { backup_id: "b1" };
const restoring = (restore: object): Asked => ({ path, body: { restore } });
const toDisk = restoring({ volume_id: "d1" });
const toServer = restoring({ server_id: "srv" });
const mapped = (...pairs: readonly (readonly [backup: string, disk: string])[]): Asked =>
  restoring({ server_id: "srv", mappings: pairs.map(([backup_id, volume_id]) => ({ backup_id, volume_id })) });
const replicating = (vault_id: string, change: object = {}): Asked => ({
  body: { replicate: { vault_id, ...destination(change) } },
});
const replicatingOne = (change: object = {}): Asked => ({ path, body: { replicate: destination(change) } });
const offering = (...members: string[]): Asked => ({ path, body: { members } });
const OTHER = "b".repeat(32);

const busyRun =
  (status: "protecting" | "restoring" | "removing" | "migrating"): Provoke =>
  async (host) => {
    const id = await diskVault(host);
    await setBinding(host, id, "d1", { status });
    return run(id);
  };
const busyRestore =
  (status: "protecting" | "removing"): Provoke =>
  async (host) => {
    await setBinding(host, await diskBackup(host), "d1", { status });
    return toDisk;
  };

export const backupRefusals: Provocations<
  | "CreateCheckpoint"
  | "ShowCheckpoint"
  | "CopyCheckpoint"
  | "ImportCheckpoint"
  | "ShowBackup"
  | "DeleteBackup"
  | "RestoreBackup"
  | "CopyBackup"
  | "ShowMetadata"
  | "ImportBackup"
  | "AddMember"
  | "ShowMemberDetail"
  | "UpdateMemberStatus"
  | "DeleteMember"
> = {
  CreateCheckpoint: {
    "0001": async (host) => run(await vault(host)),
    "2010": busyRun("restoring"),
    "6104": async (host) => run(await diskVault(host), { resources: ["d1", "d1"] }),
    "6105": async () => run(NOBODY),
    "6112": busyRun("migrating"),
    "6113": async (host) => run(await freeze(host, await diskVault(host))),
    "6114": async (host) => {
      const id = await diskVault(host, {}, { size: 10 });
      await setBinding(host, id, "d1", { used: 10 * GIB });
      return run(id);
    },
    "6124": async (host) => run(await vault(host, {}, replicas)),
    "6125": busyRun("protecting"),
    "6134": busyRun("removing"),
    "6135": async (host) => run(await diskVault(host), { resources: ["d2"] }),
    "6215": async (host) => {
      const id = await diskVault(host);
      await setBinding(host, id, "d1", { restoreIncomplete: true });
      return run(id);
    },
    "7000": async (host) => {
      const id = await diskVault(host);
      host.resources.resources.delete("d1");
      return run(id);
    },
    "7003": async (host) => {
      const id = await diskVault(host);
      host.resources.addDisk("d1", { status: "error" });
      return run(id);
    },
    "7100": async (host) => {
      const id = await serverVault(host);
      host.resources.resources.delete("srv");
      return run(id);
    },
    "7101": async (host) => {
      const id = await serverVault(host);
      host.resources.addServer("srv", 1, { status: "ERROR" });
      return run(id);
    },
    "7108": async (host) => {
      const id = await serverVault(host);
      host.resources.addServer("srv", 0);
      return run(id);
    },
  },
  ShowCheckpoint: { "6217": async () => ({ path: { checkpoint_id: NOBODY } }) },
  CopyCheckpoint: {
    "0001": async (host) => replicating(await serverVault(host)),
    "1005": async (host) => {
      const id = await serverVault(host);
      await setBinding(host, id, "srv", { backups: 1 });
      return replicating(id);
    },
    "6105": async () => replicating(NOBODY),
    "6112": async (host) => replicating(await freeze(host, await serverVault(host))),
    "6118": async (host) => {
      const id = await serverVault(host);
      await setBinding(host, id, "srv", { backups: 1 });
      return replicating(id, { destination_vault_id: await vault(host, {}, { ...servers, ...replicas }) });
    },
    "6122": async (host) => replicating(await diskVault(host)),
    "6125": async (host) => {
      const id = await serverVault(host);
      await backUp(host, id);
      return replicating(id);
    },
    "6128": async (host) => replicating(await vault(host, {}, replicas)),
  },
  ImportCheckpoint: {
    "6105": async () => ({ body: { sync: { vault_id: NOBODY, auto_trigger: false } } }),
    "7300": async (host) => ({ body: { sync: { vault_id: await vault(host), auto_trigger: false } } }),
  },
  ShowBackup: { "6200": async () => ({ path: { backup_id: NOBODY } }) },
  DeleteBackup: {
    "6112": async (host) => {
      await freeze(host, await diskBackup(host));
      return { path };
    },
    "6200": async () => ({ path: { backup_id: NOBODY } }),
    "6201": async (host) => {
      await serverBackup(host);
      return { path: { backup_id: "b1-0" } };
    },
    "6216": async (host) => {
      await backUp(host, await diskBackup(host));
      return { path };
    },
    "6220": async (host) => {
      await diskBackup(host, { autoTrigger: true }, { locked: true });
      return { path };
    },
  },
  RestoreBackup: {
    "2001": async (host) => {
      await serverBackup(host, 1, { size: 11 * GIB });
      return toServer;
    },
    "2002": busyRestore("protecting"),
    "2003": async (host) => {
      await serverBackup(host);
      host.resources.addServer("other");
      return restoring({ server_id: "other" });
    },
    "2005": async (host) => {
      await diskBackup(host, { status: "error" });
      return toDisk;
    },
    "2008": async (host) => {
      await serverBackup(host);
      host.resources.addServer("srv", 1, { status: "ERROR" });
      return toServer;
    },
    "2010": async (host) => {
      await diskBackup(host, { status: "restoring" });
      return toDisk;
    },
    "2011": async (host) => {
      await diskBackup(host);
      host.resources.addDisk("d1", { status: "in-use" });
      return toDisk;
    },
    "2012": async (host) => {
      await serverBackup(host, 2);
      return mapped(["b1-0", "srv-d0"]);
    },
    "2013": async (host) => {
      await serverBackup(host, 2);
      return mapped(["b1-0", "srv-d1"], ["b1-1", "srv-d0"]);
    },
    "6134": busyRestore("removing"),
    "6135": async (host) => {
      const vaultId = await vault(host);
      await putBackup(host.records, backupRow("b1", { vaultId, resourceId: "d1" }));
      return toDisk;
    },
    "6200": async () => ({ path: { backup_id: NOBODY }, body: { restore: { volume_id: "d1" } } }),
    "6202": async (host) => {
      await freeze(host, await diskBackup(host));
      return toDisk;
    },
    "7000": async (host) => {
      await diskBackup(host);
      host.resources.resources.delete("d1");
      return toDisk;
    },
    "7100": async (host) => {
      await serverBackup(host);
      return restoring({ server_id: "nowhere" });
    },
  },
  CopyBackup: {
    "1001": async (host) => {
      await putBackup(host.records, backupRow("b1", { resourceType: SERVER, status: "error" }));
      return replicatingOne();
    },
    "1003": async (host) => {
      await diskBackup(host);
      return replicatingOne();
    },
    "1004": async (host) => {
      await putBackup(host.records, backupRow("b1", { resourceType: SERVER, containSystemDisk: false }));
      return replicatingOne();
    },
    "1005": async (host) => {
      await serverBackup(host);
      return replicatingOne();
    },
    "6118": async (host) => {
      await serverBackup(host);
      return replicatingOne({ destination_vault_id: await vault(host, {}, { ...servers, ...replicas }) });
    },
  },
  ShowMetadata: {
    "6206": async (host) => {
      await diskBackup(host, { status: "protecting" });
      return { path };
    },
  },
  ImportBackup: {
    "9910": async () => ({
      body: {
        sync: [
          {
            backup_id: NOBODY,
            backup_name: "b",
            bucket_name: "bucket",
            image_path: "i",
            resource_id: "r",
            resource_name: "r",
            resource_type: "OS::Native::Server",
            created_at: 0,
          },
        ],
      },
    }),
  },
  AddMember: {
    "6701": async (host) => {
      await diskBackup(host);
      return offering(...Array.from({ length: 11 }, () => OTHER));
    },
    "6702": async (host) => {
      await diskBackup(host, { status: "error" });
      return offering(OTHER);
    },
    "6703": async (host) => {
      await diskBackup(host);
      return offering(OTHER, OTHER);
    },
    "6704": async (host) => {
      await diskBackup(host);
      return offering(PROJECT);
    },
    "6707": async (host) => {
      await serverBackup(host);
      return { path: { backup_id: "b1-0" }, body: { members: [OTHER] } };
    },
    "6712": async (host) => {
      await freeze(host, await diskBackup(host));
      return offering(OTHER);
    },
  },
  ShowMemberDetail: {
    "6705": async (host) => {
      await diskBackup(host);
      return { path: { ...path, member_id: OTHER } };
    },
  },
  UpdateMemberStatus: {
    "6105": async () => ({
      path: { ...path, member_id: PROJECT },
      body: { status: "accepted", vault_id: NOBODY },
    }),
    "6705": async () => ({ path: { ...path, member_id: PROJECT }, body: { status: "rejected" } }),
  },
  DeleteMember: {
    "6705": async (host) => {
      await diskBackup(host);
      return { path: { ...path, member_id: OTHER } };
    },
  },
};
