/** Does the whole service start, stop, refuse and go on as promised: as a process, on a real folder? */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Credentials } from "../../local/credentials.ts";
import { createImage } from "../chaos/image.ts";
import { seeded } from "../chaos/seeded.ts";
import { type ApiClient, type BackupView, signIn, type TaskView } from "../support/api-client.ts";
import { asNobodyCommand, olderNode } from "../support/service-process-commands.ts";

const MIB = 1024 ** 2;
/** The promise is 10 s from the signal to the end of the process. */
const STOP_MS = 10_000;
const cli = (name: string): string => fileURLToPath(new URL(`../../cli/${name}`, import.meta.url));

let folder: string;
let data: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-life-"));
  data = join(folder, "data");
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await endOf(child);
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly child: ChildProcess;
  text: { out: string; err: string };
}

function start(command: readonly string[]): Said {
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  const text = { out: "", err: "" };
  child.stdout.on("data", (part: Buffer) => {
    text.out += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    text.err += part.toString();
  });
  return { child, text };
}

const endOf = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once("close", resolve));

const serveCommand = (port = 0): string[] => [
  process.execPath,
  cli("main.ts"),
  "serve",
  "--data",
  data,
  "--port",
  `${port}`,
];

/** Starts `holdfast serve` and waits until it says that it listens. */
async function serve(
  command: readonly string[] = serveCommand(),
): Promise<Said & { readonly credentials: Credentials }> {
  const said = start(command);
  await new Promise<void>((resolve, reject) => {
    said.child.stdout?.on("data", () => {
      if (said.text.out.includes("Holdfast listens on ")) resolve();
    });
    said.child.once("close", () => reject(new Error(said.text.err)));
  });
  return { ...said, credentials: credentialsNow() };
}

/** A start that must fail: its exit code and its words. */
async function refused(command: readonly string[] = serveCommand()) {
  const { child, text } = start(command);
  const code = await endOf(child);
  return { code, ...text };
}

const credentialsNow = (): Credentials =>
  JSON.parse(readFileSync(join(data, "credentials.json"), "utf8")) as Credentials;

/** Every file of the data folder but the locks, which every start writes; of the record file every row. */
function contents(): Record<string, string> {
  const files = readdirSync(data, { recursive: true, withFileTypes: true, encoding: "utf8" }).filter((f) => f.isFile());
  const kept = files.filter((f) => !/^lock\.|^records\.sqlite/.test(f.name)).map((f) => join(f.parentPath, f.name));
  const db = new DatabaseSync(join(data, "records.sqlite"), { readOnly: true });
  const rows = JSON.stringify(db.prepare("SELECT * FROM items ORDER BY pk, sk").all());
  db.close();
  const hashes = kept.map((f) => [f, createHash("sha256").update(readFileSync(f)).digest("hex")] as const);
  return { ...Object.fromEntries(hashes), rows };
}

async function protect(api: ApiClient, path: string): Promise<{ diskId: string; vaultId: string }> {
  const { resource } = await api.post<{ resource: { id: string } }>("/holdfast/resources", {
    resource: { kind: "disk", path, name: "disk" },
  });
  const billing = { object_type: "disk", protect_type: "backup", size: 100 };
  const resources = [{ id: resource.id, type: "OS::Cinder::Volume" }];
  const { vault } = await api.post<{ vault: { id: string } }>("/vaults", { vault: { name: "v", billing, resources } });
  return { diskId: resource.id, vaultId: vault.id };
}

async function ended(api: ApiClient): Promise<readonly TaskView[]> {
  for (;;) {
    const { operation_logs } = await api.get<{ operation_logs: TaskView[] }>("/operation-logs");
    if (operation_logs.every((task) => task.status !== "running")) return operation_logs;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function unfinished(): number {
  const db = new DatabaseSync(join(data, "records.sqlite"), { readOnly: true });
  const found = db.prepare("SELECT count(*) AS n FROM items WHERE pk = 'XOPEN'").get();
  db.close();
  return Number(found?.n);
}

describe("a service that is told to stop", () => {
  test("parks running work within 10 s, whatever signals follow, and the next start finishes it", async () => {
    const image = createImage(join(folder, "disk.img"), 600 * MIB, 96 * MIB, seeded(1));
    const first = await serve();
    const api = await signIn(first.credentials);
    const { diskId, vaultId } = await protect(api, image.path);
    await api.post("/checkpoints", { checkpoint: { vault_id: vaultId } });
    const asked = performance.now();
    first.child.kill("SIGTERM");
    first.child.kill("SIGTERM");
    expect(await endOf(first.child)).toBe(0);
    expect(performance.now() - asked).toBeLessThan(STOP_MS);
    expect(unfinished()).toBeGreaterThan(0);

    const second = await serve();
    const again = await signIn(second.credentials);
    expect((await ended(again)).map((task) => task.status)).toEqual(["success"]);
    const { backups } = await again.get<{ backups: BackupView[] }>("/backups");
    expect(backups.map((backup) => backup.status)).toEqual(["available"]);

    // The same for a restore: the disk is another one until it is finished.
    const wanted = image.current;
    image.change();
    await again.post(`/backups/${backups[0]?.id}/restore`, { restore: { volume_id: diskId } });
    second.child.kill("SIGTERM");
    expect(await endOf(second.child)).toBe(0);
    const third = await serve();
    expect((await ended(await signIn(third.credentials))).map((task) => task.status)).toEqual(["success", "success"]);
    image.mustHold(wanted);
  }, 90_000);
});

describe("a service that cannot start", () => {
  test("names the process that has the folder, and starts at once when that one is dead", async () => {
    const owner = await serve();
    const { code, out, err } = await refused();
    expect({ code, out, lines: err.trim().split("\n").length }).toEqual({ code: 1, out: "", lines: 1 });
    expect(err).toContain(`in use by process ${owner.child.pid}`);
    owner.child.kill("SIGKILL");
    await endOf(owner.child);
    expect((await serve()).text.err).not.toContain("in use");
  });

  test("says in one line that the port is taken", async () => {
    const taker = createServer();
    const port = await new Promise<number>((resolve) =>
      taker.listen(0, "127.0.0.1", () => resolve((taker.address() as { port: number }).port)),
    );
    const { code, out, err } = await refused(serveCommand(port));
    taker.close();
    expect({ code, out, lines: err.trim().split("\n").length }).toEqual({ code: 1, out: "", lines: 1 });
    expect(err).toContain(`${port}`);
    // Nothing is held back: another port works at once.
    await serve();
  });

  test("says in one line that the folder cannot be written", async () => {
    mkdirSync(data, { mode: 0o555 });
    chmodSync(folder, 0o755);
    const { code, out, err } = await refused(process.getuid?.() === 0 ? asNobodyCommand(data) : serveCommand());
    expect({ code, out, lines: err.trim().split("\n").length }).toEqual({ code: 1, out: "", lines: 1 });
    expect(err).toMatch(/cannot use the data folder .*(EACCES|denied)/);
    expect(err).toContain(data);
    expect(readdirSync(data)).toEqual([]);
  });

  test("leaves a folder of a newer version exactly as it is", async () => {
    await stopped(await serve());
    const file = join(data, "holdfast.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), format: 99 }));
    const before = contents();
    const { code, err } = await refused();
    expect(code).toBe(1);
    expect(err).toMatch(/^holdfast: .*format 99.*use the newer Holdfast that wrote it\n$/);
    expect(contents()).toEqual(before);
  });

  test("refuses a key file that is not its own, or gone, and changes nothing", async () => {
    await stopped(await serve());
    const right = readFileSync(join(data, "key"));
    // The key of another folder.
    const own = data;
    data = join(folder, "other");
    await stopped(await serve());
    const foreign = readFileSync(join(data, "key"));
    data = own;
    writeFileSync(join(data, "key"), foreign);
    const before = contents();
    const wrong = await refused();
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^holdfast: .*put the right key file there\n$/);
    expect(contents()).toEqual(before);

    rmSync(join(data, "key"));
    const gone = await refused();
    expect(gone.code).toBe(1);
    expect(gone.err).toContain(join(data, "key"));
    expect(existsSync(join(data, "key"))).toBe(false);

    writeFileSync(join(data, "key"), right, { mode: 0o600 });
    await signIn((await serve()).credentials);
  });
});

async function stopped({ child }: Said): Promise<void> {
  child.kill("SIGTERM");
  await endOf(child);
}

describe("a service that starts again", () => {
  test("writes a damaged or missing credentials.json anew, with the same keys", async () => {
    const first = await serve();
    await stopped(first);
    for (const damage of ["{", "", undefined]) {
      if (damage === undefined) rmSync(join(data, "credentials.json"));
      else writeFileSync(join(data, "credentials.json"), damage);
      const again = await serve();
      expect(again.credentials).toEqual({ ...first.credentials, url: again.credentials.url });
      await signIn(again.credentials);
      await stopped(again);
    }
  });
});

describe("a service under an older Node", () => {
  test("ends when its wrapper dies by kill -9, and gives the folder back", async () => {
    const wrapped = await serve([...olderNode(), cli("bin.js"), ...serveCommand().slice(2)]);
    const { pid } = JSON.parse(readFileSync(join(data, lockOf()), "utf8")) as { pid: number };
    expect(pid).not.toBe(wrapped.child.pid);
    wrapped.child.kill("SIGKILL");
    // The pipes close with the last process that holds them: the service itself.
    await new Promise((resolve) => wrapped.child.once("close", resolve));
    expect(JSON.parse(readFileSync(join(data, lockOf()), "utf8"))).toMatchObject({ pid, released: true });
  });
});

const lockOf = (): string => readdirSync(data).find((name) => /^lock\.\d+$/.test(name)) ?? "";
