/** Is a repository that somebody damages ever believed? Packs deleted, cut or swapped before sealing and after. */
import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunHooks } from "../../adapters/local/workflows/run.ts";
import { type LiveService, startLiveService } from "../support/live-service.ts";

const SIZE = 2 * 1024 * 1024;

let live: LiveService;
let hooks: RunHooks;
let disk: { readonly id: string; readonly path: string };
let vault: string;
beforeEach(async () => {
  hooks = {};
  live = await startLiveService({ hooks: { beforeTask: (...about) => hooks.beforeTask?.(...about) } });
  disk = await live.disk(SIZE, { 0: "head", [SIZE - 512]: "tail" });
  vault = await live.vault([disk.id]);
});
afterEach(() => live.close());

/** Every object file of one kind, by path. */
function objects(kind: "packs" | "roots"): string[] {
  const root = join(live.folder, "data/objects");
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes(`/${kind}/`) && !name.startsWith("trash") && !name.startsWith("tmp"))
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile());
}
const tasks = async (type: string) =>
  (await live.call("GET", `/operation-logs?operation_type=${type}`)).body.operation_logs;
const resource = async () => (await live.call("GET", `/vaults/${vault}`)).body.vault.resources[0];

const DAMAGES = [
  ["deleted", (path: string) => unlinkSync(path)],
  ["cut short by a byte", (path: string) => truncateSync(path, statSync(path).size - 1)],
  ["cut to nothing", (path: string) => truncateSync(path, 0)],
  [
    "changed in its last byte",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
  ],
  [
    "changed in its first byte",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
  ],
] as const;

describe("between transfer and seal", () => {
  async function failsAndRecovers(damage: () => void): Promise<void> {
    hooks = {
      beforeTask: (task) => {
        if (task === "backup-member.seal") damage();
      },
    };
    const backup = (await live.backUp(vault))[disk.id];
    hooks = {};
    expect(backup.status).toBe("error");
    const [log] = await tasks("backup");
    expect(log.status).toBe("failed");
    expect(log.error_info.message).toMatch(/pack|packs\//);
    expect(await resource()).toMatchObject({ protect_status: "error" });
    // The resource is usable, and nothing of the damage is in the next backup.
    const next = (await live.backUp(vault))[disk.id];
    expect(next.status).toBe("available");
    expect(await resource()).toMatchObject({ protect_status: "available" });
    const before = live.read(disk.path);
    writeFileSync(disk.path, Buffer.alloc(SIZE, 7));
    expect((await live.restore(next.id, { volume_id: disk.id })).status).toBe("success");
    expect(live.read(disk.path).equals(before)).toBe(true);
  }

  test.each(DAMAGES)("a pack that is %s makes the backup an error; the next one succeeds", async (_, damage) => {
    await failsAndRecovers(() => objects("packs").forEach((path) => void damage(path)));
  });

  test("a pack that is swapped for another sound one makes the backup an error", async () => {
    await live.backUp(vault);
    const [older = ""] = objects("packs");
    writeFileSync(disk.path, Buffer.alloc(SIZE, "other content"));
    await failsAndRecovers(() => {
      const [fresh = ""] = objects("packs").filter((path) => path !== older);
      writeFileSync(fresh, readFileSync(older));
    });
  });

  test("a pack of the parent that this backup refers to makes it an error as well", async () => {
    await live.backUp(vault);
    const [older = ""] = objects("packs");
    const file = readFileSync(disk.path);
    file.write("HEAD", 0);
    writeFileSync(disk.path, file);
    hooks = {
      beforeTask: (task) => {
        if (task === "backup-member.seal") unlinkSync(older);
      },
    };
    expect((await live.backUp(vault))[disk.id].status).toBe("error");
  });
});

describe("after the backup", () => {
  let id: string;
  let now: Buffer;
  beforeEach(async () => {
    id = (await live.backUp(vault))[disk.id].id;
    writeFileSync(disk.path, Buffer.alloc(SIZE, "what the owner has now"));
    now = live.read(disk.path);
  });

  test.each(DAMAGES)("a pack that is %s fails the restore before anything is written", async (_, damage) => {
    for (const path of objects("packs")) damage(path);
    const log = await live.restore(id, { volume_id: disk.id });
    expect(log.status).toBe("failed");
    expect(log.error_info.message).toMatch(/packs\//);
    expect(live.read(disk.path).equals(now)).toBe(true);
    // Nothing was written, so the resource may be backed up.
    expect(await resource()).toMatchObject({ protect_status: "available" });
    expect((await live.call("GET", `/backups/${id}`)).body.backup.status).toBe("available");
  });

  test.each(DAMAGES.slice(0, 3))(
    "a root that is %s fails the restore, and the backup stays deletable",
    async (_, damage) => {
      for (const path of objects("roots")) damage(path);
      const log = await live.restore(id, { volume_id: disk.id });
      expect([log.status, live.read(disk.path).equals(now)]).toEqual(["failed", true]);
      expect(log.error_info.message).toMatch(/roots\//);
      expect((await live.call("DELETE", `/backups/${id}`)).status).toBe(204);
      await live.idle();
      expect((await tasks("delete"))[0].status).toBe("success");
      expect((await live.call("GET", `/vaults/${vault}`)).body.vault.billing.used).toBe(0);
    },
  );

  test("any changed byte of a frame fails the restore; wrong bytes are never written", async () => {
    const [path = ""] = objects("packs");
    const whole = readFileSync(path);
    const then = new Set(["head", "tail"]);
    for (const at of [40, 60, 80, 100]) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(path, bytes);
      const log = await live.restore(id, { volume_id: disk.id });
      expect(log.status, `byte ${at}`).toBe("failed");
      // Each 512 KiB block is either what the owner had or what the backup holds.
      const found = live.read(disk.path);
      for (let block = 0; block < SIZE; block += 512 * 1024) {
        const piece = found.subarray(block, block + 512 * 1024);
        const old = piece.equals(now.subarray(block, block + 512 * 1024));
        const text = piece.toString("utf8", 0, 4);
        const rest = piece.subarray(4, piece.length - 512).every((b) => b === 0);
        expect(old || (rest && (then.has(text) || text === "\0\0\0\0")), `block ${block} after byte ${at}`).toBe(true);
      }
    }
    writeFileSync(path, whole);
    expect((await live.restore(id, { volume_id: disk.id })).status).toBe("success");
    expect(live.read(disk.path).toString("utf8", 0, 4)).toBe("head");
    expect(await resource()).toMatchObject({ protect_status: "available" });
  });
});
