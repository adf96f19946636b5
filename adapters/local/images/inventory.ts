/** Which disk images and servers are known to this host: registering, listing and removing them. */
import { stat } from "node:fs/promises";
import type { Clock } from "../../../core/domain/values.ts";
import {
  type RecordStore,
  TransactionConflict,
  TransactionRefused,
  type Write,
} from "../../../core/ports/record-store.ts";
import {
  claimItem,
  claimKey,
  diskKey,
  type RegisteredDisk,
  type RegisteredServer,
  readClaim,
  readDisk,
  readDisks,
  readServer,
  readServers,
  resourceItem,
  serverKey,
  type Versioned,
} from "./inventory-records.ts";
import type { Probe } from "./probe.ts";
import { ResourceRefused } from "./resource-refused.ts";

/** The wire's limit for names of servers and disks. */
const NAME_CHARACTERS = 255;
/** A virtual machine of the Cloud Backup service has a system disk and up to 23 data disks. */
const SERVER_DISKS = 24;
/** Losing a race this often in a row means that something else is wrong. */
const RACES = 8;

export interface Inventory {
  /** Registers a raw image. `path` may be relative to the working directory. @throws ResourceRefused */
  addDisk(request: {
    readonly path: string;
    readonly name: string;
    readonly system: boolean;
    readonly forceRaw: boolean;
  }): Promise<RegisteredDisk>;
  /** Groups 1 to 24 disks, in device order; the system disk is put first. @throws ResourceRefused */
  addServer(request: { readonly name: string; readonly diskIds: readonly string[] }): Promise<RegisteredServer>;
  /**
   * Forgets a disk or server; its file and its backups stay. Removing a server sets its disks free.
   * `isProtected` says why a resource must stay (bound to a vault, being backed up …), or nothing.
   * @throws ResourceRefused
   */
  remove(
    id: string,
    guard: { readonly isProtected: (id: string) => Promise<string | undefined> },
  ): Promise<RegisteredDisk | RegisteredServer>;
  /** Everything that is registered, each kind in id order, as it was registered; ResourceProvider tells the live state. */
  list(): Promise<{ readonly disks: readonly RegisteredDisk[]; readonly servers: readonly RegisteredServer[] }>;
}

function checkedName(name: string): string {
  const characters = [...name].length;
  if (characters < 1 || characters > NAME_CHARACTERS)
    throw new ResourceRefused("name", `has ${characters} characters; it must have 1 to ${NAME_CHARACTERS}`);
  return name;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** Does the path of that disk lead to this file now? Files are replaced and moved after they were registered. */
async function leadsTo(disk: RegisteredDisk, file: { path: string; dev: string; ino: string }): Promise<boolean> {
  if (disk.path === file.path) return true;
  const now = await stat(disk.path, { bigint: true }).catch(() => undefined);
  return now !== undefined && `${now.dev}` === file.dev && `${now.ino}` === file.ino;
}

/** Reads, decides and writes again as long as another caller was faster. */
async function racing<T>(action: () => Promise<T>): Promise<T> {
  for (let race = 1; ; race++) {
    try {
      return await action();
    } catch (error) {
      const lost = error instanceof TransactionRefused || error instanceof TransactionConflict;
      if (!lost || race === RACES) throw error;
    }
  }
}

/** The inventory in the records. `now`: epoch milliseconds; `newId`: a new UUID; `probe`: see probe.ts. */
export function createInventory({
  records,
  now,
  newId,
  probe,
}: {
  readonly records: RecordStore;
  readonly now: Clock;
  readonly newId: () => string;
  readonly probe: Probe;
}): Inventory {
  async function memberDisks(diskIds: readonly string[]): Promise<Versioned<RegisteredDisk>[]> {
    if (diskIds.length < 1 || diskIds.length > SERVER_DISKS)
      throw new ResourceRefused("diskIds", `a server has 1 to ${SERVER_DISKS} disks, not ${diskIds.length}`);
    const twice = diskIds.find((id, i) => diskIds.indexOf(id) !== i);
    if (twice !== undefined) throw new ResourceRefused("diskIds", `the disk ${twice} is given twice`);
    const disks: Versioned<RegisteredDisk>[] = [];
    for (const id of diskIds) {
      const disk = await readDisk(records, id);
      if (disk === undefined) throw new ResourceRefused("diskIds", `no disk has the id ${id}`);
      const { serverId } = disk.value;
      if (serverId !== undefined)
        throw new ResourceRefused("diskIds", `the disk ${id} (${disk.value.name}) belongs to the server ${serverId}`);
      disks.push(disk);
    }
    const system = disks.filter(({ value }) => value.system);
    if (system.length > 1)
      throw new ResourceRefused(
        "diskIds",
        `a server has one system disk at most, and these are ${system.map(({ value }) => value.id).join(", ")}`,
      );
    return [...system, ...disks.filter(({ value }) => !value.system)];
  }

  async function removeDisk({ v, value: disk }: Versioned<RegisteredDisk>): Promise<RegisteredDisk> {
    if (disk.serverId !== undefined)
      throw new ResourceRefused("id", `the disk belongs to the server ${disk.serverId}; remove the server first`);
    const claim = await readClaim(records, disk);
    // Loses to a server that takes the disk, and to another removal: then it is read again.
    const writes: Write[] = [{ op: "delete", key: diskKey(disk.id), if: { v } }];
    // A claim that was stale belongs to the disk that took it over.
    if (claim?.value.diskId === disk.id) writes.push({ op: "delete", key: claimKey(disk), if: { v: claim.v } });
    await records.transact(writes);
    return disk;
  }

  async function removeServer({ v, value: server }: Versioned<RegisteredServer>): Promise<RegisteredServer> {
    const writes: Write[] = [{ op: "delete", key: serverKey(server.id), if: { v } }];
    for (const diskId of server.diskIds) {
      const disk = await readDisk(records, diskId);
      if (disk?.value.serverId !== server.id) continue;
      const { serverId: _, ...free } = disk.value;
      writes.push({ op: "put", item: resourceItem(free, disk.v + 1), if: { v: disk.v } });
    }
    await records.transact(writes);
    return server;
  }

  return {
    async addDisk({ path, name, system, forceRaw }) {
      checkedName(name);
      return racing(async () => {
        const file = await probe(path, { forceRaw });
        // The claim is read before the disks: a disk that is registered later changes it, and the write below loses.
        const claim = await readClaim(records, file);
        for await (const other of readDisks(records))
          if (await leadsTo(other, file))
            throw new ResourceRefused(
              "path",
              `${file.path} is already registered as the disk ${other.id} (${other.name}, ${other.path})`,
            );
        const disk: RegisteredDisk = { kind: "disk", id: newId(), name, system, forceRaw, ...file, createdAt: now() };
        // A claim that stands here is stale: no registered disk leads to this file any more.
        await records.transact([
          { op: "put", item: resourceItem(disk, 1), if: "absent" },
          {
            op: "put",
            item: claimItem(disk, (claim?.v ?? 0) + 1),
            if: claim === undefined ? "absent" : { v: claim.v },
          },
        ]);
        return disk;
      });
    },

    async addServer({ name, diskIds }) {
      checkedName(name);
      return racing(async () => {
        const disks = await memberDisks(diskIds);
        const id = newId();
        const server: RegisteredServer = {
          kind: "server",
          id,
          name,
          diskIds: disks.map(({ value }) => value.id),
          createdAt: now(),
        };
        // Loses to another server that takes one of the disks, and to a disk's removal.
        await records.transact([
          { op: "put", item: resourceItem(server, 1), if: "absent" },
          ...disks.map(
            ({ v, value }): Write => ({
              op: "put",
              item: resourceItem({ ...value, serverId: id }, v + 1),
              if: { v },
            }),
          ),
        ]);
        return server;
      });
    },

    async remove(id, { isProtected }) {
      return racing(async () => {
        const found = (await readServer(records, id)) ?? (await readDisk(records, id));
        if (found === undefined) throw new ResourceRefused("id", `no disk or server has the id ${id}`);
        const reason = await isProtected(id);
        if (reason !== undefined) throw new ResourceRefused("id", `${id} cannot be removed: ${reason}`);
        const { v, value } = found;
        return value.kind === "disk" ? removeDisk({ v, value }) : removeServer({ v, value });
      });
    },

    async list() {
      return { disks: await collect(readDisks(records)), servers: await collect(readServers(records)) };
    },
  };
}
