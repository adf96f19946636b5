/** How registered disks and servers stand in the record store, and how they are read back. */
import { z } from "zod";
import type { Item, Key, RecordStore } from "../../../core/ports/record-store.ts";

const PARTITION = "INV";

const diskSchema = z.object({
  kind: z.literal("disk"),
  id: z.string(),
  name: z.string(),
  path: z.string(),
  system: z.boolean(),
  forceRaw: z.boolean(),
  size: z.number(),
  dev: z.string(),
  ino: z.string(),
  serverId: z.string().optional(),
  createdAt: z.number(),
});
const serverSchema = z.object({
  kind: z.literal("server"),
  id: z.string(),
  name: z.string(),
  diskIds: z.array(z.string()),
  createdAt: z.number(),
});
const claimSchema = z.object({ diskId: z.string() });

/** `size`: bytes when it was last looked at. `dev`, `ino`: the file at registration. `createdAt`: epoch milliseconds. */
export type RegisteredDisk = z.infer<typeof diskSchema>;
/** `diskIds` in device order, the system disk first when there is one. */
export type RegisteredServer = z.infer<typeof serverSchema>;

/** A record with the version that a write on it names. */
export interface Versioned<T> {
  readonly v: number;
  readonly value: T;
}

export const diskKey = (id: string): Key => ({ pk: PARTITION, sk: `disk#${id}` });
export const serverKey = (id: string): Key => ({ pk: PARTITION, sk: `server#${id}` });
/** One file has one claim, whatever its names. */
export const claimKey = ({ dev, ino }: { dev: string; ino: string }): Key => ({
  pk: PARTITION,
  sk: `path#${dev}:${ino}`,
});

/** The item of a disk or server in version `v`. */
export function resourceItem(value: RegisteredDisk | RegisteredServer, v: number): Item {
  const key = value.kind === "disk" ? diskKey(value.id) : serverKey(value.id);
  return { ...key, v, body: { ...value } };
}

/** The item that keeps a file for one disk. */
export function claimItem(disk: RegisteredDisk, v: number): Item {
  return { ...claimKey(disk), v, body: { diskId: disk.id } };
}

/** The wire's limit; anything else was never given out and must not reach the store as a key. */
const wellFormed = (id: string) => id.length >= 1 && id.length <= 64;

/** The newest state of one disk. */
export async function readDisk(records: RecordStore, id: string): Promise<Versioned<RegisteredDisk> | undefined> {
  const item = wellFormed(id) ? await records.get(diskKey(id), { consistent: true }) : undefined;
  return item && { v: item.v, value: diskSchema.parse(item.body) };
}

/** The newest state of one server. */
export async function readServer(records: RecordStore, id: string): Promise<Versioned<RegisteredServer> | undefined> {
  const item = wellFormed(id) ? await records.get(serverKey(id), { consistent: true }) : undefined;
  return item && { v: item.v, value: serverSchema.parse(item.body) };
}

/** Which disk holds the claim on a file. */
export async function readClaim(
  records: RecordStore,
  file: { dev: string; ino: string },
): Promise<Versioned<{ diskId: string }> | undefined> {
  const item = await records.get(claimKey(file), { consistent: true });
  return item && { v: item.v, value: claimSchema.parse(item.body) };
}

// "$" follows "#" in ASCII, so these two ends hold exactly the sort keys that begin with `kind#`.
const endOf = (kind: string) => `${kind}$`;

async function* readKind(records: RecordStore, kind: "disk" | "server", after: string): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await records.query({
      pk: PARTITION,
      sk: { from: `${kind}#${after}`, to: endOf(kind) },
      limit: 1_000,
      consistent: true,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const item of page.items) if (item.sk !== `${kind}#${after}`) yield item;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Registered disks in id order, after the id `after`. */
export async function* readDisks(records: RecordStore, after = ""): AsyncGenerator<RegisteredDisk> {
  for await (const item of readKind(records, "disk", after)) yield diskSchema.parse(item.body);
}

/** Registered servers in id order, after the id `after`. */
export async function* readServers(records: RecordStore, after = ""): AsyncGenerator<RegisteredServer> {
  for await (const item of readKind(records, "server", after)) yield serverSchema.parse(item.body);
}
