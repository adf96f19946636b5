/** A temporary place with real image files, a real inventory, and other processes that hold the files open. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInventory, type Inventory } from "../../../adapters/local/images/inventory.ts";
import type { Processes } from "../../../adapters/local/images/openers.ts";
import { createFileProbe } from "../../../adapters/local/images/probe.ts";
import { createImageProvider } from "../../../adapters/local/images/provider.ts";
import { createSqliteRecordStore } from "../../../adapters/local/sqlite-records.ts";
import type { RecordStore } from "../../../core/ports/record-store.ts";
import type { ResourceProvider } from "../../../core/ports/resource-provider.ts";
import type { ResourceWorld } from "../../contracts/resource-provider.ts";

/** Starts a program, waits until it prints something, and answers how to end it. */
export async function holding(command: string, args: readonly string[]): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let complaint = "";
  child.stderr?.on("data", (data: Buffer) => {
    complaint += data.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${complaint}`)));
  });
  return async () => {
    child.kill("SIGKILL");
    await gone;
  };
}

/** Another Node process opens the file with these flags (as of fs.open) and keeps it open. */
export function holdOpen(path: string, flags: "r" | "r+"): Promise<() => Promise<void>> {
  const script = `require("fs").openSync(process.argv[1], process.argv[2]); console.log("open"); setInterval(() => {}, 1e6);`;
  return holding(process.execPath, ["-e", script, path, flags]);
}

/** Is a program there? A test that needs it is skipped otherwise, but never where tests must be complete. */
export function installed(program: string): boolean {
  const found = spawnSync(program, ["--version"]).error === undefined;
  if (!found && process.env.CI === "true") throw new Error(`${program} is needed to run all tests`);
  return found;
}

/** Overwrites one byte in place, with another value. */
export async function changeByte(path: string, at: number): Promise<void> {
  const handle = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}

export interface ImagesWorld extends ResourceWorld {
  readonly folder: string;
  readonly dataFolder: string;
  readonly records: RecordStore;
  readonly inventory: Inventory;
  /** A path in the folder. */
  at(name: string): string;
  /** Writes a raw image of that many random bytes and answers its path. */
  image(name: string, size: number): string;
  /** Registers a file as a data disk and answers its id. */
  add(path: string): Promise<string>;
  /** The registered path of a disk. */
  pathOf(diskId: string): Promise<string>;
  withProcesses(processes: Processes): ResourceProvider;
}

/** Makes an empty world in a new temporary folder. */
export async function openImagesWorld(): Promise<ImagesWorld> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-images-"));
  const dataFolder = join(folder, "data");
  const records = createSqliteRecordStore({ path: join(folder, "records.sqlite"), now: Date.now });
  const probe = createFileProbe({ dataFolder });
  const inventory = createInventory({ records, now: Date.now, newId: randomUUID, probe });
  const at = (name: string) => join(folder, name);
  const image = (name: string, size: number) => {
    writeFileSync(at(name), Buffer.alloc(Math.min(size, 4096), randomUUID()));
    truncateSync(at(name), size);
    return at(name);
  };
  const add = async (path: string) =>
    (await inventory.addDisk({ path, name: "a disk", system: false, forceRaw: false })).id;
  const pathOf = async (diskId: string) => {
    const disk = (await inventory.list()).disks.find(({ id }) => id === diskId);
    if (disk === undefined) throw new Error(`no disk ${diskId}`);
    return disk.path;
  };
  return {
    folder,
    dataFolder,
    records,
    inventory,
    at,
    image,
    add,
    pathOf,
    provider: createImageProvider({ records, now: Date.now }),
    restarted: () => createImageProvider({ records, now: Date.now }),
    withProcesses: (processes) => createImageProvider({ records, now: Date.now, processes }),
    makeDisk: (size) => add(image(`${randomUUID()}.img`, size)),
    makeServer: async (diskIds) => (await inventory.addServer({ name: "a server", diskIds })).id,
    change: async (diskId) => changeByte(await pathOf(diskId), 1000),
    vanish: async (diskId) => rm(await pathOf(diskId)),
    use: async (diskId) => holdOpen(await pathOf(diskId), "r+"),
    watch: async (diskId) => holdOpen(await pathOf(diskId), "r"),
    dispose: async () => {
      records.close();
      rmSync(folder, { recursive: true });
    },
  };
}
