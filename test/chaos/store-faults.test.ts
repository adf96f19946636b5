/** A store under random faults: the share of the long run that every run of the tests does, and proof that its checks turn red. */
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seeded } from "./seeded.ts";
import { DiskSession, UnsyncedNames } from "./store-disk.ts";
import { fullHistory, mountSmall, shrink, unmount } from "./store-full.ts";
import { faultHistory } from "./store-history.ts";
import { ChildPool, killHistory } from "./store-kills.ts";
import { Tally } from "./store-tally.ts";
import { Broken, StoreWorld } from "./store-world.ts";

const MINUTES_2 = 120_000;
const show = (tally: Tally): void => void process.stdout.write(`${tally.text()}\n`);

test(
  "faults of disk, source and target, power cuts and damage break no promise of a store",
  async () => {
    const tally = new Tally();
    let next = 1;
    const lane = async (): Promise<void> => {
      while (next <= 6) await faultHistory(next++, tally);
    };
    await Promise.all([lane(), lane(), lane()]);
    show(tally);
    expect(tally.total).toBeGreaterThan(60);
  },
  MINUTES_2,
);

test(
  "kill -9 of a command, alone or beside another one, breaks no promise of a store",
  async () => {
    const tally = new Tally();
    const pool = new ChildPool();
    try {
      await killHistory(1, tally, pool);
    } finally {
      await pool.close();
    }
    show(tally);
    expect(tally.killed).toBeGreaterThan(0);
  },
  MINUTES_2,
);

test(
  "a file system without room is told as such, deletions and collections make room, and backups go on",
  async ({ skip }) => {
    const tally = new Tally();
    // Mounting needs root.
    if (!(await fullHistory(1, tally))) skip("this user cannot mount a file system");
    show(tally);
    expect(tally.total).toBeGreaterThan(5);
  },
  MINUTES_2,
);

test(
  "on a disk that is filled into the reserve, backups are deleted and collected by the command line",
  async ({ skip }) => {
    const disk = mountSmall();
    if (disk === undefined) return skip("this user cannot mount a file system");
    try {
      const world = await StoreWorld.make({ random: seeded(3), tally: new Tally(), storeParent: disk });
      const image = world.image("one");
      const { id = "" } = await world.calmly({ do: "backup", source: image.path, name: "one" });
      shrink(disk);
      const holdfast = (...words: string[]) => {
        const options = ["--store", world.place.dir, "--key-file", world.place.keyFile];
        return spawnSync(process.execPath, ["cli/bin.js", "store", ...words, ...options], { encoding: "utf8" });
      };
      expect(holdfast("backup", image.path).stderr).toContain("are kept in reserve");
      expect(holdfast("delete", id)).toMatchObject({ stderr: "", status: 0 });
      expect(holdfast("gc")).toMatchObject({ stderr: "", status: 0 });
      world.remove();
    } finally {
      unmount(disk);
    }
  },
  MINUTES_2,
);

test("these checks turn red: a pack that is gone, a backup that disappears, one that comes back, wrong content", async () => {
  const world = await StoreWorld.make({ random: seeded(1), tally: new Tally() });
  const image = world.image("one");
  const { id = "" } = await world.calmly({ do: "backup", source: image.path, name: "one" });
  const known = world.known.get(id) as NonNullable<ReturnType<typeof world.known.get>>;
  await world.check();

  world.known.set(id, { ...known, content: { ...known.content, blocks: new Map([[0, Buffer.alloc(512 * 1024, 7)]]) } });
  await expect(world.check()).rejects.toThrow(/byte \d+ is wrong/);
  world.known.set(id, { ...known, state: "gone" });
  await expect(world.check()).rejects.toThrow("was deleted and is back");
  world.known.clear();
  await expect(world.check()).rejects.toThrow("is none that was begun");
  world.known.set(id, known).set("000000000000", known);
  await expect(world.check()).rejects.toThrow("disappeared");
  world.known.delete("000000000000");
  for (const pack of readdirSync(join(world.objects, "packs"))) rmSync(join(world.objects, "packs", pack));
  await expect(world.check()).rejects.toThrow(Broken);
  world.remove();
});

test("a power cut takes names that nobody synced, and no others", async () => {
  const world = await StoreWorld.make({ random: seeded(2), tally: new Tally() });
  const unsynced = new UnsyncedNames();
  const { calls } = new DiskSession([], unsynced);
  const folder = join(world.root, "out");
  for (const name of ["kept", "lost"]) {
    const file = await calls.open(join(folder, name), "wx", 0o600);
    await file.write(Buffer.from("bytes"), 0);
    await file.sync();
    await file.close();
    if (name === "lost") continue;
    const opened = await calls.open(folder, "r");
    await opened.sync();
    await opened.close();
  }
  expect(unsynced.lose(() => 0)).toBe(1);
  expect(readdirSync(folder)).toEqual(["kept"]);
  world.remove();
});
