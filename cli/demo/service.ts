/** How does the demo run the service? As a process of its own, as a user would, and never longer than the demo. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CommandFailed } from "../failure.ts";
import { wrapperVariable } from "../wrapper.ts";

/** A service that has not stopped by then is killed; ms. */
const STOP_MS = 15_000;

export interface RunningService {
  stop(): Promise<void>;
}

/** Starts `holdfast serve` on a free port and waits until it is ready. @throws CommandFailed with its last words */
export async function startServiceProcess(dataDir: string): Promise<RunningService> {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, "serve", "--data", dataDir, "--port", "0"], {
    // The last one closes when we die, however we die: then the service ends as well (wrapper.ts).
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, [wrapperVariable]: "3" },
  });
  const words: string[] = [];
  if (child.stderr !== null) createInterface(child.stderr).on("line", (line) => words.push(line));
  const ready = new Promise<void>((resolve, reject) => {
    if (child.stdout !== null)
      createInterface(child.stdout).on("line", (line) => {
        if (line.startsWith("Holdfast listens on ")) resolve();
      });
    child.once("error", reject);
    child.once("close", (code) => {
      reject(new CommandFailed(`the service ended with ${code}:\n${words.slice(-10).join("\n")}`));
    });
  });
  await ready;
  return { stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  const impatient = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(impatient);
}
