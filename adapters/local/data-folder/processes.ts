/** Which process is this, and does another one still live? */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { codeOf } from "../files/failures.ts";

/** One run of one process: a pid alone is given again to others. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in words that no other process with its pid on its host ever has. */
  readonly started: string;
}

/** The running process. */
export function thisProcess(): ProcessIdentity {
  const started = startOf(process.pid);
  if (started === undefined) throw new Error("cannot learn when this process started: neither /proc nor ps tells");
  return { pid: process.pid, host: hostname(), started };
}

/** Whether that very process still runs on this host; one that ended but was not yet reaped does not. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  const found = startOf(pid);
  return found === undefined ? isHidden(pid) : found === started;
}

/**
 * When the process with this pid started; "ended" for one that only waits to be reaped; undefined when none is seen.
 */
function startOf(pid: number): string | undefined {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  if (stat === undefined) return process.platform === "linux" ? undefined : startByPs(pid);
  // The second field, the command in brackets, may hold anything; the third is the state, the 22nd the start in ticks
  // since boot.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return "ended";
  // Ticks since boot come again after a reboot, with the same pid even: boot-time services are that regular.
  const boot = readOrNothing("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  return `${boot}:${fields[19]}`;
}

/** Whether there is a process that we may not look at: another user's, where /proc is mounted with hidepid. */
function isHidden(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** macOS has no /proc; ps prints the second in which the process started. */
function startByPs(pid: number): string | undefined {
  try {
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" }, encoding: "utf8" });
    return text.trim() === "" ? undefined : text.trim();
  } catch {
    // ps ends with 1 when there is no such process.
    return undefined;
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    // ESRCH: it ended while it was read.
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
