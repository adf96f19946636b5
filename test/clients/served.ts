/** A running `holdfast serve` as a client meets it: an address, credentials, and a disk image to protect. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../../local/credentials.ts";
import { runCli, startCli } from "../cli/support/run-cli.ts";
import { type Python, pythonWith } from "../support/python.ts";

/** The first run installs some sixty packages; ms. */
export const INSTALL_MS = 600_000;
/** A whole life on a machine that has other things to do; ms. */
export const LIFE_MS = 600_000;

const MB = 1024 * 1024;

/** The service, and one registered disk of 4 MB. */
export interface Served {
  readonly credentials: Credentials;
  readonly disk: { readonly id: string; readonly path: string };
  /** An empty home for clients, which leave caches and an id in it. Removed with the rest. */
  readonly home: string;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

/** Finds or makes the Python that has the clients. @throws Error under `CI=true` when it cannot be had */
export const clientsPython = (): Promise<Python> => pythonWith("holdfast-clients", "test/clients/requirements.txt");

/** Content that says where it stands, with a hole in the middle. */
export function firstContent(): Buffer {
  const bytes = Buffer.alloc(4 * MB);
  for (const from of [0, 3 * MB]) for (let at = from; at < from + MB; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

/** Starts `holdfast serve` on a free port and registers the disk. @throws with its output when it does not start */
export async function serve(): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-clients-"));
  const data = ["--data", join(folder, "data")];
  const { child, ended } = startCli(["serve", "--port", "0", ...data]);
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      let text = "";
      child.stdout?.on("data", (part: string) => {
        text += part;
        if (/^Holdfast listens on http:\S+\n/m.test(text)) resolve();
      });
      void ended.then(({ stderr }) => reject(new Error(`the service did not start: ${stderr}`)));
    });
    const path = join(folder, "disk.img");
    writeFileSync(path, firstContent());
    const added = await runCli(["resource", "add", "disk", path, "--name", "data-disk", "--json", ...data]);
    if (added.code !== 0) throw new Error(added.stderr);
    const { id } = JSON.parse(added.stdout) as { id: string };
    const credentials = JSON.parse(readFileSync(join(folder, "data", "credentials.json"), "utf8")) as Credentials;
    return { credentials, disk: { id, path }, home: folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing of this machine's own settings reaches a client: no proxy, no other cloud. */
export const clientEnvironment = (home: string): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.keys(process.env).flatMap((name) => (/^(OS|HUAWEICLOUD)_/.test(name) ? [[name, undefined]] : [])),
  ),
  HOME: home,
  NO_PROXY: "*",
  no_proxy: "*",
});
