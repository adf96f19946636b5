/** Where is the inventory of disks and servers changed? Through the running service, or in its folder when none runs. */
import { type Client, connect, type Row, rowOf, rowsOf } from "./client.ts";
import { defaultDataDir } from "./connection.ts";
import type { Context } from "./context.ts";
import { ServiceUnreachable } from "./failure.ts";
import { loadOffline } from "./local-host.ts";

export interface DiskRequest {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly system: boolean;
  readonly force_raw: boolean;
}

/** The inventory, wherever it is. Resources look the same from both sides; sizes are bytes. */
export interface Resources {
  addDisk(disk: DiskRequest): Promise<Row>;
  addServer(server: { readonly name: string; readonly disk_ids: readonly string[] }): Promise<Row>;
  list(): Promise<Row[]>;
  remove(id: string): Promise<void>;
}

/**
 * Does `work` on the inventory of the running service. Only when there certainly is none (no credentials yet, or nothing
 * listens at their address) the folder itself is opened; its lock keeps a service out for that moment.
 */
export async function withResources<T>(context: Context, work: (resources: Resources) => Promise<T>): Promise<T> {
  const connection = context.connection();
  if (connection === undefined) return offline(context.data ?? defaultDataDir, work);
  try {
    return await work(throughService(await connect(connection)));
  } catch (error) {
    const notRunning = error instanceof ServiceUnreachable && error.refused;
    if (!notRunning || connection.dataDir === undefined) throw error;
    return offline(connection.dataDir, work);
  }
}

function throughService(client: Client): Resources {
  const path = "/holdfast/resources";
  const add = async (resource: object): Promise<Row> =>
    rowOf(await client.send("POST", path, { resource }), "resource");
  return {
    addDisk: (disk) => add({ kind: "disk", ...disk }),
    addServer: (server) => add({ kind: "server", ...server }),
    list: async () => rowsOf(await client.get(path), "resources"),
    async remove(id) {
      await client.send("DELETE", `${path}/${encodeURIComponent(id)}`);
    },
  };
}

async function offline<T>(dataDir: string, work: (resources: Resources) => Promise<T>): Promise<T> {
  const { withOfflineResources } = await loadOffline();
  return withOfflineResources(dataDir, (inventory) =>
    work({
      async addDisk({ path, name, system, force_raw }) {
        return offlineView(await inventory.addDisk({ path, name, system, forceRaw: force_raw }));
      },
      async addServer({ name, disk_ids }) {
        return offlineView(await inventory.addServer({ name, diskIds: disk_ids }));
      },
      async list() {
        const { disks, servers } = await inventory.list();
        return [...disks, ...servers].map(offlineView);
      },
      async remove(id) {
        await inventory.remove(id);
      },
    }),
  );
}

/** A registered resource in the words of the API. */
function offlineView(resource: object): Row {
  const { forceRaw: _, diskIds, serverId, dev: __, ino: ___, ...rest } = resource as Row;
  return {
    ...rest,
    ...(serverId === undefined ? {} : { server_id: serverId }),
    ...(diskIds === undefined ? {} : { disks: diskIds }),
  };
}
