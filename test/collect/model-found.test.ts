/** What the model of interleavings has found, each as a case of its own. */
import { beforeEach, expect, test } from "vitest";
import { readAvoidSet, writeAvoidSet } from "../../core/engine/avoid-set.ts";
import { type SmallRepository, smallRepository } from "./small-repository.ts";

let repo: SmallRepository;
beforeEach(async () => {
  repo = await smallRepository();
});

test("a quarantine that slept past epochs which are in the trash already is not lost", async () => {
  await repo.save("a", { 0: 1 });
  const [pack = ""] = repo.packs();
  let asleep = true;
  repo.objects.before = async (operation, name) => {
    if (operation !== "put" || !name.includes("/avoid/") || !asleep) return;
    asleep = false;
    for (const epoch of [1, 2, 3]) await writeAvoidSet(repo.inside, repo.crypto, { epoch, packs: new Map() });
    await repo.collect({ step: "trash" });
  };
  await repo.plane.quarantine(repo.domain, [pack], repo.clock.now);
  const newest = await readAvoidSet(repo.inside, repo.crypto);
  expect(newest.epoch).toBe(4);
  expect(newest.packs.get(pack)?.quarantined).toBe(true);
});

test("a verification that sleeps while packs are emptied and deleted finds no damage", async () => {
  for (const depth of ["presence", "data"] as const) {
    for (const operation of ["get", "size"] as const) {
      repo = await smallRepository();
      await repo.save("a", { 0: 1, 1: 3, 2: 5, 3: 7 });
      await repo.save("b", { 0: 1, 1: 13, 2: 15, 3: 17 }, "a");
      await repo.drop("a");
      let asleep = true;
      repo.objects.before = async (op, name) => {
        if (op !== operation || !name.includes("/packs/") || !asleep) return;
        asleep = false;
        await repo.compact({ below: 1.01 });
        await repo.collectAll();
      };
      const unit = { domain: repo.domain, rootId: "b", firstLeaf: 0, endLeaf: 1, depth, budgetMs: 60_000 };
      const { damaged } = await repo.plane.verify(unit);
      expect(asleep).toBe(false);
      expect(damaged).toEqual([]);
    }
  }
});

test("a seal that is repeated after frames have moved meanwhile finds its own root", async () => {
  await repo.save("a", { 0: 1, 1: 3, 2: 5, 3: 7 });
  const { results, facts } = await repo.save("b", { 0: 1, 1: 13, 2: 15, 3: 17 }, "a");
  await repo.drop("a");
  expect((await repo.compact({ below: 1.01 })).mapEpoch).toBe(1);
  const again = { domain: repo.domain, rootId: "b", parentRoot: "a", description: facts.description, results };
  expect(await repo.plane.seal({ ...again, size: facts.size })).toEqual(facts);
  const other = { ...again, description: { ...facts.description, disk: "another" } };
  await expect(repo.plane.seal({ ...other, size: facts.size })).rejects.toThrow("says something else");
});

test("a move that is shut out before it has read the map never puts one, however late it wakes", async () => {
  await repo.save("a", { 0: 1, 1: 3, 2: 5, 3: 7 });
  await repo.save("b", { 0: 1, 1: 13, 2: 15, 3: 17 }, "a");
  await repo.drop("a");
  let calls = 0;
  repo.runs.before = async (question) => {
    // Asked for the second time by the mover itself, once its run is open: another collector takes that for a dead one's.
    if (question === "open" && ++calls === 2) await repo.collect();
    // It sleeps until what it wrote was condemned, doomed and deleted.
    if (question === "guard" && calls > 2 && repo.runs.published.size > 0) {
      repo.runs.before = () => undefined;
      await repo.collectAll();
    }
  };
  const report = await repo.compact({ below: 1.01 });
  expect(report).toMatchObject({ emptied: 0, held: "another map came first" });
  expect(repo.runs.running.size).toBe(0);
  await repo.collectAll();
  expect(await repo.restored("b")).toBe(true);
});
