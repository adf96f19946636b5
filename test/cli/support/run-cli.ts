/** Runs `holdfast` as a user does: as a process, with its own streams and exit code. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { accessKey, projectId, secretKey } from "./fake-service.ts";

const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started command: the process, and how it will have ended. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves as soon as `text` stands on standard error. */
  said(text: string): Promise<void>;
}

/** Compiled TypeScript, as cli/bin.js keeps it for users: without it every command compiles itself anew. */
const compiled = fileURLToPath(new URL("../../../node_modules/.cache/holdfast", import.meta.url));

/** Nothing of the machine's own settings reaches the command. */
function cleanEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: tmpdir(), NODE_COMPILE_CACHE: compiled, ...env };
}

export function startCli(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    /** What stands on standard input; default: nothing. */
    readonly input?: string;
  } = {},
): Started {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: cleanEnvironment(options.env ?? {}),
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command that fails at once reads nothing: that is told by its exit code, not by a broken pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  let stdout = "";
  let stderr = "";
  const listeners: (() => void)[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        listeners.push(look);
        look();
        void ended.then(() => reject(new Error(`ended without "${text}": ${stderr}`)));
      }),
  };
}

/** Runs a command to its end. */
export const runCli = (...given: Parameters<typeof startCli>): Promise<Ended> => startCli(...given).ended;

/** Credentials as the service writes them. */
export const credentials = (url: string): Record<string, string> => ({
  url,
  region: "local",
  domain_name: "holdfast",
  domain_id: "0000111122223333aaaabbbbccccdddd",
  project_name: "local",
  project_id: projectId,
  user_name: "admin",
  password: "p",
  access_key: accessKey,
  secret_key: secretKey,
});

/** A data folder with the given credentials file; call `remove` when done. */
export function dataFolder(content?: object | string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  if (content !== undefined)
    writeFileSync(join(path, "credentials.json"), typeof content === "string" ? content : JSON.stringify(content));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
