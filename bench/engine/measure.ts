/** Runs one whole program and says what it cost: wall time, processor time and the most memory that it held. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One program with its arguments; `env` is added to the environment. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What one process (with everything it started) cost. */
export interface Cost {
  /** Seconds from the start to the end, on the monotonic clock. */
  readonly wall: number;
  /** Seconds of processor time, user and system, of the process and of all that it waited for. */
  readonly cpu: number;
  /** MiB of resident memory of the largest process among them, at its peak: threads are part of their process. */
  readonly rss: number;
}

const TIME = "/usr/bin/time";

/**
 * Runs `command` to its end under GNU time. Without it the peak of a small program would be that of Node: the kernel counts the
 * memory that a process had before it became the program (exec), and `time` is small.
 * @throws Error with the last lines of standard error when the command fails or GNU time is missing
 */
export async function measure(command: Command): Promise<Cost & { readonly stdout: string }> {
  if (!existsSync(TIME)) throw new Error(`${TIME} is missing: install the package "time"`);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-time-"));
  try {
    const report = join(folder, "time");
    const argv = ["-o", report, "-f", "%U %S %M", "--", ...command.argv];
    const started = process.hrtime.bigint();
    const child = spawn(TIME, argv, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...command.env },
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output.stderr = (output.stderr + chunk).slice(-4000);
    });
    let ended = started;
    child.once("exit", () => {
      ended = process.hrtime.bigint();
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`${command.argv.join(" ")}: exit code ${code}\n${output.stderr}`);
    const [user = 0, system = 0, kib = 0] = readFileSync(report, "utf8").trim().split(" ").map(Number);
    const wall = Number(ended - started) / 1e9;
    return { wall: round(wall, 3), cpu: round(user + system, 2), rss: round(kib / 1024, 1), stdout: output.stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `command` without measuring it; its standard output. @throws Error when it fails */
export function run({ argv: [file = "", ...rest], env, cwd }: Command): string {
  return execFileSync(file, rest, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** Everything dirty on disk, so that what came before does not write into the next measurement. */
export function settle(): void {
  execFileSync("sync");
}

/** The middle value (the upper one of two); NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** `value` with so many digits behind the point. */
export function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** One line for who watches. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
