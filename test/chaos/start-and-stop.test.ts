/** Does a service that is killed while it starts for the first time, or while it stops, come up whole the next time? */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { signIn } from "../support/api-client.ts";
import { dataFolderOf, startServiceProcess } from "../support/service-process.ts";
import { seeded } from "./seeded.ts";
import { problemsOf } from "./soundness.ts";
import { World } from "./world.ts";

const MIB = 1024 ** 2;
const child = fileURLToPath(new URL("../support/service-process-child.ts", import.meta.url));

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "holdfast-start-"));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** A first start, killed when `ms` have passed since it began to touch the folder; whether it had become ready before. */
async function killedStart(ms: number): Promise<boolean> {
  const running = spawn(process.execPath, [child, dataFolderOf(work)], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ended = once(running, "exit");
  let ready = false;
  running.on("message", () => {
    ready = true;
  });
  await pause(ms);
  running.kill("SIGKILL");
  await ended;
  return ready;
}

/** Users in the records: a first start makes one, whatever a start before it had begun. */
function users(): number {
  const db = new DatabaseSync(join(dataFolderOf(work), "records.sqlite"), { readOnly: true });
  const found = db
    .prepare("SELECT count(*) AS n FROM items WHERE json_extract(body, '$.passwordHash') IS NOT NULL")
    .get();
  db.close();
  return Number(found?.n);
}

test("a first start that is killed at any time is a first start again, with one account in the end", async () => {
  const whole = await startServiceProcess(work);
  await whole.stop();
  const { readyMs } = whole;
  const kills = 6;
  for (let i = 0; i < kills; i++) {
    rmSync(dataFolderOf(work), { recursive: true });
    // Loading the program takes most of a start; what writes comes at its end.
    const ready = await killedStart(readyMs * (0.5 + (0.5 * i) / kills));
    const again = await startServiceProcess(work);
    await signIn(again.credentials);
    expect(users(), ready ? "killed when it was ready" : "killed before it was ready").toBe(1);
    await again.stop();
  }
}, 120_000);

test("a service that is killed while it parks its work finishes it at the next start", async () => {
  const world = await World.create({ imageBytes: 96 * MIB, dataBytes: 48 * MIB }, seeded(7));
  try {
    for (const [i, ms] of [1, 5, 20, 60].entries()) {
      world.image.change();
      const body = world.checkpointBody(world.vaultId, false);
      const { checkpoint } = await world.api.post<{ checkpoint: { id: string } }>("/checkpoints", body);
      // The first ones while it is being captured, the others while it is being read.
      await pause(i * 40);
      process.kill(world.service.pid, "SIGTERM");
      await pause(ms);
      await world.service.kill();
      await world.restart();
      await world.idle();
      const [backup] = await world.backups(`?checkpoint_id=${checkpoint.id}`);
      expect(backup?.status).toBe("available");
      world.versions.set(backup?.id ?? "", world.image.current);
    }
    expect(await problemsOf(world)).toEqual([]);
    for (const { id } of await world.ownBackups()) await world.restore(id);
  } finally {
    await world.close();
  }
}, 120_000);
