/** Does kill -9 at ten chosen moments lose nothing that was acknowledged, and show nothing half-made? */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataFolderOf } from "../support/service-process.ts";
import { CHILD, journalText } from "../support/service-process-plan.ts";
import { type Kill, nameOf, survive } from "./run-moment.ts";
import { seeded } from "./seeded.ts";
import { problemsOf } from "./soundness.ts";
import { World } from "./world.ts";

const MIB = 1024 ** 2;
/** A disk of two leaves, whose last block is not whole. The promise is 3 s to ready; a loaded machine gets more. */
const SIZE = { imageBytes: 576 * MIB + 512 * 3, dataBytes: 40 * MIB };
const READY_MS = 15_000;

const kills: readonly Kill[] = [
  {
    stage: "capture",
    act: "incremental backup",
    plan: { task: "backup-member.capture", at: { call: "commit", nth: 1, when: "after" } },
  },
  {
    stage: "transfer",
    act: "full backup",
    plan: { task: "backup-group.transfer", at: { call: "link", nth: 1, when: "after", thread: "worker" } },
  },
  { stage: "effect to entry", act: "full backup", plan: { task: "backup-group.transfer", at: "effect" } },
  {
    stage: "seal",
    act: "incremental backup",
    plan: { task: "backup-member.seal", at: { call: "link", nth: 1, when: "after" } },
  },
  {
    stage: "conclude",
    act: "incremental backup",
    plan: { task: "backup-member.seal", at: { call: "commit", nth: 2, when: "after" } },
  },
  { stage: "conclude", act: "incremental backup", plan: { task: CHILD, at: "recorded" } },
  { stage: "restore write", act: "restore", plan: { task: "restore-group.write", at: { ms: 60 } } },
  { stage: "effect to entry", act: "restore", plan: { task: "restore.conclude", at: "effect" } },
  {
    stage: "delete",
    act: "delete oldest",
    plan: { task: "delete-backup.remove", at: { call: "commit", nth: 1, when: "after" } },
  },
  { stage: "request", act: "incremental backup", plan: { at: { call: "commit", nth: 1, when: "after" } } },
];

describe("a service that is killed", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create(SIZE, seeded(3));
  });
  afterAll(() => world?.close());

  test.each(kills.map((kill) => [nameOf(kill), kill] as const))(
    "%s: finishes or says that it failed, and every backup restores identically",
    async (name, kill) => {
      const { death, outcome, readyMs } = await survive(world, kill);
      process.stdout.write(
        `${name} → ${journalText(death.journal)} → ${outcome} → ready in ${Math.round(readyMs)} ms\n`,
      );
      // The source stood still and the disk had room: nothing gives these a reason to fail.
      expect(outcome).not.toBe("ended in error");
      expect(readyMs).toBeLessThan(READY_MS);
    },
    90_000,
  );

  test("would not pass these checks with a byte changed, a file left over, or a number wrong", async () => {
    const file = openSync(world.image.path, "r+");
    writeSync(file, "x", 575 * MIB);
    closeSync(file);
    expect(() => world.image.mustHold(world.image.current)).toThrow("1 blocks are wrong, the first is 1150");

    await world.service.kill();
    const db = new DatabaseSync(join(dataFolderOf(world.work), "records.sqlite"));
    db.exec("UPDATE items SET body = json_set(body, '$.used', 1) WHERE pk GLOB 'V#*' AND sk GLOB 'R#*'");
    db.exec("UPDATE items SET body = json_set(body, '$.status', 'protecting') WHERE pk GLOB 'B#*' AND sk = 'A'");
    db.close();
    await world.restart();
    writeFileSync(join(dataFolderOf(world.work), "objects", "tmp", "put-left"), "");
    const problems = (await problemsOf(world)).join("\n");
    expect(problems).toContain("temporary object put-left was left");
    expect(problems).toMatch(/^used is 1, counted are \d+$/m);
    expect(problems).toMatch(/^backup \S+ is protecting$/m);
  });
});
