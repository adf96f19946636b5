/** Does an image that changes while it is backed up ever become an available backup? It must not (design §6, hazard A9). */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, renameSync, truncateSync, unlinkSync, utimesSync, writeSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunHooks } from "../../adapters/local/workflows/run.ts";
import { type LiveService, startLiveService } from "../support/live-service.ts";

const SIZE = 2 * 1024 * 1024;
const AT = 1024 * 1024;

let live: LiveService;
let hooks: RunHooks;
let disk: { readonly id: string; readonly path: string };
let vault: string;
beforeEach(async () => {
  hooks = {};
  live = await startLiveService({
    hooks: {
      beforeTask: (...about) => hooks.beforeTask?.(...about),
      afterEffect: (...about) => hooks.afterEffect?.(...about),
    },
  });
  disk = await live.disk(SIZE, { 0: "head", [AT]: "tail" });
  vault = await live.vault([disk.id]);
});
afterEach(() => live.close());

function write(text: string, at: number): void {
  const file = openSync(disk.path, "r+");
  writeSync(file, text, at);
  closeSync(file);
}
const lastTask = async () => (await live.call("GET", "/operation-logs?operation_type=backup")).body.operation_logs[0];
const backUp = async () => (await live.backUp(vault))[disk.id];
/** Runs before the first `times` calls of a task. */
function justBefore(task: string, times: number, act: () => void | Promise<void>): { calls: number } {
  const seen = { calls: 0 };
  hooks = {
    async beforeTask(name) {
      if (name === task && seen.calls++ < times) await act();
    },
  };
  return seen;
}
async function restored(backupId: string): Promise<Buffer> {
  hooks = {};
  if (!existsSync(disk.path)) await writeFile(disk.path, "");
  truncateSync(disk.path, SIZE);
  const log = await live.restore(backupId, { volume_id: disk.id });
  expect(log.status, log.error_info.message).toBe("success");
  return live.read(disk.path);
}
/** The backup is in error, says why, and the next one succeeds. */
async function endsInError(): Promise<void> {
  expect((await backUp()).status).toBe("error");
  const log = await lastTask();
  expect(log.status).toBe("failed");
  expect(["BackupService.6215", "BackupService.7000", "BackupService.7003"]).toContain(log.error_info.code);
  expect(log.error_info.message).toContain(disk.path);
}

const MOMENTS = ["backup-group.transfer", "backup-member.confirm"] as const;

describe.each(MOMENTS)("an image that is changed just before %s", (moment) => {
  test("once: the second attempt holds one state, the one after the change", async () => {
    const seen = justBefore(moment, 1, () => {
      write("HEAD", 0);
      write("TAIL", AT);
    });
    const backup = await backUp();
    expect(backup.status).toBe("available");
    expect(seen.calls).toBe(2);
    write("junk", 0);
    const bytes = await restored(backup.id);
    expect([bytes.toString("utf8", 0, 4), bytes.toString("utf8", AT, AT + 4)]).toEqual(["HEAD", "TAIL"]);
  });

  test("each time: in error after three attempts in all, and the next backup succeeds (BKP-26)", async () => {
    let n = 0;
    const seen = justBefore(moment, Number.POSITIVE_INFINITY, () => write(`${n++}`, 0));
    await endsInError();
    expect((await lastTask()).error_info.code).toBe("BackupService.6215");
    expect(seen.calls).toBe(3);
    hooks = {};
    expect((await backUp()).status).toBe("available");
  });

  test("and whose modification time is set back after the change", async () => {
    const old = new Date(Date.now() - 86_400_000);
    utimesSync(disk.path, old, old);
    justBefore(moment, Number.POSITIVE_INFINITY, () => {
      write(randomUUID(), 0);
      utimesSync(disk.path, old, old);
    });
    await endsInError();
  });

  test.each([
    ["grown", () => truncateSync(disk.path, SIZE + 512)],
    ["shrunk", () => truncateSync(disk.path, SIZE - 512)],
  ])("by being %s: the next attempt holds the new size", async (_, act) => {
    justBefore(moment, 1, act);
    const backup = await backUp();
    expect(backup.status).toBe("available");
    const metadata = (await live.call("GET", `/backups/${backup.id}/metadata`)).body;
    expect(JSON.stringify(metadata)).toContain(backup.id);
    const parts = (await live.call("GET", `/backups/${backup.id}`)).body.backup;
    expect(parts.status).toBe("available");
  });

  test("by being replaced through a rename: the next attempt holds the new file", async () => {
    justBefore(moment, 1, async () => {
      await writeFile(`${disk.path}.new`, Buffer.alloc(SIZE, "new"));
      renameSync(`${disk.path}.new`, disk.path);
    });
    const backup = await backUp();
    expect(backup.status).toBe("available");
    expect((await restored(backup.id)).equals(Buffer.alloc(SIZE, "new"))).toBe(true);
  });

  test("by being deleted: in error", async () => {
    justBefore(moment, 1, () => unlinkSync(disk.path));
    await endsInError();
  });
});

test("an image that is changed while the service is down between capture and confirmation is read again", async () => {
  for (const moment of MOMENTS) {
    let arrived = () => {};
    const there = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let first = true;
    hooks = {
      async beforeTask(name) {
        if (name !== moment || !first) return;
        first = false;
        arrived();
        // Until the service is stopped: its answer is not recorded any more.
        await new Promise((resolve) => setTimeout(resolve, 6_000));
      },
    };
    const { body } = await live.call("POST", "/checkpoints", { checkpoint: { vault_id: vault } });
    await there;
    await live.restart(() => write(`down ${moment}`, 0));
    await live.idle();
    const { backups } = (await live.call("GET", `/backups?checkpoint_id=${body.checkpoint.id}`)).body;
    expect(backups[0].status).toBe("available");
    const bytes = await restored(backups[0].id);
    expect(bytes.toString("utf8", 0, 5 + moment.length)).toBe(`down ${moment}`);
  }
}, 60_000);

test("a server whose one disk changes is captured again as a whole: all disks of one window", async () => {
  const pair = [await live.disk(SIZE, { 0: "one" }), await live.disk(SIZE, { 0: "two" })];
  const server = await live.server(pair.map((d) => d.id));
  const of = await live.vault([server], "server");
  disk = pair[1] ?? disk;
  const first = disk;
  justBefore("backup-member.confirm", 1, () => write("TWO", 0));
  const backup = (await live.backUp(of))[server];
  expect(backup.status).toBe("available");
  hooks = {};
  write("xxx", 0);
  expect((await live.restore(backup.id, { server_id: server })).status).toBe("success");
  expect(live.read(first.path).toString("utf8", 0, 3)).toBe("TWO");
  expect(live.read(pair[0]?.path ?? "").toString("utf8", 0, 3)).toBe("one");
});
