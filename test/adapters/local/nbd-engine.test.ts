/** Does the engine back up and restore through NBD, byte for byte, and read only what a dirty bitmap names? */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createNbdBlocks, nbdSnapshot, nbdTarget } from "../../../adapters/local/nbd/blocks.ts";
import { createDataPlane } from "../../../core/engine/data-plane.ts";
import { BLOCK, backUp, diskOf, testDomain } from "../../support/engine-disks.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";
import { installed, qemuImg, qemuIo, type Server, serveOnSocket } from "../../support/nbd-qemu.ts";

const SIZE = 40 * BLOCK + 7 * 512;
const qemu = installed("qemu-nbd") && installed("qemu-img");

let folder: string;
const servers: Server[] = [];
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-nbd-"));
});
afterEach(async () => {
  for (const { stop } of servers.splice(0)) await stop();
  rmSync(folder, { recursive: true });
});

const serve = async (name: string, ...more: readonly string[]): Promise<string> => {
  servers.push(await serveOnSocket(at(`${name}.sock`), at(name), ...more));
  return `nbd+unix:///?socket=${at(`${name}.sock`)}`;
};

test.skipIf(!qemu)(
  "a full backup, one by dirty bitmap, and both restored over NBD, to a new disk and over an old one",
  async () => {
    const plane = createDataPlane({ objects: createMemoryObjects(), blocks: createNbdBlocks() });
    const domain = testDomain();
    const first = diskOf(SIZE, { 0: 1, 1: 3, 20: 4, 39: 5, 40: 7 });
    writeFileSync(at("first.raw"), first);
    qemuImg("convert", "-f", "raw", "-O", "qcow2", at("first.raw"), at("disk"));
    const full = await nbdSnapshot({
      url: await serve("disk", "--read-only", "-f", "qcow2"),
      diskId: "d",
      snapshotId: "a",
    });
    const a = await backUp(plane, domain, full, "a");
    // Only blocks with data were read.
    expect(a.counts.read).toBe(4 * BLOCK + 7 * 512);
    await servers.pop()?.stop();

    qemuImg("bitmap", "--add", at("disk"), "b");
    qemuIo(
      "qcow2",
      at("disk"),
      `write -P 9 ${BLOCK} 4k`,
      `write -z -u ${20 * BLOCK} ${BLOCK}`,
      `write -P 8 ${30 * BLOCK} 512`,
    );
    qemuImg("convert", "-f", "qcow2", "-O", "raw", at("disk"), at("second.raw"));
    const url = await serve("disk", "--read-only", "-f", "qcow2", "-B", "b");
    const since = { snapshotId: "a", bitmap: "b" };
    const changed = await nbdSnapshot({ url, diskId: "d", snapshotId: "b", since });
    const b = await backUp(plane, domain, changed, "b", { parentRoot: "a" });
    expect(b.counts.read).toBe(2 * BLOCK);

    writeFileSync(at("target"), "");
    truncateSync(at("target"), SIZE);
    const targetUrl = await serve("target", "-f", "raw", "--discard=unmap");
    for (const [rootId, mode, expected] of [
      ["b", "fresh", readFileSync(at("second.raw"))],
      ["a", "overwrite", Buffer.from(first)],
    ] as const) {
      const target = await nbdTarget(targetUrl, "t");
      expect(target.mode).toBe(mode);
      const unit = { firstLeaf: 0, endLeaf: 1, budgetMs: 60_000, domain, rootId, target, readBack: true };
      expect(await plane.restore(unit)).toMatchObject({ readBack: SIZE });
      expect(readFileSync(at("target")).equals(expected)).toBe(true);
    }
  },
);
