/** Does a running QEMU's disk, frozen at an instant, stay as it was, and does its bitmap name exactly what changed? */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNbdBlocks, nbdSnapshot, nbdTarget } from "../../../adapters/local/nbd/blocks.ts";
import { type BlockHint, type BlockSource, ProviderUnavailable } from "../../../core/ports/blocks.ts";
import { installed, type Machine, qemuImg, startMachine } from "../../support/nbd-qemu.ts";

const MIB = 1024 * 1024;
const BLOCK = 512 * 1024;
const SIZE = 32 * MIB;
const BLOCKS = SIZE / BLOCK;

describe.skipIf(!installed("qemu-system-x86_64") || !installed("qemu-img"))("disks of a running QEMU", () => {
  let folder: string;
  let machine: Machine;
  const sources: BlockSource[] = [];
  const at = (name: string): string => join(folder, name);
  const url = (name: string): string => `nbd+unix:///${name}?socket=${at("nbd.sock")}`;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-qemu-"));
    const disks = ["d1", "d2"].flatMap((disk) => {
      writeFileSync(at(`${disk}.img`), "");
      truncateSync(at(`${disk}.img`), SIZE);
      const file = `driver=file,filename=${at(`${disk}.img`)},node-name=file-${disk},discard=unmap`;
      const raw = `driver=raw,file=file-${disk},node-name=${disk},discard=unmap`;
      return ["-blockdev", file, "-blockdev", raw, "-device", `virtio-blk-pci,id=vd-${disk},drive=${disk},share-rw=on`];
    });
    machine = await startMachine(at("qmp.sock"), ...disks);
    await machine.qmp("nbd-server-start", { addr: { type: "unix", data: { path: at("nbd.sock") } } });
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await machine.stop();
    rmSync(folder, { recursive: true });
  });

  /** Freezes the disks at one instant; bitmaps named `next` start at it, and those named `last` stop. */
  const freeze = async (disks: readonly string[], next: string, last?: string): Promise<void> => {
    const actions: object[] = [];
    for (const node of disks) {
      const name = `${next}-${node}`;
      qemuImg("create", "-f", "qcow2", at(`${name}.qcow2`), String(SIZE));
      const file = { driver: "file", filename: at(`${name}.qcow2`) };
      await machine.qmp("blockdev-add", { driver: "qcow2", "node-name": name, file, backing: node });
      actions.push(
        { type: "blockdev-backup", data: { device: node, target: name, sync: "none", "job-id": `job-${name}` } },
        { type: "block-dirty-bitmap-add", data: { node, name: next } },
      );
      if (last !== undefined) actions.push({ type: "block-dirty-bitmap-disable", data: { node, name: last } });
    }
    await machine.qmp("transaction", { actions });
    for (const node of disks) {
      const bitmaps = last === undefined ? [] : [{ node, name: last }];
      const name = `${next}-${node}`;
      await machine.qmp("block-export-add", { type: "nbd", id: name, "node-name": name, name, bitmaps });
    }
  };
  const capture = async (name: string, since?: { snapshotId: string; bitmap: string }): Promise<BlockSource> => {
    const ref = await nbdSnapshot({ url: url(name), diskId: "d", snapshotId: name, since });
    const source = await createNbdBlocks().openSource(ref);
    sources.push(source);
    return source;
  };
  const bytesOf = async (source: BlockSource): Promise<Buffer> => {
    const bytes = Buffer.alloc(source.size, 0xee);
    for (let offset = 0; offset < source.size; offset += 4 * MIB)
      await source.read(offset, bytes.subarray(offset, offset + 4 * MIB));
    return bytes;
  };
  const hints = (named: Readonly<Record<number, BlockHint>>, other: BlockHint): BlockHint[] =>
    Array.from({ length: BLOCKS }, (_, index) => named[index] ?? other);

  test("two disks stay as they were at one instant, and the next capture's bitmap names what was written since", async () => {
    const expected = Buffer.alloc(SIZE);
    await machine.io("vd-d1", "write -P 17 1M 2M");
    expected.fill(17, MIB, 3 * MIB);
    await machine.io("vd-d2", "write -P 34 0 64k");

    await freeze(["d1", "d2"], "b1");
    const [first, other] = [await capture("b1-d1"), await capture("b1-d2")];
    expect(await first.survey?.(0, BLOCKS)).toEqual(hints({ 2: "data", 3: "data", 4: "data", 5: "data" }, "zero"));
    // The guest goes on: over old data, over a hole, over a part of a block; one disk more than the other.
    await machine.io("vd-d1", "write -P 51 1M 512k");
    await machine.io("vd-d1", "write -P 52 20M 64k");
    await machine.io("vd-d1", "write -z -u 2M 512k");
    await machine.io("vd-d2", "write -P 53 0 64k");
    expect((await bytesOf(first)).equals(expected)).toBe(true);
    const second = Buffer.alloc(BLOCK);
    await other.read(0, second);
    expect([second[0], second[65535], second[65536]]).toEqual([34, 34, 0]);

    await freeze(["d1"], "b2", "b1");
    await machine.io("vd-d1", "write -P 99 8M 1M");
    const later = await capture("b2-d1", { snapshotId: "b1-d1", bitmap: "b1" });
    expect(await later.survey?.(0, BLOCKS)).toEqual(hints({ 2: "data", 4: "zero", 40: "data" }, "same"));
    expected.fill(51, MIB, MIB + BLOCK);
    expected.fill(52, 20 * MIB, 20 * MIB + 65536);
    expected.fill(0, 2 * MIB, 2 * MIB + BLOCK);
    expect((await bytesOf(later)).equals(expected)).toBe(true);
    // The first capture is still what it was, beside the second.
    const old = Buffer.alloc(BLOCK);
    await first.read(MIB, old);
    expect(old.equals(Buffer.alloc(BLOCK, 17))).toBe(true);
  });

  test("an export that is taken away while it is read ends the read with an error that is worth a retry", async () => {
    await machine.io("vd-d1", "write -P 17 0 8M");
    await freeze(["d1"], "b1");
    const source = await capture("b1-d1");
    await source.read(0, Buffer.alloc(MIB));
    await machine.qmp("block-export-del", { id: "b1-d1", mode: "hard" });
    await expect(source.read(MIB, Buffer.alloc(MIB))).rejects.toThrow(ProviderUnavailable);
  });

  test("a writable export takes a restore: what is written is on the machine's disk", async () => {
    await machine.io("vd-d1", "write -P 17 0 8M");
    await machine.qmp("block-export-add", { type: "nbd", id: "w", "node-name": "d1", name: "d1", writable: true });
    const reference = await nbdTarget(url("d1"), "d1");
    expect(reference).toMatchObject({ mode: "overwrite", size: SIZE, detail: { export: "d1" } });
    const target = await createNbdBlocks().openTarget(reference);
    await target.write(MIB, Buffer.alloc(BLOCK, 5));
    await target.zero(2 * MIB, SIZE - 2 * MIB);
    await target.sync();
    const back = Buffer.alloc(3 * MIB);
    await target.read(0, back);
    await target.close();
    expect([back[0], back[MIB], back[MIB + BLOCK], back[2 * MIB], back[3 * MIB - 1]]).toEqual([17, 5, 17, 0, 0]);
    const disk = readFileSync(at("d1.img"));
    expect([disk[MIB - 1], disk[MIB], disk[MIB + BLOCK - 1], disk[MIB + BLOCK]]).toEqual([17, 5, 5, 17]);
    expect(disk.subarray(2 * MIB).every((byte) => byte === 0)).toBe(true);
  });
});
