/** Do disk images keep every promise of restore targets? */
import { open } from "node:fs/promises";
import { createImageBlocks } from "../../../adapters/local/images/blocks.ts";
import { createImageTargets } from "../../../adapters/local/images/restore-targets.ts";
import { restoreTargetsContract } from "../../contracts/restore-targets.ts";
import { openImagesWorld } from "./images-world.ts";

const SIZE = 3 * 1024 * 1024;

restoreTargetsContract("disk images", async () => {
  const world = await openImagesWorld();
  const makeDisk = async () => {
    const id = await world.makeDisk(SIZE);
    const handle = await open(await world.pathOf(id), "r+");
    await handle.write(new Uint8Array(512 * 1024).fill(1), 0, 512 * 1024, 0);
    await handle.close();
    return id;
  };
  const firstByte = async (diskId: string) => {
    const handle = await open(await world.pathOf(diskId), "r");
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 0);
    await handle.close();
    return buffer[0] ?? 0;
  };
  return {
    targets: createImageTargets(),
    restarted: createImageTargets,
    provider: world.provider,
    blocks: createImageBlocks(),
    size: SIZE,
    makeServer: async (count) => {
      const disks: string[] = [];
      for (let i = 0; i < count; i++) disks.push(await makeDisk());
      return { id: await world.makeServer(disks), disks };
    },
    makeDisk,
    seenBy: async (serverId) => {
      const server = await world.provider.find(serverId);
      return Promise.all((server?.kind === "server" ? server.disks : []).map(({ id }) => firstByte(id)));
    },
    firstByte,
    isRunning: async (serverId) => {
      const server = await world.provider.find(serverId);
      return server?.kind === "server" && server.status === "ACTIVE";
    },
    dispose: world.dispose,
  };
});
