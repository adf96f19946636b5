/** Are backups of a stopped service read by `holdfast store`, and is its folder never written? */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createObjectFolder } from "../../adapters/local/files/object-folder.ts";
import { createFolderObjectStore } from "../../adapters/local/folder-objects.ts";
import { createKeyFile, createKeyFileIfAbsent } from "../../adapters/local/key-file.ts";
import { createKeyring } from "../../core/app/repository/keyring.ts";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import { randomOf } from "../../local/chance.ts";
import { createLocalBlocks } from "../../local/data-plane/io.ts";
import { readBackups, resolveId } from "../../local/store/backups.ts";
import { lockStore } from "../../local/store/open.ts";
import { restoreBackup } from "../../local/store/restore.ts";
import { findSource } from "../../local/store/source.ts";
import { verifyBackups } from "../../local/store/verify.ts";
import { BLOCK, diskOf, flipBit, type StoreLab, storeLab } from "./lab.ts";

let lab: StoreLab;
let data: string;
const disk = diskOf(4 * BLOCK, { 1: 1 });
beforeEach(async () => {
  lab = await storeLab();
  data = lab.path("data");
  mkdirSync(data);
  writeFileSync(join(data, "holdfast.json"), "{}");
  createKeyFileIfAbsent({ path: join(data, "key") });
  await createObjectFolder(join(data, "objects"));
});
afterEach(() => lab.remove());

/** What a service does: a domain by its keyring, and a root that describes itself in the service's words. */
async function serviceBackup(domainId: string, root: string, instant: string): Promise<void> {
  const objects = createFolderObjectStore({ folder: join(data, "objects"), reserveBytes: 0 });
  const keyring = createKeyring({ objects, keys: createKeyFile({ path: join(data, "key") }), randomBytes: randomOf });
  const domain = await keyring.openOrCreate(domainId);
  const plane = createDataPlane({ objects, blocks: createLocalBlocks() });
  const { snapshot } = await findSource(lab.image("d.img", disk));
  const { payload } = await plane.transfer({ domain, snapshot, firstLeaf: 0, endLeaf: 1, level: 1, budgetMs: 60_000 });
  const description = { backup: root, name: "nightly", resource: "r1", disk: "d1", diskName: "web-disk", instant };
  await plane.seal({ domain, rootId: root, size: snapshot.size, description, results: [payload] });
}

test("its backups are listed by their instants, restored and verified", async () => {
  await serviceBackup("d-one", "zz", "2030-01-01T00:00:00Z");
  await serviceBackup("d-one", "aa", "2030-01-02T00:00:00Z");
  const store = await lab.open({ dir: data });
  const plane = lab.plane(store);
  expect(await readBackups(store, plane)).toMatchObject([
    { id: "zz", name: "nightly", source: "web-disk", createdAt: "2030-01-01T00:00:00Z" },
    { id: "aa", name: "nightly" },
  ]);
  expect(await resolveId(store, plane, "latest")).toBe("aa");
  const target = lab.path("out.img");
  await restoreBackup(
    store,
    plane,
    { id: "zz", target, overwrite: false, readBack: true, output: process.stdout },
    lab.watch,
  );
  expect(lab.read(target).equals(disk)).toBe(true);
  expect((await verifyBackups(store, plane, { ids: [], depth: "data" }, lab.watch)).damaged).toEqual([]);
});

test("of several domains one must be named", async () => {
  await serviceBackup("d-one", "a", "2030-01-01T00:00:00Z");
  await serviceBackup("d-two", "b", "2030-01-01T00:00:00Z");
  await expect(lab.open({ dir: data })).rejects.toThrow("name one with --domain: d-one, d-two");
  await expect(lab.open({ dir: data, domain: "d-three" })).rejects.toThrow("has no domain d-three");
  expect((await lab.open({ dir: data, domain: "d-two" })).domain.domainId).toBe("d-two");
});

test("one without backups says so", async () => {
  await expect(lab.open({ dir: data })).rejects.toThrow("holds no backups yet");
});

test("nothing of it is ever written: no lock, no run, no quarantine", async () => {
  await serviceBackup("d-one", "a", "2030-01-01T00:00:00Z");
  const packs = join(data, "objects", "d-one", "packs");
  flipBit(join(packs, readdirSync(packs)[0] ?? ""), 300);
  const before = readdirSync(data, { recursive: true });
  const store = await lab.open({ dir: data });
  await expect(lockStore(store)).rejects.toThrow("use the service's own commands");
  expect(await verifyBackups(store, lab.plane(store), { ids: [], depth: "data" }, lab.watch)).toMatchObject({
    damaged: [{ hurts: ["a"] }],
    quarantined: [],
  });
  expect(readdirSync(data, { recursive: true })).toEqual(before);
});
