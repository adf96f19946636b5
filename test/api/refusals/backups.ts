/** How each refusal of checkpoints and backups (cbr-api 7.4) comes about. */
import { GIB } from "../../../core/domain/values.ts";
import { backupRow, putBackup } from "../../support/backup-rows.ts";
import {
  type Asked,
  backUp,
  diskBackup,
  diskVault,
  freeze,
  NOBODY,
  type Provocations,
  type Provoke,
  path,
  policy,
  replicas,
  serverBackup,
  serverVault,
  setBinding,
  vault,
} from "./world.ts";

const run = (vault_id: string, parameters?: object): Asked => ({
  body: { checkpoint: { vault_id, ...(parameters && { parameters }) } },
});

const restoring = (restore: object): Asked => ({ path, body: { restore } });
const toDisk = restoring({ volume_id: "d1" });
const toServer = restoring({ server_id: "srv" });
const mapped = (...pairs: readonly (readonly [backup: string, disk: string])[]): Asked =>
  restoring({ server_id: "srv", mappings: pairs.map(([backup_id, volume_id]) => ({ backup_id, volume_id })) });
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
  "CreateCheckpoint" | "ShowCheckpoint" | "ShowBackup" | "DeleteBackup" | "RestoreBackup" | "ShowMetadata"
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
    // A policy for one run: not built yet, and said so (501).
    "6000": async (host) => run(await diskVault(host), { policy_id: NOBODY, auto_trigger: true }),
    "6002": async (host) => run(await diskVault(host), { policy_id: await policy(host), auto_trigger: true }),
  },
  ShowCheckpoint: { "6217": async () => ({ path: { checkpoint_id: NOBODY } }) },
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
  ShowMetadata: {
    "6206": async (host) => {
      await diskBackup(host, { status: "protecting" });
      return { path };
    },
  },
};
