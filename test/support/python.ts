/** Which Python has the packages that a test needs? Virtual environments under `node_modules/.cache`, made on first use. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a Python program said, and how it ended. */
export interface PythonRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Python with the wanted packages, or why there is none. */
export type Python = { readonly python: string } | { readonly problem: string };

/**
 * Finds or makes the Python; half a minute or more the first time.
 *
 * @param name of its folder under `node_modules/.cache`
 * @param requirements the file with its pinned packages, from the root of the repository
 * @throws Error under `CI=true` when it cannot be had: there a missing tool is a failure
 */
export async function pythonWith(name: string, requirements: string): Promise<Python> {
  const cache = join(ROOT, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const maker = join(ROOT, "test", "support", "emulators", "make_venv.py");
  const made = await run("python3", [maker, join(cache, name), join(ROOT, requirements)]).catch((error: Error) => ({
    code: 1,
    stdout: "",
    stderr: error.message,
  }));
  if (made.code === 0) return { python: made.stdout.trim() };
  const problem = `no Python 3.10 with the packages of ${requirements}: ${made.stderr.trim().slice(-500)}`;
  if (process.env.CI === "true") throw new Error(problem);
  return { problem };
}

/**
 * Runs a program to its end. Its exit code is part of the answer, not an error.
 *
 * @throws Error when the program cannot be started, or was ended by a signal
 */
export async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<PythonRun> {
  const options = { env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...env }, maxBuffer: 64 * 1024 * 1024 };
  try {
    return { code: 0, ...(await promisify(execFile)(program, args, options)) };
  } catch (error) {
    const ended = error as Error & { code?: unknown; stdout?: string; stderr?: string };
    if (typeof ended.code !== "number") throw error;
    return { code: ended.code, stdout: ended.stdout ?? "", stderr: ended.stderr ?? "" };
  }
}
