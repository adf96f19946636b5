/** Lowers the calling thread's CPU priority, so that requests are answered at once while data moves. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** The Linux kernel gives a thread at 10 about a tenth of what one at 0 gets while both want the same core. */
const NICE = 10;

/** Linux only: elsewhere priorities belong to processes, and the thread keeps the one it has. */
export function lowerThreadPriority(): void {
  if (process.platform !== "linux") return;
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    if (Number.isInteger(thread)) setPriority(thread, NICE);
  } catch {
    // No /proc, or a sandbox that forbids it: the work is done at the usual priority.
  }
}
