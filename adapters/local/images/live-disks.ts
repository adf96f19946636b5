/** What are the registered disks like right now: size, in use, in error? */
import type { Disk, Server } from "../../../core/ports/resource-provider.ts";
import type { RegisteredDisk, RegisteredServer } from "./inventory-records.ts";
import { describeOpener, type FileIdentity, type Opener, type Processes } from "./openers.ts";
import { FileTrouble, SECTOR_BYTES, type Stamp, stampOf } from "./stamps.ts";

/** The identity that a stamp holds, as Processes wants it. */
export function identityOf({ path, dev, ino }: Stamp): FileIdentity {
  return { path, dev: BigInt(dev), ino: BigInt(ino) };
}

/** The rule for sizes, when a file breaks it. */
export function sizeTrouble(path: string, size: number): string | undefined {
  if (size === 0) return `${path} is empty`;
  return size % SECTOR_BYTES === 0
    ? undefined
    : `${path} has ${size} bytes, which is not a multiple of ${SECTOR_BYTES}: it was cut off or is not a raw image`;
}

/** A disk is restored only to a file that is there: the number is its last known size. */
const reasonOf = ({ path, size }: RegisteredDisk, { kind, message }: FileTrouble): string =>
  kind === "missing"
    ? `${message}: put it back, make an empty one to restore to (truncate -s ${size} ${path}), or remove the resource`
    : message;

async function look(disk: RegisteredDisk): Promise<Stamp | FileTrouble> {
  try {
    return await stampOf(disk.path);
  } catch (error) {
    if (error instanceof FileTrouble) return error;
    throw error;
  }
}

function shown(disk: RegisteredDisk, seen: Stamp | FileTrouble, openers: readonly Opener[], gap?: string): Disk {
  const base = {
    kind: "disk",
    id: disk.id,
    name: disk.name,
    system: disk.system,
    serverId: disk.serverId,
    promise: "quiescent",
    detail: { driver: "image", format: "raw", path: disk.path, ...(gap === undefined ? {} : { unseen: gap }) },
  } as const;
  if (seen instanceof FileTrouble) return { ...base, size: disk.size, status: "error", reason: reasonOf(disk, seen) };
  const wrong = sizeTrouble(disk.path, seen.size);
  if (wrong !== undefined) return { ...base, size: seen.size, status: "error", reason: wrong };
  const writer = openers.find(({ mayWrite }) => mayWrite);
  if (writer === undefined) return { ...base, size: seen.size, status: "available" };
  return { ...base, size: seen.size, status: "in-use", reason: `${describeOpener(writer)}: ${disk.path}` };
}

/** The live state of disks, in the order given, with one look at the processes for all of them. */
export async function liveDisks(disks: readonly RegisteredDisk[], processes: Processes): Promise<readonly Disk[]> {
  const seen = await Promise.all(disks.map(look));
  const present = seen.filter((stamp): stamp is Stamp => !(stamp instanceof FileTrouble));
  const { byFile, gap } =
    present.length === 0 ? { byFile: [], gap: undefined } : await processes.openersOf(present.map(identityOf));
  return disks.map((disk, i) => {
    const stamp = seen[i] as Stamp | FileTrouble;
    const openers = stamp instanceof FileTrouble ? [] : (byFile[present.indexOf(stamp)] ?? []);
    return shown(disk, stamp, openers, gap);
  });
}

/** A server with the disks it has: in error when one is, running when one is in use. */
export function liveServer(server: RegisteredServer, disks: readonly Disk[]): Server {
  const base = { kind: "server", id: server.id, name: server.name, disks } as const;
  const broken = disks.find(({ status }) => status === "error");
  if (broken !== undefined)
    return { ...base, status: "ERROR", reason: `disk ${broken.id} (${broken.name}): ${broken.reason}` };
  const used = disks.find(({ status }) => status === "in-use");
  if (used === undefined) return { ...base, status: "SHUTOFF" };
  return { ...base, status: "ACTIVE", reason: `disk ${used.id} (${used.name}): ${used.reason}` };
}
