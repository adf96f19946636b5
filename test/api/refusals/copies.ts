/** How each refusal of replication, import and sharing (cbr-api 7.4, 7.5) comes about. */
import { SERVER } from "../../../core/domain/resource-types.ts";
import { backupRow, putBackup } from "../../support/backup-rows.ts";
import { PROJECT } from "../../support/vault-host.ts";
import {
  type Asked,
  destination,
  diskBackup,
  diskVault,
  freeze,
  importBody,
  NOBODY,
  type Provocations,
  path,
  remove,
  replicas,
  serverBackup,
  servers,
  serverVault,
  setBinding,
  vault,
} from "./world.ts";

const replicating = (vault_id: string, change: object = {}): Asked => ({
  body: { replicate: { vault_id, ...destination(change) } },
});
const replicatingOne = (change: object = {}): Asked => ({ path, body: { replicate: destination(change) } });
const offering = (...members: string[]): Asked => ({ path, body: { members } });
const OTHER = "b".repeat(32);

export const copyRefusals: Provocations<
  | "CopyCheckpoint"
  | "ImportCheckpoint"
  | "CopyBackup"
  | "ImportBackup"
  | "AddMember"
  | "ShowMemberDetail"
  | "UpdateMemberStatus"
  | "DeleteMember"
> = {
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
    "6130": async (host) => {
      const id = await serverVault(host);
      await setBinding(host, id, "srv", { status: "migrating" });
      return replicating(id);
    },
    "6134": async (host) => {
      const id = await serverVault(host);
      await remove(host, id, "srv");
      return replicating(id);
    },
    "6128": async (host) => replicating(await vault(host, {}, replicas)),
  },
  ImportCheckpoint: {
    "6105": async () => ({ body: { sync: { vault_id: NOBODY, auto_trigger: false } } }),
    "7300": async (host) => ({ body: { sync: { vault_id: await vault(host), auto_trigger: false } } }),
  },
  CopyBackup: {
    "1001": async (host) => {
      const vaultId = await serverVault(host);
      await putBackup(host.records, backupRow("b1", { vaultId, resourceType: SERVER, status: "error" }));
      return replicatingOne();
    },
    "1003": async (host) => {
      await diskBackup(host);
      return replicatingOne();
    },
    "1004": async (host) => {
      const vaultId = await serverVault(host);
      await putBackup(host.records, backupRow("b1", { vaultId, resourceType: SERVER, containSystemDisk: false }));
      return replicatingOne();
    },
    "1005": async (host) => {
      await serverBackup(host);
      return replicatingOne();
    },
    "6112": async (host) => {
      await freeze(host, await serverBackup(host));
      return replicatingOne();
    },
    "6118": async (host) => {
      await serverBackup(host);
      return replicatingOne({ destination_vault_id: await vault(host, {}, { ...servers, ...replicas }) });
    },
    "6130": async (host) => {
      await setBinding(host, await serverBackup(host), "srv", { status: "migrating" });
      return replicatingOne();
    },
    "6134": async (host) => {
      await setBinding(host, await serverBackup(host), "srv", { status: "removing" });
      return replicatingOne();
    },
  },
  ImportBackup: { "9910": async () => ({ body: importBody }) },
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
