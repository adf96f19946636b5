/** Does a restore give back the very bytes, harm nothing else, and hand out nothing that is damaged? */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TargetUnusable } from "../../core/ports/blocks.ts";
import { Damaged, Interrupted } from "../../core/ports/data-plane.ts";
import { removeBackups } from "../../local/store/remove.ts";
import { type RestoreRequest, restoreBackup } from "../../local/store/restore.ts";
import { BLOCK, diskOf, flipBit, type StoreLab, storeLab } from "./lab.ts";

let lab: StoreLab;
let id: string;
const SIZE = 40 * BLOCK + 512;
const disk = diskOf(SIZE, { 0: 1, 2: 2, 3: 3, 17: 5, 39: 6, 40: 7 });
beforeEach(async () => {
  lab = await storeLab();
  const older = diskOf(SIZE, { 0: 1, 2: 8, 17: 5, 39: 6 });
  const source = lab.image("a.img", older);
  await lab.backUp(source);
  lab.image("a.img", disk);
  ({ id } = await lab.backUp(source));
});
afterEach(() => lab.remove());

async function restore(request: Partial<RestoreRequest>, signal?: AbortSignal) {
  const store = await lab.open();
  const ask = {
    id,
    target: lab.path("out.img"),
    overwrite: false,
    readBack: false,
    output: process.stdout,
    ...request,
  };
  return restoreBackup(store, lab.plane(store), ask, { ...lab.watch, ...(signal && { signal }) });
}
const out = () => lab.read(lab.path("out.img"));
const runs = () => readdirSync(join(lab.made.path, "runs"));

async function damageOwnPacks(): Promise<void> {
  for (const pack of await lab.objects("packs/")) flipBit(lab.file(pack), 200);
}

describe("into a new file", () => {
  test("gives the very bytes, sparse, and leaves no sign of the run", async () => {
    await restore({ readBack: true });
    expect(out().equals(disk)).toBe(true);
    expect(statSync(lab.path("out.img")).blocks * 512).toBeLessThan(SIZE / 2);
    expect(runs()).toEqual([]);
  });

  test("refuses a file that exists, and leaves it alone", async () => {
    writeFileSync(lab.path("out.img"), "mine");
    await expect(restore({})).rejects.toThrow("exists: --overwrite restores onto it");
    expect(out().toString()).toBe("mine");
  });

  test("says so when the folder is not there", async () => {
    await expect(restore({ target: lab.path("no/out.img") })).rejects.toThrow(TargetUnusable);
  });

  test("that meets damage removes the file", async () => {
    await damageOwnPacks();
    await expect(restore({})).rejects.toThrow(Damaged);
    expect(existsSync(lab.path("out.img"))).toBe(false);
    expect(runs()).toEqual([]);
  });

  test("that is stopped removes the file", async () => {
    await expect(restore({}, AbortSignal.abort())).rejects.toThrow(Interrupted);
    expect(existsSync(lab.path("out.img"))).toBe(false);
  });

  test("whose restore was killed before is made anew; a file of somebody else with that name is not", async () => {
    const leftover = (born: string): void => {
      mkdirSync(join(lab.made.path, "runs"), { recursive: true });
      const { dev, ino } = statSync(lab.path("out.img"), { bigint: true });
      const target = { path: lab.path("out.img"), file: { dev: `${dev}`, ino: `${ino}`, born } };
      const run = {
        id: "x",
        kind: "restore",
        roots: [id],
        at: Date.now(),
        pid: 1,
        host: hostname(),
        started: "long ago",
        target,
      };
      writeFileSync(join(lab.made.path, "runs", "x.json"), JSON.stringify(run));
    };
    writeFileSync(lab.path("out.img"), "half a disk");
    leftover(`${statSync(lab.path("out.img"), { bigint: true }).birthtimeNs - 1n}`);
    await expect(restore({})).rejects.toThrow("exists");
    leftover(`${statSync(lab.path("out.img"), { bigint: true }).birthtimeNs}`);
    await restore({});
    expect(out().equals(disk)).toBe(true);
    expect(runs()).toEqual([]);
  });
});

describe("with --overwrite", () => {
  test.each([
    ["shorter", 10],
    ["longer", SIZE + 4096],
    ["as long", SIZE],
  ])("a file that is %s becomes exactly the backup", async (_how, length) => {
    writeFileSync(lab.path("out.img"), Buffer.alloc(length, 0xaa));
    await restore({ overwrite: true, readBack: true });
    expect(out().equals(disk)).toBe(true);
  });

  test("a file that is not there is made", async () => {
    await restore({ overwrite: true });
    expect(out().equals(disk)).toBe(true);
  });

  test("a file that is half overwritten is kept, and the message says what it is", async () => {
    writeFileSync(lab.path("out.img"), Buffer.alloc(SIZE, 0xaa));
    await damageOwnPacks();
    await expect(restore({ overwrite: true })).rejects.toThrow("is now partly the backup, partly what it was");
    expect(existsSync(lab.path("out.img"))).toBe(true);
  });

  test("a file that another process has open is refused", async () => {
    writeFileSync(lab.path("out.img"), "mine");
    const reader = spawn("sh", ["-c", `exec 9<"${lab.path("out.img")}"; echo open; exec sleep 60`]);
    try {
      await once(reader.stdout, "data");
      await expect(restore({ overwrite: true })).rejects.toThrow("stop it before restoring");
      expect(out().toString()).toBe("mine");
    } finally {
      reader.kill("SIGKILL");
    }
  });
});

describe("to standard output", () => {
  test("comes in disk order, zeros included", async () => {
    const output = new PassThrough();
    const parts: Buffer[] = [];
    output.on("data", (part: Buffer) => parts.push(Buffer.from(part)));
    await restore({ target: "-", output });
    expect(Buffer.concat(parts).equals(disk)).toBe(true);
  });

  test("waits for a reader that is slow, and holds little meanwhile", async () => {
    let most = 0;
    const output = new Writable({
      highWaterMark: 1,
      write(_part, _encoding, done) {
        most = Math.max(most, output.writableLength);
        setImmediate(done);
      },
    });
    await restore({ target: "-", output });
    expect(most).toBeLessThanOrEqual(BLOCK);
  });

  test("hands out no block that is damaged", async () => {
    await damageOwnPacks();
    let bytes = 0;
    const output = new PassThrough();
    output.on("data", (part: Buffer) => {
      expect(
        Buffer.from(disk)
          .subarray(bytes, bytes + part.length)
          .equals(part),
      ).toBe(true);
      bytes += part.length;
    });
    await expect(restore({ target: "-", output })).rejects.toThrow(Damaged);
  });

  test("ends with a clear error when the reader goes away, or the work is stopped", async () => {
    const closed = new Writable({
      write: (_part, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
    });
    await expect(restore({ target: "-", output: closed })).rejects.toThrow("has closed it (EPIPE)");
    const stuck = new Writable({ write: () => undefined });
    const controller = new AbortController();
    const stopped = restore({ target: "-", output: stuck }, controller.signal);
    controller.abort();
    await expect(stopped).rejects.toThrow(Interrupted);
    expect(runs()).toEqual([]);
  });

  test("cannot be read back", async () => {
    await expect(restore({ target: "-", readBack: true })).rejects.toThrow("standard output cannot");
  });
});

test("what was deleted is not restored", async () => {
  const store = await lab.open();
  await removeBackups(store, lab.plane(store), [id]);
  await expect(restore({})).rejects.toThrow(`there is no backup ${id}`);
  expect(existsSync(lab.path("out.img"))).toBe(false);
});
