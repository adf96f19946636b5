/** A service under fire: one large disk in a vault, what every backup of it must hold, and the steps that tests take. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ApiClient, type BackupView, signIn, type TaskView, type VaultView } from "../support/api-client.ts";
import { type ServiceProcess, startServiceProcess } from "../support/service-process.ts";
import { createImage, type KnownImage, type Version } from "./image.ts";
import { readFacts } from "./record-facts.ts";

export interface WorldSize {
  /** More than 512 MiB, so that there are two leaves. */
  readonly imageBytes: number;
  readonly dataBytes: number;
}

/** Work that was acknowledged is done by then, whatever was killed; ms. */
const IDLE_MS = 90_000;
const LOOK_MS = 25;

/** A vault with a small disk of its own, to be deleted. */
export interface SideVault {
  readonly vaultId: string;
  readonly diskId: string;
  readonly backupId: string;
}

export class World {
  readonly work: string;
  readonly image: KnownImage;
  readonly imageBytes: number;
  service: ServiceProcess;
  api: ApiClient;
  vaultId = "";
  diskId = "";
  /** What each backup of the large disk must hold. */
  readonly versions = new Map<string, Version>();
  #names = 0;

  private constructor(work: string, image: KnownImage, imageBytes: number, service: ServiceProcess, api: ApiClient) {
    this.work = work;
    this.image = image;
    this.imageBytes = imageBytes;
    this.service = service;
    this.api = api;
  }

  /** A running service whose large disk has two backups: a full and an incremental one. */
  static async create({ imageBytes, dataBytes }: WorldSize, random: () => number): Promise<World> {
    const work = mkdtempSync(join(tmpdir(), "holdfast-chaos-"));
    const image = createImage(join(work, "disk.img"), imageBytes, dataBytes, random);
    const service = await startServiceProcess(work);
    const world = new World(work, image, imageBytes, service, await signIn(service.credentials));
    try {
      world.diskId = await world.addDisk(image.path);
      world.vaultId = await world.createVault(world.diskId);
      await world.backUp();
      image.change();
      await world.backUp();
      return world;
    } catch (error) {
      const log = world.lastWords();
      await world.close();
      throw new Error(`the world could not be made:\n${log}`, { cause: error });
    }
  }

  /** The end of the service's log. */
  lastWords(): string {
    return readFileSync(join(this.work, "service.log"), "utf8").split("\n").slice(-20).join("\n");
  }

  async close(): Promise<void> {
    await this.service.kill();
    rmSync(this.work, { recursive: true, force: true });
  }

  /** A new process on the same folder, its clock off by `clockMs`. */
  async restart(clockMs = 0): Promise<void> {
    this.service = await startServiceProcess(this.work, clockMs);
    this.api = await signIn(this.service.credentials);
  }

  async addDisk(path: string): Promise<string> {
    const body = { resource: { kind: "disk", path, name: `disk-${this.#names++}` } };
    return (await this.api.post<{ resource: { id: string } }>("/holdfast/resources", body)).resource.id;
  }

  vaultBody(diskId: string): { readonly vault: { readonly name: string } } {
    const billing = { object_type: "disk", protect_type: "backup", consistent_level: "crash_consistent", size: 1000 };
    const resources = [{ id: diskId, type: "OS::Cinder::Volume" }];
    return { vault: { name: `vault-${this.#names++}`, ...{ billing, resources } } };
  }

  async createVault(diskId: string): Promise<string> {
    return (await this.api.post<{ vault: VaultView }>("/vaults", this.vaultBody(diskId))).vault.id;
  }

  checkpointBody(vaultId: string, incremental: boolean): object {
    return { checkpoint: { vault_id: vaultId, parameters: { incremental, name: `cp-${this.#names++}` } } };
  }

  /** One backup of the large disk, from request to `available`. */
  async backUp(incremental = true): Promise<string> {
    const id = await this.#backUp(this.vaultId, incremental);
    this.versions.set(id, this.image.current);
    return id;
  }

  async #backUp(vaultId: string, incremental: boolean): Promise<string> {
    const body = this.checkpointBody(vaultId, incremental);
    const { checkpoint } = await this.api.post<{ checkpoint: { id: string } }>("/checkpoints", body);
    await this.idle();
    const [backup] = await this.backups(`?checkpoint_id=${checkpoint.id}`);
    if (backup?.status !== "available") throw new Error(`backup of ${vaultId} is ${backup?.status}`);
    return backup.id;
  }

  /** Restores a backup of the large disk, and compares what the disk holds then. */
  async restore(backupId: string): Promise<void> {
    const version = this.versions.get(backupId);
    if (version === undefined) throw new Error(`nobody knows what backup ${backupId} must hold`);
    const { job_id } = await this.api.post<{ job_id: string }>(`/backups/${backupId}/restore`, this.restoreBody());
    await this.idle();
    const task = await this.task(job_id);
    if (task.status !== "success") throw new Error(`restore of ${backupId}: ${task.error_info.message}`);
    this.image.mustHold(version);
  }

  restoreBody(): object {
    return { restore: { volume_id: this.diskId } };
  }

  async deleteBackup(backupId: string): Promise<void> {
    await this.api.delete(`/backups/${backupId}`);
    await this.idle();
    this.versions.delete(backupId);
  }

  /** A small vault with one backup, to be taken apart. */
  async sideVault(): Promise<SideVault> {
    const path = join(this.work, `side-${this.#names++}.img`);
    writeFileSync(path, Buffer.alloc(1024 * 1024, `side ${path}`));
    truncateSync(path, 8 * 1024 * 1024);
    const diskId = await this.addDisk(path);
    const vaultId = await this.createVault(diskId);
    return { vaultId, diskId, backupId: await this.#backUp(vaultId, true) };
  }

  async backups(query = ""): Promise<readonly BackupView[]> {
    return (await this.api.get<{ backups: readonly BackupView[] }>(`/backups${query}`)).backups;
  }

  /** Backups of the large disk, oldest first. */
  async ownBackups(): Promise<readonly BackupView[]> {
    const all = await this.backups(`?vault_id=${this.vaultId}`);
    return all.toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1));
  }

  async tasks(query = ""): Promise<readonly TaskView[]> {
    return (await this.api.get<{ operation_logs: readonly TaskView[] }>(`/operation-logs${query}`)).operation_logs;
  }

  async task(id: string): Promise<TaskView> {
    return (await this.api.get<{ operation_log: TaskView }>(`/operation-logs/${id}`)).operation_log;
  }

  async vaults(): Promise<readonly VaultView[]> {
    return (await this.api.get<{ vaults: readonly VaultView[] }>("/vaults")).vaults;
  }

  /** Waits until nothing runs any more: no execution, no task. @throws naming what still runs when it takes too long */
  async idle(): Promise<void> {
    const deadline = performance.now() + IDLE_MS;
    for (;;) {
      const { executions, runningTasks } = readFacts(this.work);
      if (executions.length + runningTasks.length === 0) return;
      if (performance.now() > deadline)
        throw new Error(`after ${IDLE_MS} ms there still runs: ${[...executions, ...runningTasks].join(", ")}`);
      await pause(LOOK_MS);
    }
  }
}
