/** A backup of a server of two disks, whose images must be of one instant: sealed both or not at all. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BackupView } from "../support/api-client.ts";
import type { Act } from "./act.ts";
import type { World } from "./world.ts";

const MIB = 1024 ** 2;
let servers = 0;

export async function serverBackup(world: World): Promise<Act> {
  const name = `server-${servers++}`;
  const paths = ["a", "b"].map((disk) => join(world.work, `${name}-${disk}.img`));
  paths.forEach((path, i) => {
    writeFileSync(path, Buffer.alloc((2 + i) * MIB, `${path} before`));
  });
  const diskIds: string[] = [];
  for (const path of paths) diskIds.push(await world.addDisk(path));
  const added = await world.api.post<{ resource: { id: string } }>("/holdfast/resources", {
    resource: { kind: "server", name, disk_ids: diskIds },
  });
  const serverId = added.resource.id;
  const billing = { object_type: "server", protect_type: "backup", consistent_level: "crash_consistent", size: 100 };
  const resources = [{ id: serverId, type: "OS::Nova::Server" }];
  const made = await world.api.post<{ vault: { id: string } }>("/vaults", { vault: { name, billing, resources } });
  const vaultId = made.vault.id;
  const before = paths.map((path) => readFileSync(path));

  return {
    request: () => world.api.ask("POST", "/checkpoints", world.checkpointBody(vaultId, true)),
    async judge(acknowledged) {
      const [backup, ...more] = await world.backups(`?vault_id=${vaultId}`);
      if (more.length > 0) throw new Error("broken promise: one request made several backups");
      if (backup === undefined && acknowledged) throw new Error("broken promise: an acknowledged backup is gone");
      if (backup?.status === "available") await restoresBoth(backup);
      await world.api.delete(`/vaults/${vaultId}`);
      await world.idle();
      for (const path of paths) rmSync(path);
      return backup === undefined ? "not begun" : backup.status === "available" ? "available" : "ended in error";
    },
  };

  async function restoresBoth({ id }: BackupView): Promise<void> {
    const shown = await world.api.get<{ backup: { children: readonly BackupView[] } }>(`/backups/${id}`);
    const children = shown.backup.children.map((child) => child.status).join();
    if (children !== "available,available") throw new Error(`broken promise: the server's disks are ${children}`);
    for (const path of paths) writeFileSync(path, Buffer.alloc(readFileSync(path).length, "after"));
    await world.api.post(`/backups/${id}/restore`, { restore: { server_id: serverId } });
    await world.idle();
    paths.forEach((path, i) => {
      if (!readFileSync(path).equals(before[i] as Buffer))
        throw new Error(`broken promise: ${path} is not what it was`);
    });
  }
}
