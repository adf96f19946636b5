/** How does the command reach the one-machine host? Loaded only when needed: all other commands start faster without. */

interface Service {
  readonly url: string;
  stop(graceMs: number): Promise<void>;
}
type StartService = (options: {
  readonly dataDir: string;
  readonly port: number;
  readonly host: string;
  readonly log: (line: object) => void;
}) => Promise<Service>;

/** The inventory of a data folder that no service uses. */
interface OfflineInventory {
  addDisk(request: { path: string; name: string; system: boolean; forceRaw: boolean }): Promise<object>;
  addServer(request: { name: string; diskIds: readonly string[] }): Promise<object>;
  list(): Promise<{ readonly disks: readonly object[]; readonly servers: readonly object[] }>;
  remove(id: string): Promise<unknown>;
}
type WithOfflineResources = <T>(dataDir: string, work: (inventory: OfflineInventory) => Promise<T>) => Promise<T>;

const load = async (file: string): Promise<unknown> => import(new URL(`../local/${file}`, import.meta.url).href);

/** @throws whatever the host throws while it loads */
export async function loadService(): Promise<{ startService: StartService }> {
  return (await load("service.ts")) as { startService: StartService };
}

/** @throws whatever the host throws while it loads */
export async function loadOffline(): Promise<{ withOfflineResources: WithOfflineResources }> {
  return (await load("offline.ts")) as { withOfflineResources: WithOfflineResources };
}
