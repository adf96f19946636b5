/** A ResourceProvider in memory for tests of everything that only looks resources up; nothing in it can be captured. */

import { GIB } from "../../core/domain/values.ts";
import type { Disk, Resource, ResourceProvider, Server } from "../../core/ports/resource-provider.ts";

/** The provider plus what only tests may do. */
export interface MemoryResources extends ResourceProvider {
  /** By id. Tests may replace and delete them. */
  readonly resources: Map<string, Resource>;
  addDisk(id: string, change?: Partial<Disk>): Disk;
  /** A server with new disks `<id>-d0`, `<id>-d1` … */
  addServer(id: string, disks?: number, change?: Partial<Server>): Server;
}

const refuse = (): never => {
  throw new Error("memory resources cannot be captured or written");
};

/** No resources yet. Disks are 10 GB and available unless said otherwise. */
export function createMemoryResources(): MemoryResources {
  const resources = new Map<string, Resource>();
  const disk = (id: string, change: Partial<Disk> = {}): Disk => ({
    kind: "disk",
    id,
    name: `disk-${id}`,
    size: 10 * GIB,
    system: false,
    serverId: undefined,
    status: "available",
    promise: "quiescent",
    detail: {},
    ...change,
  });
  return {
    resources,
    addDisk(id, change) {
      const made = disk(id, change);
      resources.set(id, made);
      return made;
    },
    addServer(id, count = 1, change = {}) {
      const disks = Array.from({ length: count }, (_, i) =>
        disk(`${id}-d${i}`, { serverId: id, system: i === 0, name: `${id}-disk${i}` }),
      );
      const made: Server = { kind: "server", id, name: `server-${id}`, disks, status: "SHUTOFF", ...change };
      resources.set(id, made);
      for (const one of made.disks) resources.set(one.id, one);
      return made;
    },
    async list(kind, { after = "", limit }) {
      return [...resources.values()]
        .filter((one) => one.kind === kind && one.id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit);
    },
    find: async (id) => resources.get(id),
    capture: refuse,
    ready: async () => true,
    confirm: refuse,
    release: refuse,
    releaseKept: async () => undefined,
    async *held() {},
    target: refuse,
  };
}
