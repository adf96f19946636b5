/** What is asked of the service when it is killed, and what may have become of it afterwards. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BackupView, VaultView } from "../support/api-client.ts";
import type { Act, ActName } from "./act.ts";
import { readFacts } from "./record-facts.ts";
import { serverBackup } from "./server-act.ts";
import type { SideVault, World } from "./world.ts";

const ERROR = "ended in error";

function broken(promise: string): never {
  throw new Error(`broken promise: ${promise}`);
}

export function prepare(world: World, name: ActName): Promise<Act> {
  switch (name) {
    case "full backup":
      return backup(world, false);
    case "incremental backup":
      return backup(world, true);
    case "server backup":
      return serverBackup(world);
    case "restore":
      return restore(world);
    case "delete oldest":
      return deleteBackup(world, (backups) => backups[0]);
    case "delete newest":
      return deleteBackup(world, (backups) => backups.at(-1));
    case "create vault":
      return createVault(world);
    case "delete vault":
      return deleteVault(world);
    case "remove resource":
      return removeResource(world);
  }
}

async function backup(world: World, incremental: boolean): Promise<Act> {
  world.image.change();
  const before = new Set((await world.ownBackups()).map((b) => b.id));
  return {
    request: () => world.api.ask("POST", "/checkpoints", world.checkpointBody(world.vaultId, incremental)),
    async judge(acknowledged) {
      const [made, ...more] = (await world.ownBackups()).filter((b) => !before.has(b.id));
      if (more.length > 0) broken(`one request made ${more.length + 1} backups`);
      if (made === undefined) return acknowledged ? broken("an acknowledged backup is gone") : "not begun";
      if (made.status === "available") {
        world.versions.set(made.id, world.image.current);
        return "available";
      }
      // Visible, with its reason, and to be deleted like any other.
      await world.deleteBackup(made.id);
      return ERROR;
    },
  };
}

async function restore(world: World): Promise<Act> {
  const [oldest] = await world.ownBackups();
  const version = world.versions.get(oldest?.id ?? "");
  if (oldest === undefined || version === undefined) throw new Error("there is no backup to restore");
  // So that there is much to write, and a half-written disk is neither the one nor the other.
  const found = world.image.change();
  const known = new Set((await world.tasks("?operation_type=restore")).map((t) => t.id));
  return {
    request: () => world.api.ask("POST", `/backups/${oldest.id}/restore`, world.restoreBody()),
    async judge(acknowledged) {
      const [task] = (await world.tasks("?operation_type=restore")).filter((t) => !known.has(t.id));
      if (task === undefined) {
        if (acknowledged) broken("an acknowledged restore is gone");
        world.image.mustHold(found);
        return "not begun";
      }
      if (task.status === "success") {
        world.image.mustHold(version);
        return "restored";
      }
      const refused = await world.api.ask("POST", "/checkpoints", world.checkpointBody(world.vaultId, true));
      if (!JSON.stringify(refused.body).includes("6215")) broken("a half restored disk was taken into a backup");
      await world.restore(oldest.id);
      return ERROR;
    },
  };
}

async function deleteBackup(
  world: World,
  choose: (backups: readonly BackupView[]) => BackupView | undefined,
): Promise<Act> {
  // Three, so that oldest, middle and newest are different ones.
  while ((await world.ownBackups()).length < 3) {
    world.image.change();
    await world.backUp();
  }
  const chosen = choose(await world.ownBackups());
  if (chosen === undefined) throw new Error("there is no backup to delete");
  return {
    request: () => world.api.ask("DELETE", `/backups/${chosen.id}`),
    async judge(acknowledged) {
      const { status } = await world.api.ask("GET", `/backups/${chosen.id}`);
      const [listed] = (await world.ownBackups()).filter((b) => b.id === chosen.id);
      if (status === 404) {
        if (listed !== undefined) broken("a deleted backup is listed");
        world.versions.delete(chosen.id);
        return "deleted";
      }
      if (listed?.status === "available")
        return acknowledged ? broken("an acknowledged deletion was forgotten") : "not begun";
      await world.deleteBackup(chosen.id);
      return ERROR;
    },
  };
}

async function createVault(world: World): Promise<Act> {
  const path = join(world.work, `new-${Date.now()}.img`);
  writeFileSync(path, Buffer.alloc(1024 * 1024));
  const diskId = await world.addDisk(path);
  const body = world.vaultBody(diskId);
  return {
    request: () => world.api.ask("POST", "/vaults", body),
    async judge(acknowledged) {
      const [made, ...more] = (await world.vaults()).filter((v) => v.name === body.vault.name);
      if (more.length > 0) broken("one request made several vaults");
      if (made === undefined) {
        if (acknowledged) broken("an acknowledged vault is gone");
        // What an unfinished request claimed must be free for the next one.
        await world.api.delete(`/vaults/${await world.createVault(diskId)}`);
        await world.idle();
        return "not begun";
      }
      if (made.resources.length !== 1) broken("a vault was made without its resource");
      await world.api.delete(`/vaults/${made.id}`);
      await world.idle();
      return "made";
    },
  };
}

async function deleteVault(world: World): Promise<Act> {
  const side = await world.sideVault();
  return {
    request: () => world.api.ask("DELETE", `/vaults/${side.vaultId}`),
    async judge(acknowledged) {
      const { status, body } = await world.api.ask("GET", `/vaults/${side.vaultId}`);
      if (status === 404) {
        await mustBeGone(world, side);
        return "deleted";
      }
      const { vault } = body as { vault: VaultView };
      if (vault.billing.status === "available" && acknowledged) broken("an acknowledged deletion was forgotten");
      if (vault.billing.status === "available" && vault.resources[0]?.backup_count !== 1)
        broken("a vault that was not deleted lost a backup");
      await world.api.delete(`/vaults/${side.vaultId}`);
      await world.idle();
      await mustBeGone(world, side);
      return vault.billing.status === "available" ? "not begun" : ERROR;
    },
  };
}

async function removeResource(world: World): Promise<Act> {
  const side = await world.sideVault();
  const request = () =>
    world.api.ask("POST", `/vaults/${side.vaultId}/removeresources`, { resource_ids: [side.diskId] });
  return {
    request,
    async judge(acknowledged) {
      const { vault } = await world.api.get<{ vault: VaultView }>(`/vaults/${side.vaultId}`);
      const [left] = vault.resources;
      if (left !== undefined && left.protect_status === "available" && acknowledged)
        broken("an acknowledged removal was forgotten");
      if (left !== undefined) await request();
      await world.idle();
      await mustBeGone(world, side);
      await world.api.delete(`/vaults/${side.vaultId}`);
      await world.idle();
      return left === undefined ? "removed" : left.protect_status === "available" ? "not begun" : ERROR;
    },
  };
}

/** Nothing of the side vault's disk is kept: no backup, no binding, no claim. */
async function mustBeGone(world: World, { backupId, diskId }: SideVault): Promise<void> {
  if ((await world.api.ask("GET", `/backups/${backupId}`)).status !== 404) broken("a deleted backup is still there");
  const { claims, bindings } = readFacts(world.work);
  if (claims.includes(diskId) || bindings.some((b) => b.resourceId === diskId)) broken("a removed disk is still bound");
}
