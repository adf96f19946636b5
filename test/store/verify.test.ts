/** Does verification find whatever is damaged, name it and whom it hurts, and does the next backup mend it? */
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { collectStore } from "../../local/store/collect.ts";
import { lockStore } from "../../local/store/open.ts";
import { removeBackups } from "../../local/store/remove.ts";
import { verifyBackups } from "../../local/store/verify.ts";
import { BLOCK, diskOf, flipBit, type StoreLab, storeLab } from "./lab.ts";

let lab: StoreLab;
let source: string;
let older: string;
let newer: string;
let olderPacks: readonly string[];
const SIZE = 8 * BLOCK;
beforeEach(async () => {
  lab = await storeLab();
  source = lab.image("a.img", diskOf(SIZE, { 0: 1, 2: 3 }));
  older = (await lab.backUp(source)).id;
  olderPacks = await lab.objects("packs/");
  lab.image("a.img", diskOf(SIZE, { 0: 1, 2: 3, 5: 5 }));
  newer = (await lab.backUp(source)).id;
});
afterEach(() => lab.remove());

async function verify(options: { readonly ids?: readonly string[]; readonly quick?: boolean } = {}) {
  const store = await lab.open();
  const depth = options.quick === true ? "presence" : "data";
  return verifyBackups(store, lab.plane(store), { ids: options.ids ?? [], depth }, lab.watch);
}
const newerPack = async () => (await lab.objects("packs/")).filter((name) => !olderPacks.includes(name))[0] ?? "";

test("a sound store is found sound, quickly and thoroughly", async () => {
  for (const quick of [true, false])
    expect(await verify({ quick })).toEqual({ backups: 2, checked: 2 * SIZE, damaged: [], quarantined: [] });
  expect(await verify({ ids: ["latest"] })).toMatchObject({ backups: 1, checked: SIZE, damaged: [] });
  expect(readdirSync(join(lab.made.path, "runs"))).toEqual([]);
});

describe("damage is named, with the backups that it hurts", () => {
  test("of a pack that both refer to", async () => {
    const [pack = ""] = olderPacks;
    flipBit(lab.file(pack), 300);
    expect((await verify()).damaged).toMatchObject([{ object: pack, hurts: [older, newer] }]);
  });

  test("of a pack that only the newer one refers to", async () => {
    const pack = await newerPack();
    flipBit(lab.file(pack), 300);
    expect((await verify()).damaged).toMatchObject([{ object: pack, hurts: [newer] }]);
  });

  test.each([
    ["is missing", (file: string) => rmSync(file)],
    ["is cut off", (file: string) => truncateSync(file, 400)],
    ["has another footer", (file: string) => flipBit(file, -1 + Number(readLength(file)))],
  ])("of a pack that %s, also by a quick look", async (_how, harm) => {
    const [pack = ""] = olderPacks;
    harm(lab.file(pack));
    expect((await verify({ quick: true })).damaged).toMatchObject([{ object: pack, hurts: [older, newer] }]);
  });

  test("of a root, which hurts its own backup alone", async () => {
    flipBit(lab.file(`roots/${older}`));
    expect((await verify()).damaged).toEqual([
      { object: `roots/${older}`, reason: "does not authenticate", hurts: [older] },
    ]);
  });

  test("of keys, maps, avoid-sets and hooks", async () => {
    const [recovery = ""] = await lab.objects("keys/recovery-");
    writeFileSync(lab.file(recovery), "{}");
    const hooks = await lab.objects("hooks/");
    for (const name of hooks) flipBit(lab.file(name));
    const { damaged } = await verify({ quick: true });
    expect(damaged.map(({ object }) => object)).toEqual([recovery, ...hooks]);
    expect(damaged.map(({ hurts }) => hurts)).toEqual(damaged.map(() => []));
  });
});

describe("a backup whose root was removed behind the store's back", () => {
  test("is missed, by its name, until the root comes back or somebody deletes the backup", async () => {
    const root = lab.file(`roots/${older}`);
    const bytes = lab.read(root);
    rmSync(root);
    const { damaged, backups } = await verify({ quick: true });
    expect(damaged).toMatchObject([{ object: `roots/${older}`, hurts: [older] }]);
    expect(damaged[0]?.reason).toContain(source);
    expect(backups).toBe(1);
    writeFileSync(root, bytes);
    expect(await verify()).toMatchObject({ damaged: [], backups: 2 });

    rmSync(root);
    const store = await lab.open();
    expect(await removeBackups(store, lab.plane(store), [older])).toMatchObject([{ id: older }]);
    expect((await verify()).damaged).toEqual([]);
  });

  test("is not missed when it was deleted, neither before nor after its room is made free", async () => {
    const store = await lab.open();
    await removeBackups(store, lab.plane(store), [older]);
    expect((await verify()).damaged).toEqual([]);
    await collectStore(store, lab.plane(store), { dryRun: false });
    expect((await verify()).damaged).toEqual([]);
    expect(await lab.objects("catalog/")).toEqual([`catalog/${newer}`]);
  });

  test("of a root whose backup died before its entry was written, once a collection has come by", async () => {
    rmSync(lab.file(`catalog/${older}`));
    const store = await lab.open();
    await collectStore(store, lab.plane(store), { dryRun: false });
    rmSync(lab.file(`roots/${older}`));
    expect((await verify()).damaged).toMatchObject([
      { object: `roots/${older}`, reason: expect.stringContaining("is missing"), hurts: [older] },
    ]);
  });

  test("an entry of the catalog that is damaged is named and hurts nobody", async () => {
    flipBit(lab.file(`catalog/${older}`));
    expect((await verify()).damaged).toEqual([
      { object: `catalog/${older}`, reason: "does not authenticate", hurts: [] },
    ]);
  });
});

describe("a damaged pack", () => {
  test("is quarantined, and the next backup stores its blocks anew: that one is whole", async () => {
    const [pack = ""] = olderPacks;
    flipBit(lab.file(pack), 300);
    expect(await verify()).toMatchObject({ quarantined: [pack.slice("packs/".length)] });
    const { id, counts } = await lab.backUp(source);
    expect(counts.stored).toBeGreaterThan(BLOCK);
    expect((await verify({ ids: [id] })).damaged).toEqual([]);
    expect((await verify()).damaged).toMatchObject([{ object: pack, hurts: [older, newer] }]);
  });

  test("is only reported while another process writes the store", async () => {
    flipBit(lab.file(olderPacks[0] ?? ""), 300);
    const lock = await lockStore(await lab.open());
    try {
      expect(await verify()).toMatchObject({ quarantined: [], damaged: [{ hurts: [older, newer] }] });
      expect(lab.remarks).toEqual([expect.stringContaining("new backups may go on referring to the damaged packs")]);
    } finally {
      lock.release();
    }
  });
});

function readLength(file: string): number {
  return lab.read(file).length;
}
