/** Does exactly one process own a data folder, and is every folder that cannot be used refused clearly? */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { DataFolderRefused, openDataFolder } from "../../../adapters/local/data-folder.ts";
import { createSqliteRecordStore } from "../../../adapters/local/sqlite-records.ts";

const NOBODY = 65534;

function newPath(): string {
  const parent = mkdtempSync(join(tmpdir(), "holdfast-data-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, "data");
}
const open = (folder: string, create = true) => {
  const opened = openDataFolder({ folder, create });
  onTestFinished(() => opened.release());
  return opened;
};
const opening =
  (folder: string, create = true) =>
  () =>
    openDataFolder({ folder, create });
const entries = (folder: string) => readdirSync(folder).sort();

/** A process that tries to own the folder; `said` is its first line, "owner <generation>" or "refused <why>". */
async function starter(folder: string): Promise<{ child: ChildProcess; said: string }> {
  const script = new URL("./children/own-folder.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  for await (const line of createInterface({ input: child.stdout })) return { child, said: line };
  throw new Error("the process said nothing");
}
async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** Runs synchronous work as an ordinary user: root may write everywhere. */
function unprivileged<T>(folder: string, work: () => T): T {
  if (process.getuid?.() !== 0) return work();
  chmodSync(join(folder, ".."), 0o755);
  for (const name of [".", ...readdirSync(folder)]) chownSync(join(folder, name), NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("a data folder", () => {
  test("is made with its parents when asked to, keeps its id, and counts its owners", () => {
    const path = join(newPath(), "deep");
    expect(opening(path, false)).toThrow(`${path} is no Holdfast data folder: it has no holdfast.json`);
    const first = open(path);
    expect(first).toMatchObject({ path, firstStart: true, moved: false, generation: 1 });
    first.release();
    first.release();
    const second = open(path, false);
    expect(second).toMatchObject({ id: first.id, moved: false, generation: 2 });
    expect(entries(path)).toEqual(["holdfast.json", "lock.2"]);
  });

  test("is at its first start until that was finished: a kill before leaves it to the next one", () => {
    const path = newPath();
    const killed = open(path);
    killed.release();
    const next = open(path);
    expect(next.firstStart).toBe(true);
    next.finishFirstStart();
    next.finishFirstStart();
    next.release();
    const later = open(path);
    expect(later).toMatchObject({ firstStart: false, id: killed.id });
  });

  test("with a live owner is refused by pid and host, and the owner is not disturbed", async () => {
    const path = newPath();
    const { child, said } = await starter(path);
    expect(said).toBe("owner 1");
    expect(opening(path)).toThrow(`${path} is in use by process ${child.pid} on this host (${hostname()})`);
    expect(entries(path)).toEqual(["holdfast.json", "lock.1"]);
  });

  test("is refused to the process that has it already", () => {
    const path = newPath();
    open(path);
    expect(opening(path)).toThrow("is in use by this process itself");
  });

  test("that could not be told of its release, on a full disk say, is free for this process all the same", () => {
    const path = newPath();
    const first = open(path);
    chmodSync(path, 0o500);
    unprivileged(path, () => first.release());
    chmodSync(path, 0o700);
    expect(readFileSync(join(path, "lock.1"), "utf8")).not.toContain("released");
    expect(open(path, false)).toMatchObject({ generation: 2 });
    expect(opening(path)).toThrow("in use by this process itself");
  });

  test("that somebody else made anew is theirs, whatever this process released under the same name before", async () => {
    const path = newPath();
    const first = open(path);
    chmodSync(path, 0o500);
    unprivileged(path, () => first.release());
    rmSync(path, { recursive: true });
    const { said } = await starter(path);
    expect(said).toBe("owner 1");
    expect(opening(path)).toThrow(/in use by process \d+/);
  });

  test("is taken over at once from an owner that was killed", async () => {
    const path = newPath();
    const { child } = await starter(path);
    await end(child, "SIGKILL");
    expect(open(path).generation).toBe(2);
  });

  test("is taken over when the owner's pid belongs to another process now", () => {
    const path = newPath();
    open(path).release();
    // Process 1 lives, but it did not start at that time.
    writeFileSync(join(path, "lock.1"), JSON.stringify({ pid: 1, host: hostname(), started: "another boot:1" }));
    expect(open(path).generation).toBe(2);
  });

  test("is taken over when its lock was never written whole", () => {
    const path = newPath();
    open(path).release();
    writeFileSync(join(path, "lock.7"), "");
    expect(open(path).generation).toBe(8);
  });

  test("that another host owns is refused with what to do", () => {
    const path = newPath();
    open(path).release();
    const lock = join(path, "lock.1");
    writeFileSync(lock, JSON.stringify({ pid: 1, host: "elsewhere", started: "x" }));
    expect(opening(path)).toThrow(
      `${path} is in use by process 1 on host elsewhere: stop it there; if that host is gone for good, remove ${lock} and start again`,
    );
  });

  test("that many start at once, on a dead owner's lock or a new folder, gets exactly one owner", async () => {
    const path = newPath();
    for (let round = 1; round <= 3; round++) {
      const starters = await Promise.all(Array.from({ length: 5 }, () => starter(path)));
      const owners = starters.filter(({ said }) => said.startsWith("owner"));
      expect(owners.map(({ said }) => said)).toEqual([`owner ${round}`]);
      const pid = owners[0]?.child.pid;
      const others = starters.filter(({ said }) => said.startsWith("refused"));
      expect(others).toHaveLength(4);
      for (const { said } of others) expect(said).toContain(`in use by process ${pid} on this host`);
      for (const { child } of starters) await end(child, "SIGKILL");
    }
  });

  test("that was copied is told once, and keeps its id", () => {
    const path = newPath();
    const { id, release } = open(path);
    release();
    const copy = `${path}-copy`;
    cpSync(path, copy, { recursive: true });
    const first = open(copy);
    expect(first).toMatchObject({ id, moved: true });
    first.release();
    expect(open(copy).moved).toBe(false);
    expect(open(path).moved).toBe(false);
  });

  test("of a newer version is refused in one line, and left as it is", () => {
    const path = newPath();
    open(path).release();
    const file = join(path, "holdfast.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"format": 2', '"format": 3'));
    const before = entries(path);
    expect(opening(path)).toThrow(
      `${path} has format 3, this Holdfast knows formats up to 2: use the newer Holdfast that wrote it`,
    );
    expect(entries(path)).toEqual(before);
  });

  test("of an earlier version is taken over: from then on the earlier Holdfast refuses it", () => {
    const path = newPath();
    const { id, release } = open(path);
    release();
    const file = join(path, "holdfast.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"format": 2', '"format": 1'));
    const again = open(path, false);
    expect(again).toMatchObject({ id, moved: false });
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ format: 2, id });
    again.release();
  });

  test("with a damaged version file is refused", () => {
    const path = newPath();
    open(path).release();
    for (const text of ["", "{", "[]", "null", '{"format":"1"}', '{"format":0,"id":"x"}']) {
      writeFileSync(join(path, "holdfast.json"), text);
      expect(opening(path), text).toThrow(/holdfast\.json is damaged: restore it/);
    }
  });

  test("is never made of a folder that holds other things, or of a file", () => {
    const path = newPath();
    mkdirSync(path);
    mkdirSync(join(path, "lost+found"));
    writeFileSync(join(path, "thesis.txt"), "x");
    expect(opening(path)).toThrow(`not empty (it holds "thesis.txt"): name a new folder`);
    expect(entries(path)).toEqual(["lost+found", "thesis.txt"]);
    expect(opening(join(path, "thesis.txt"))).toThrow("thesis.txt is not a folder");
    expect(opening(join(path, "thesis.txt", "below"))).toThrow(DataFolderRefused);
    rmSync(join(path, "thesis.txt"));
    expect(open(path).firstStart).toBe(true);
  });

  test("that is read-only is refused in one line, used or new", () => {
    const used = newPath();
    open(used).release();
    chmodSync(used, 0o500);
    const fresh = newPath();
    mkdirSync(fresh);
    chmodSync(fresh, 0o500);
    for (const path of [used, fresh]) {
      const refused = `cannot use the data folder ${path}: permission denied (EACCES)`;
      expect(() => unprivileged(path, opening(path))).toThrow(new DataFolderRefused(refused));
      expect(() => unprivileged(path, opening(join(path, "new")))).toThrow("permission denied (EACCES)");
    }
  });

  test("whose record file is read-only, or cannot be made, is refused in one line", () => {
    const folder = newPath();
    mkdirSync(folder);
    const path = join(folder, "records.db");
    const start = () => createSqliteRecordStore({ path, now: () => 0 });
    start().close();
    chmodSync(path, 0o400);
    expect(() => unprivileged(folder, start)).toThrow(/^cannot open the record file [^\n]*readonly database$/);
    rmSync(path);
    chmodSync(folder, 0o500);
    expect(() => unprivileged(folder, start)).toThrow(/^cannot open the record file [^\n]*permission denied[^\n]*$/);
  });
});
