/** How is one emulator run: in a process group of its own, on a free port, with a log, and gone when its owner is gone? */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What to run. */
export interface EmulatorSpec {
  readonly name: string;
  readonly command: string;
  /** Arguments and the environment depend on the port. */
  readonly args: (port: number) => readonly string[];
  /** The whole environment: nothing of the test runner's own leaks into emulated Lambdas. */
  readonly env: (port: number) => Readonly<Record<string, string>>;
  /** A path that answers once it is ready; any status counts. */
  readonly readyPath: string;
  /** A port to use instead of a free one. */
  readonly port?: number;
}

/** One that answers. */
export interface RunningEmulator {
  readonly url: string;
  readonly port: number;
  /** Ends it and everything it started, and removes its temporary files. Twice is once. */
  stop(): Promise<void>;
}

/** An emulator ended early or did not answer in time; the message holds the end of its log. */
class EmulatorFailed extends Error {
  override readonly name = "EmulatorFailed";
}

/** Measured: 4 s for the slowest alone, 13 s on a busy machine. */
const READY_WITHIN_MS = 90_000;
/** An orderly end is ignored while a Lambda runs, so it gets this long before the group is killed. */
const STOP_WITHIN_MS = 4_000;
/** Another process may take a free port between our looking and the emulator's binding. */
const PORT_ATTEMPTS = 3;

/** A port of 127.0.0.1 that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

/**
 * Starts it and waits until it answers.
 *
 * @param logFolder where `<name>.log` is written
 * @throws EmulatorFailed when it ends by itself or does not answer within 90 s
 */
export async function startEmulator(spec: EmulatorSpec, logFolder: string): Promise<RunningEmulator> {
  const attempts = spec.port === undefined ? PORT_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(spec, logFolder, spec.port ?? (await freePort()));
    } catch (error) {
      if (!(error instanceof EmulatorFailed) || attempt === attempts) throw error;
    }
  }
}

async function startOnce(spec: EmulatorSpec, logFolder: string, port: number): Promise<RunningEmulator> {
  // A temporary folder of its own: emulated Lambdas unpack their code there, and removing it touches nobody else's.
  const temporary = mkdtempSync(join(tmpdir(), `holdfast-${spec.name}-`));
  const logPath = join(logFolder, `${spec.name}.log`);
  const log = openSync(logPath, "a");
  const child = spawn(spec.command, [...spec.args(port)], {
    cwd: temporary,
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...spec.env(port), TMPDIR: temporary },
  });
  closeSync(log);
  let ended: string | undefined;
  child.on("exit", (code, signal) => {
    ended ??= `ended with ${signal ?? code}`;
  });
  child.on("error", (error) => {
    ended ??= error.message;
  });
  const guard = child.pid === undefined ? undefined : startGuard(child.pid, temporary);
  const url = `http://127.0.0.1:${port}`;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= endGroup(child).then(() => {
      rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
      guard?.kill("SIGKILL");
    });
    return stopping;
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answers(`${url}${spec.readyPath}`))) {
    if (ended === undefined && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    await stop();
    const why = ended ?? `did not answer within ${READY_WITHIN_MS / 1_000} s`;
    throw new EmulatorFailed(
      `${spec.name} ${why}; ${logPath} ends with:\n${readFileSync(logPath, "utf8").slice(-2_000)}`,
    );
  }
  return { url, port, stop };
}

/**
 * A shell that ends the group when this process is gone, however it went: its standard input is a pipe that only we
 * hold open. In a session of its own, so that Ctrl-C at the terminal does not end it first.
 */
function startGuard(group: number, temporary: string): ChildProcess {
  const seconds = STOP_WITHIN_MS / 1_000;
  const script = `cat >/dev/null; kill -TERM ${group}; sleep ${seconds}; kill -KILL -- -${group}; rm -rf -- "$1"`;
  const guard = spawn("/bin/sh", ["-c", script, "guard", temporary], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  (guard.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return guard;
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).arrayBuffer();
    return true;
  } catch {
    return false; // not listening yet, which is what is asked here
  }
}

/** An orderly end for the process, then the end of everything in its group: workers outlive their parent. */
async function endGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  signal(pid, "SIGTERM");
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) await sleep(50);
  while (signal(-pid, "SIGKILL")) await sleep(20);
}

/** @returns false when there is nobody to get it */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
