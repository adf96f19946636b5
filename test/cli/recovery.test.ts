/** Does a recovery code of a service open its backups when the service and its key are gone? */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Service, startService } from "../../local/service.ts";
import { BLOCK } from "../support/engine-disks.ts";
import { run as runProcess } from "../support/python.ts";
import { RESTORE, restorePython } from "../tools/python.ts";
import { runCli } from "./support/run-cli.ts";

let folder: string;
let service: Service | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-recovery-"));
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const data = () => join(folder, "data");
async function start(): Promise<void> {
  service = await startService({ dataDir: data(), port: 0, host: "127.0.0.1", log: () => undefined });
}
async function stop(): Promise<void> {
  await service?.stop(2_000);
  service = undefined;
}
/** A command that must succeed; what it printed as JSON. */
async function done<T = Record<string, string>>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runCli(["--data", data(), ...args, "--json"], { cwd: folder });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** A disk of the service with one backup; the file that holds what was backed up. */
async function backedUp(): Promise<string> {
  const image = join(folder, "disk.img");
  writeFileSync(image, Buffer.from(Array.from({ length: 3 }, (_, n) => String(n).repeat(BLOCK)).join("")));
  const disk = await done("resource", "add", "disk", image, "--name", "disk");
  const vault = await done("vault", "create", "--name", "v", "--resource", disk.id ?? "");
  await done("backup", "create", "--vault", vault.id ?? "");
  return image;
}

describe("a recovery code of a service", () => {
  test("opens its backups without the key: for `store restore`, and for tools/restore.py", async ({ skip }) => {
    await start();
    const image = await backedUp();
    const made = await done("admin", "recovery", "create");
    expect(made).toMatchObject({ project_name: "local-1", repository: `d-${made.project_id}` });
    expect(made.recovery_code).toMatch(/^([0-9A-Z]{6}-){5}[0-9A-Z]{6}$/);
    await stop();
    rmSync(join(data(), "key"));
    rmSync(join(data(), "records.sqlite"));

    const code = ["--recovery-code", made.recovery_code ?? ""];
    const [backup] = await done<{ id: string }[]>("store", "list", "--store", data(), ...code);
    const target = join(folder, "restored.img");
    await done("store", "restore", backup?.id ?? "", target, "--store", data(), ...code);
    expect(readFileSync(target).equals(readFileSync(image))).toBe(true);

    const tool = await restorePython();
    if ("problem" in tool) return skip(tool.problem);
    const python = (...args: string[]) =>
      runProcess(tool.python, [RESTORE, ...args, "--objects", join(data(), "objects"), ...code]);
    const listed = await python("list", "--json");
    const { root } = JSON.parse(listed.stdout.split("\n")[0] ?? "") as { root: string };
    const again = join(folder, "again.img");
    expect(await python("restore", "--root", root, "--output", again)).toMatchObject({ code: 0 });
    expect(readFileSync(again).equals(readFileSync(image))).toBe(true);
  });

  test("is made before the first backup, and in the folder of a stopped service, too; each one made stays good", async () => {
    await start();
    const first = await done("admin", "recovery", "create");
    await backedUp();
    await stop();
    const second = await done("admin", "recovery", "create", "--project", "local-1");
    expect(second.recovery_code).not.toBe(first.recovery_code);
    rmSync(join(data(), "key"));
    for (const { recovery_code } of [first, second])
      expect(
        await done<object[]>("store", "list", "--store", data(), "--recovery-code", recovery_code ?? ""),
      ).toHaveLength(1);
  });

  test("is of one project: with several it must be named, and opens nothing of the others", async () => {
    await start();
    await backedUp();
    await done("admin", "project", "create", "--name", "other");
    const unnamed = await runCli(["--data", data(), "admin", "recovery", "create"], { cwd: folder });
    expect(unnamed).toMatchObject({ code: 1, stderr: expect.stringContaining("has 2 projects: name one") });
    const other = await done("admin", "recovery", "create", "--project", "other");
    const { project_id } = await done("admin", "recovery", "create", "--project", "local-1");
    const list = (domain: string) =>
      runCli(
        [
          "store",
          "list",
          "--store",
          data(),
          "--domain",
          domain,
          "--recovery-code",
          other.recovery_code ?? "",
          "--json",
        ],
        { cwd: folder },
      );
    expect(await list(other.repository ?? "")).toMatchObject({ code: 0, stdout: "[]\n" });
    expect(await list(`d-${project_id}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it belongs to another store"),
    });
  });

  test("is not made under a new secret when the key object is lost: that would open nothing", async () => {
    await start();
    await backedUp();
    const { repository } = await done("admin", "recovery", "create");
    await stop();
    const lost = join(data(), "objects", repository ?? "", "keys", "service");
    rmSync(lost);
    for (const running of [false, true]) {
      if (running) await start();
      expect(await runCli(["--data", data(), "admin", "recovery", "create"], { cwd: folder })).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/no code was made: .*keys\/service is missing, and .* put it back from a copy/),
      });
      expect(existsSync(lost)).toBe(false);
    }
  });

  test("is said to be shown once", async () => {
    await start();
    const { stdout, stderr } = await runCli(["--data", data(), "admin", "recovery", "create"], { cwd: folder });
    expect(stdout).toMatch(/^recovery_code +([0-9A-Z]{6}-){5}[0-9A-Z]{6}$/m);
    expect(stderr).toContain("shown once");
  });
});
