/** By which command lines can the service be started, besides the plain one: another user, an older Node. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * A start by a user whom permissions bind, as they do not bind root. The program is loaded first: that user may not be
 * allowed to read this checkout.
 */
export function asNobodyCommand(dataDir: string): string[] {
  const service = new URL("../../local/service.ts", import.meta.url).href;
  const script = `
    const { startService } = await import(${JSON.stringify(service)});
    process.setgid(65534);
    process.setuid(65534);
    await startService({ dataDir: ${JSON.stringify(dataDir)}, port: 0, host: "127.0.0.1", log() {} }).catch((error) => {
      console.error("holdfast: " + error.message);
      process.exit(1);
    });`;
  return [process.execPath, "--input-type=module", "-e", script];
}

/** A Node of this machine that is too old for the product; where there is none, this one, told to believe that it is. */
export function olderNode(): readonly string[] {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((entry) => join(entry, "node"));
  const older = candidates.filter(existsSync).find((path) => {
    const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(`${spawnSync(path, ["--version"]).stdout}`) ?? [];
    return Number(major) < 24 || (Number(major) === 24 && Number(minor) < 21);
  });
  if (older !== undefined) return [older];
  const pretend = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})';
  return [process.execPath, "--import", `data:text/javascript,${pretend}`];
}
