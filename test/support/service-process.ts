/** A whole service in a real process that can be told to kill itself, and started again on the same data folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Credentials } from "../../local/credentials.ts";
import type { KillPlan, Moment } from "./service-process-plan.ts";

const child = fileURLToPath(new URL("./service-process-child.ts", import.meta.url));
const killer = new URL("./service-process-killer.ts", import.meta.url).href;
/** A service that is not ready, or not dead, by then hangs; ms. */
const PATIENCE_MS = 90_000;

/** A service on `work`/data; its log is `work`/service.log. */
export interface ServiceProcess {
  readonly credentials: Credentials;
  readonly pid: number;
  /** From the start of the process to its word that it answers requests and has taken up what was running; ms. */
  readonly readyMs: number;
  /** From now on the process kills itself at this moment. */
  arm(plan: KillPlan): void;
  /** Waits for that death. @throws when the process ends otherwise, or goes on living */
  killed(): Promise<Moment>;
  /** Stops it in good order. */
  stop(): Promise<void>;
  /** Kills it now, whatever it does. */
  kill(): Promise<void>;
}

export const dataFolderOf = (work: string): string => join(work, "data");

/**
 * Starts the service without any plan. @throws with the end of its log when it does not start
 * @param clockMs added to its clock: below 0 for one that was set back
 */
export async function startServiceProcess(work: string, clockMs = 0): Promise<ServiceProcess> {
  const folder = join(work, "kill");
  const files = {
    plan: join(folder, "plan.json"),
    moment: join(folder, "moment.json"),
    log: join(work, "service.log"),
  };
  mkdirSync(folder, { recursive: true });
  rmSync(files.plan, { force: true });
  rmSync(files.moment, { force: true });
  const log = openSync(files.log, "a");
  const began = performance.now();
  const running = spawn(process.execPath, ["--import", killer, child, dataFolderOf(work)], {
    stdio: ["ignore", log, log, "ipc"],
    env: {
      ...process.env,
      HOLDFAST_TEST_KILL_FOLDER: folder,
      HOLDFAST_TEST_RECORDS: join(dataFolderOf(work), "records.sqlite"),
      HOLDFAST_TEST_CLOCK_MS: String(clockMs),
    },
  });
  closeSync(log);
  const ended = once(running, "exit");
  const lastWords = (): string => readFileSync(files.log, "utf8").split("\n").slice(-15).join("\n");
  const { credentials } = await patiently("start", ready(running, lastWords));
  const readyMs = performance.now() - began;

  async function killed(): Promise<Moment> {
    const [code, signal] = await patiently("reach the moment of its death", ended);
    if (signal !== "SIGKILL" || !existsSync(files.moment))
      throw new Error(`the service ended with ${code ?? signal} before its moment came:\n${lastWords()}`);
    return JSON.parse(readFileSync(files.moment, "utf8")) as Moment;
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (running.exitCode === null && running.signalCode === null) running.kill(signal);
    await patiently("end", ended);
  }
  return {
    credentials,
    pid: running.pid ?? 0,
    readyMs,
    arm(plan) {
      // In one step: the process may be looking at any time.
      writeFileSync(`${files.plan}.new`, JSON.stringify(plan));
      renameSync(`${files.plan}.new`, files.plan);
    },
    killed,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function ready(running: ChildProcess, lastWords: () => string): Promise<{ credentials: Credentials }> {
  return new Promise((resolve, reject) => {
    running.once("message", (message) => resolve(message as { credentials: Credentials }));
    running.once("error", reject);
    running.once("exit", (code, signal) =>
      reject(new Error(`the service did not start, it ended with ${code ?? signal}:\n${lastWords()}`)),
    );
  });
}

async function patiently<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the service did not ${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
