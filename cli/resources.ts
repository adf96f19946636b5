/** Where is the inventory of disks and servers changed? Through the running service, or in its folder when none runs. */
import type { RegisteredDisk, RegisteredServer } from "../adapters/local/images/inventory-records.ts";
import { type Client, connect, type Row, rowOf, rowsOf } from "./client.ts";
import { defaultDataDir } from "./connection.ts";
import type { Context } from "./context.ts";
import { ServiceUnreachable } from "./failure.ts";

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
 * listens at their address) the folder itself is opened; its lock keeps a service out for that moment. Only `create` makes a
 * folder that is not there: a mistyped name must not look like an empty inventory.
 */
export async function withResources<T>(
  context: Context,
  work: (resources: Resources) => Promise<T>,
  { create = false }: { readonly create?: boolean } = {},
): Promise<T> {
  const connection = context.connection();
  if (connection === undefined) return offline(context.data ?? defaultDataDir, create, work);
  try {
    return await work(throughService(await connect(connection)));
  } catch (error) {
    const notRunning = error instanceof ServiceUnreachable && error.refused;
    if (!notRunning || connection.dataDir === undefined) throw error;
    return offline(connection.dataDir, create, work);
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

async function offline<T>(dataDir: string, create: boolean, work: (resources: Resources) => Promise<T>): Promise<T> {
  // Loaded only here: commands that talk to the service start faster without the whole host.
  const { withOfflineResources } = await import("../local/offline.ts");
  return withOfflineResources(dataDir, { create }, (inventory) =>
    work({
      async addDisk({ path, name, system, force_raw }) {
        return diskView(await inventory.addDisk({ path, name, system, forceRaw: force_raw }));
      },
      async addServer({ name, disk_ids }) {
        const server = await inventory.addServer({ name, diskIds: disk_ids });
        return serverView(server, (await inventory.list()).disks);
      },
      async list() {
        const { disks, servers } = await inventory.list();
        return [...servers.map((server) => serverView(server, disks)), ...disks.map(diskView)];
      },
      async remove(id) {
        await inventory.remove(id);
      },
    }),
  );
}

/** Nobody has looked at the files, so there is no state to tell: `status` is null. The rest is as the service tells it. */
function diskView({ id, kind, name, size, system, serverId, path }: RegisteredDisk): Row {
  return { id, kind, name, size, status: null, reason: null, system, server_id: serverId ?? null, detail: { path } };
}

function serverView({ id, kind, name, diskIds }: RegisteredServer, all: readonly RegisteredDisk[]): Row {
  const disks = diskIds.flatMap((diskId) => all.find((disk) => disk.id === diskId) ?? []);
  const size = disks.reduce((sum, disk) => sum + disk.size, 0);
  return { id, kind, name, size, status: null, reason: null, disks: disks.map(diskView) };
}
