/** Does `holdfast serve` start, stop and share its folder as promised? */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Ended, runCli, type Started, startCli } from "./support/run-cli.ts";

let folder: string;
let data: readonly string[];
const running: Started[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-serve-"));
  data = ["--data", join(folder, "data")];
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A service on a free port; `url` as it printed it. */
async function serve(...args: string[]): Promise<{ service: Started; url: string }> {
  const service = startCli(["serve", "--port", "0", ...args, ...data]);
  running.push(service);
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    service.child.stdout?.on("data", (part: string) => {
      text += part;
      const found = /^Holdfast listens on (http:\S+)\n/m.exec(text);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    void service.ended.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { service, url };
}

async function stopped(service: Started, signal: NodeJS.Signals): Promise<Ended & { readonly ms: number }> {
  const started = performance.now();
  service.child.kill(signal);
  return { ...(await service.ended), ms: performance.now() - started };
}

function disk(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  truncateSync(path, 1024 * 1024);
  return path;
}

describe("serve", () => {
  test("writes credentials that only its owner can read, and keeps them over restarts but for the address", async () => {
    const read = (): Record<string, string> =>
      JSON.parse(readFileSync(join(folder, "data/credentials.json"), "utf8")) as Record<string, string>;
    const first = await serve();
    const before = read();
    expect(statSync(join(folder, "data/credentials.json")).mode & 0o777).toBe(0o600);
    expect(before.url).toBe(first.url);
    await stopped(first.service, "SIGTERM");
    const second = await serve();
    expect(read()).toEqual({ ...before, url: second.url });
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("stops on %s in good order", async (signal) => {
    const { service } = await serve();
    const { code, ms, stdout } = await stopped(service, signal);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(10_000);
    expect(stdout).toMatch(/^Holdfast listens on \S+\n$/);
  });

  test("is not disturbed by further signals while it stops", async () => {
    const { service } = await serve();
    service.child.kill("SIGTERM");
    service.child.kill("SIGTERM");
    service.child.kill("SIGINT");
    expect((await service.ended).code).toBe(0);
  });

  test("refuses a folder that another service uses, and a port that is taken", async () => {
    const { url } = await serve();
    const sameFolder = await runCli(["serve", "--port", "0", ...data]);
    expect({ code: sameFolder.code, stdout: sameFolder.stdout }).toEqual({ code: 1, stdout: "" });
    expect(sameFolder.stderr).toContain(`${running[0]?.child.pid}`);
    const samePort = await runCli(["serve", "--port", new URL(url).port, "--data", join(folder, "other")]);
    expect({ code: samePort.code, stdout: samePort.stdout }).toEqual({ code: 1, stdout: "" });
    expect(samePort.stderr).toContain(new URL(url).port);
  });

  test("takes over the folder of a service that was killed", async () => {
    const { service } = await serve();
    service.child.kill("SIGKILL");
    await service.ended;
    const again = await serve();
    expect((await runCli(["vault", "list", "--json", ...data])).stdout).toBe("[]\n");
    expect((await stopped(again.service, "SIGTERM")).code).toBe(0);
  });

  test("shows its numbers at /metrics and its health at /healthz without a key", async () => {
    const { url } = await serve();
    expect((await fetch(new URL("/healthz", url))).status).toBe(200);
    const metrics = await fetch(new URL("/metrics", url));
    expect({ status: metrics.status, type: metrics.headers.get("content-type") }).toEqual({
      status: 200,
      type: "text/plain; version=0.0.4",
    });
    const page = await metrics.text();
    for (const counter of [
      'backups_total{outcome="error"} 0',
      'collections_total{outcome="done"} 0',
      "backup_read_bytes 0",
    ])
      expect(page).toContain(`\n${counter}\n`);
  });
});

describe("resource commands without a running service", () => {
  test("do not make a folder by looking into it: a mistyped name is told", async () => {
    const mistyped = join(folder, "mistyped");
    const { code, stdout, stderr } = await runCli(["resource", "list", "--data", mistyped]);
    expect({ code, stdout, made: existsSync(mistyped) }).toEqual({ code: 1, stdout: "", made: false });
    expect(stderr).toContain("is no Holdfast data folder");
  });

  test("work on the folder itself, and the service knows what they did", async () => {
    const added = await runCli(["resource", "add", "disk", disk("a.img"), "--name", "a", "--json", ...data]);
    expect(added.stderr).toBe("");
    const { id } = JSON.parse(added.stdout) as { id: string };
    const { service } = await serve();
    const listed = await runCli(["resource", "list", "--json", ...data]);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id, kind: "disk", name: "a", size: 1024 * 1024 }]);
    await stopped(service, "SIGTERM");
    // Nobody listens at the address in credentials.json any more: the folder is used again.
    const removed = await runCli(["resource", "remove", id, "--json", ...data]);
    expect({ code: removed.code, stderr: removed.stderr }).toEqual({ code: 0, stderr: "" });
    expect((await runCli(["resource", "list", "--json", ...data])).stdout).toBe("[]\n");
    expect(existsSync(join(folder, "a.img"))).toBe(true);
  });

  test("show servers with their disks, as the service does", async () => {
    const add = async (...args: string[]): Promise<{ id: string }> =>
      JSON.parse((await runCli(["resource", "add", ...args, "--json", ...data])).stdout) as { id: string };
    const root = await add("disk", disk("root.img"), "--name", "root", "--system");
    const server = await add("server", "--name", "web", "--disk", root.id);
    expect(server).toMatchObject({ kind: "server", size: 1024 * 1024, disks: [{ id: root.id, server_id: server.id }] });
    await serve();
    const [first] = JSON.parse((await runCli(["resource", "list", "--json", ...data])).stdout) as object[];
    expect(Object.keys(first ?? {}).toSorted()).toEqual(Object.keys(server).toSorted());
  });

  test("say which rule a bad disk breaks, in one line", async () => {
    const { code, stdout, stderr } = await runCli([
      "resource",
      "add",
      "disk",
      folder,
      "--name",
      "x",
      "--json",
      ...data,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^holdfast: path: .+\n$/);
  });
});
