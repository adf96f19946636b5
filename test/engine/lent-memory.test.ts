/** Memory that is used again for one frame or block after the other: does nobody ever get another one's bytes? */
import { expect, it } from "vitest";
import { FRAME_TYPE } from "../../core/engine/pack-format.ts";
import { PackReader } from "../../core/engine/pack-reader.ts";
import type { LeafEntry } from "../../core/engine/places.ts";
import { readBlocks, readBuffers } from "../../core/engine/read-blocks.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { rewrite, versions } from "./versions.ts";

const COUNT = 12;

it("frames that are read at the same moment, raw and compressed ones, are each their own", async () => {
  const repo = await versions();
  const disk = diskOf(COUNT * BLOCK, Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [at, at + 1])));
  await repo.save("a", disk);
  const entries = (await repo.entries("a")) as readonly LeafEntry[];
  expect(new Set(entries.map(({ places }) => places[0]?.codec))).toEqual(new Set([0, 1]));
  const slow: ObjectStore = {
    ...repo.inside,
    // The bytes are there; whoever asked hears of it later, in an order of its own.
    async get(...asked) {
      const bytes = await repo.inside.get(...asked);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      return bytes;
    },
  };
  const reader = await PackReader.open(slow, repo.crypto);
  for (let round = 0; round < 4; round++) {
    const read = entries.flatMap(({ id, places }) =>
      places.map(async (place) => ({ id, plain: await reader.frame(place, FRAME_TYPE.block, BLOCK) })),
    );
    for (const { id, plain } of await Promise.all(read)) expect(repo.crypto.id(plain).equals(id)).toBe(true);
  }
});

it("a reading of blocks that was broken off leaves nothing behind for the next one with the same memory", async () => {
  const repo = await versions();
  const disk = diskOf(COUNT * BLOCK, Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [at, at + 1])));
  await repo.save("a", disk);
  for (let at = 0; at < COUNT; at++) rewrite(disk, at, 1 << (at % 8), 40 + at);
  await repo.save("b", disk, { parentRoot: "a" });
  const slots = await repo.entries("b");
  expect(slots.filter((slot) => (slot?.places.length ?? 0) > 1).length).toBe(COUNT);
  const buffers = readBuffers();
  const reader = await PackReader.open(repo.inside, repo.crypto);
  const all = () => readBlocks(reader, repo.crypto, slots, () => BLOCK, buffers);
  for (let stop = 0; stop < COUNT; stop++) {
    let seen = 0;
    for await (const outcome of all()) {
      expect("plain" in outcome).toBe(true);
      if (seen++ === stop) break;
    }
  }
  const read = new Uint8Array(disk.length);
  for await (const outcome of all()) {
    if ("error" in outcome) throw outcome.error;
    for (const index of outcome.blocks) read.set(outcome.plain, index * BLOCK);
  }
  expect(Buffer.from(read).equals(disk)).toBe(true);
});
