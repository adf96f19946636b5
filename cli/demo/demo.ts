/** Does it work? A throwaway disk is backed up twice, destroyed, restored to both states and compared, all by the API. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backupFailures, finishBackup, finishRestore, startBackup, startRestore } from "../backups.ts";
import { type Client, connect, type Row, rowOf } from "../client.ts";
import { type Connection, findConnection } from "../connection.ts";
import type { Context } from "../context.ts";
import { CommandFailed } from "../failure.ts";
import { taskError } from "../tasks.ts";
import { formatBytes, formatTable } from "../text.ts";
import { type Figures, figuresBetween, readFigures } from "./figures.ts";
import { changeImage, destroyImage, hashImage, imageSize, makeImage } from "./image.ts";
import { startServiceProcess } from "./service.ts";

interface BackupStep extends Figures {
  readonly step: string;
  readonly backup_id: string;
  readonly sha256: string;
  readonly disk: number;
  readonly seconds: number;
}
interface RestoreStep {
  readonly step: string;
  readonly identical: boolean;
  readonly seconds: number;
}

/** Where the demo happens. */
interface Scene {
  readonly context: Context;
  readonly connection: Connection;
  readonly client: Client;
  readonly image: string;
  readonly diskId: string;
  readonly vaultId: string;
}

/** Runs the demo on a temporary folder and prints its table. @throws CommandFailed when anything differs */
export async function demo(context: Context): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  let service: Awaited<ReturnType<typeof startServiceProcess>> | undefined;
  // Ctrl-C must not leave a service and half a gigabyte behind.
  const cleanUp = async (): Promise<void> => {
    await service?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => {
    void cleanUp().finally(() => process.exit(1));
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  try {
    const dataDir = join(folder, "data");
    const image = join(folder, "disk.img");
    context.note(`making a disk of ${formatBytes(imageSize)} …`);
    const what = await makeImage(image, folder);
    service = await startServiceProcess(dataDir);
    context.note(`the service runs; the disk holds ${what}`);
    await play(await setScene(context, dataDir, image), folder);
  } finally {
    process.removeListener("SIGINT", interrupted);
    process.removeListener("SIGTERM", interrupted);
    await cleanUp();
  }
}

async function setScene(context: Context, dataDir: string, image: string): Promise<Scene> {
  const connection = findConnection(dataDir, {});
  if (connection === undefined) throw new CommandFailed("the service wrote no credentials.json");
  const client = await connect(connection);
  const disk = { kind: "disk", path: image, name: "demo-disk", system: false, force_raw: false };
  const diskId = idOf(rowOf(await client.send("POST", "/holdfast/resources", { resource: disk }), "resource"));
  const vault = {
    name: "demo-vault",
    billing: { object_type: "disk", protect_type: "backup", consistent_level: "crash_consistent", size: 10 },
    resources: [{ id: diskId, type: "OS::Cinder::Volume" }],
  };
  const vaultId = idOf(rowOf(await client.send("POST", "/vaults", { vault }), "vault"));
  return { context, connection, client, image, diskId, vaultId };
}

const idOf = (row: Row): string => String(row.id);

async function play(scene: Scene, folder: string): Promise<void> {
  const { context, image } = scene;
  const backups = [await backUp(scene, "full")];
  await changeImage(image, folder);
  backups.push(await backUp(scene, "incremental"));
  context.note("the disk is destroyed: overwritten with random bytes …");
  await destroyImage(image);
  const restores: RestoreStep[] = [];
  for (const backup of backups) restores.push(await restore(scene, backup));

  context.print({ backups, restores }, report(backups, restores));
  const wrong = restores.filter(({ identical }) => !identical);
  if (wrong.length > 0) throw new CommandFailed(`NOT identical: ${wrong.map(({ step }) => step).join(", ")}`);
}

async function backUp({ context, connection, client, image, vaultId }: Scene, step: string): Promise<BackupStep> {
  context.note(`${step} backup …`);
  const sha256 = await hashImage(image);
  const before = await readFigures(connection.url);
  const started = performance.now();
  const checkpoint = await startBackup(client, { vaultId, incremental: true, name: `demo-${step}` });
  const outcome = await finishBackup(client, vaultId, checkpoint);
  const seconds = secondsSince(started);
  const failures = await backupFailures(client, vaultId, outcome);
  const [backup] = outcome.backups;
  if (failures.length > 0 || backup === undefined) throw new CommandFailed(`${step} backup: ${failures.join("; ")}`);
  const figures = figuresBetween(before, await readFigures(connection.url));
  return { step, backup_id: idOf(backup), sha256, disk: imageSize, ...figures, seconds };
}

async function restore({ context, client, image, diskId }: Scene, backup: BackupStep): Promise<RestoreStep> {
  context.note(`restoring the ${backup.step} backup …`);
  const started = performance.now();
  const target = { volume_id: diskId };
  const task = await startRestore(client, { backupId: backup.backup_id, target, powerOn: false });
  const why = taskError(await finishRestore(client, task));
  if (why !== undefined) throw new CommandFailed(why);
  const seconds = secondsSince(started);
  return { step: backup.step, identical: (await hashImage(image)) === backup.sha256, seconds };
}

const secondsSince = (started: number): number => Math.round((performance.now() - started) / 100) / 10;

function report(backups: readonly BackupStep[], restores: readonly RestoreStep[]): string {
  const bytes = (value: number | undefined): string => (value === undefined ? "-" : formatBytes(value));
  const lines = [
    ...backups.map((b) => [
      `${b.step} backup`,
      bytes(b.disk),
      bytes(b.read),
      bytes(b.changed),
      bytes(b.stored),
      b.seconds.toFixed(1),
      "available",
    ]),
    ...restores.map((r) => [
      `restore of ${r.step}`,
      bytes(imageSize),
      "",
      "",
      "",
      r.seconds.toFixed(1),
      r.identical ? "restored identical" : "DIFFERENT",
    ]),
  ];
  return formatTable(["STEP", "ON DISK", "READ", "CHANGED", "STORED", "SECONDS", "RESULT"], lines);
}
