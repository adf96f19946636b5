/** Starts the service as a process of its own, on a folder that may be seeded before, and looks at it from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Credentials } from "../../local/credentials.ts";
import { type ApiClient, signIn } from "../../test/support/api-client.ts";

/** A service that runs. */
export interface Running {
  readonly credentials: Credentials;
  readonly api: ApiClient;
  /** Seconds from the start of the process until it said that it listens. */
  readonly readyAfter: number;
  /** MiB of resident memory now, and the most since the start. */
  rss(): { readonly now: number; readonly peak: number };
  /** Resolves with the first line of its log that `is` accepts, also one that was written before. */
  line(is: (line: LogLine) => boolean): Promise<LogLine>;
  stop(): Promise<void>;
}

/** A line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly text?: string };

/** Seconds until a line is given up. */
const PATIENCE = 120;

/** Starts the service on `data`, made when absent. @throws Error when it ends before it listens */
export async function startService(data: string): Promise<Running> {
  const holdfast = new URL("../../cli/bin.js", import.meta.url).pathname;
  const began = performance.now();
  const child = spawn(process.execPath, [holdfast, "serve", "--data", data, "--port", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = watch(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`the service did not start: exit code ${code}`)));
  });
  const readyAfter = (performance.now() - began) / 1000;
  const credentials: Credentials = JSON.parse(readFileSync(join(data, "credentials.json"), "utf8"));
  const mib = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024;
  return {
    credentials,
    api: await signIn(credentials),
    readyAfter,
    rss: () => ({ now: mib("VmRSS"), peak: mib("VmHWM") }),
    line: log,
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

function watch(child: ChildProcess): Running["line"] {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  if (child.stderr === null) throw new Error("the service has no standard error");
  createInterface(child.stderr).on("line", (text) => {
    // Notes for people are no JSON.
    if (text.startsWith("{")) lines.push(JSON.parse(text) as LogLine);
    for (const look of waiting) look();
  });
  return (is) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the awaited line of the log did not come")), PATIENCE * 1000);
      const look = (): void => {
        const found = lines.find(is);
        if (found === undefined) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
}
