/** Which processes of the emulator run a function, and how does one die in the middle of its work? */
import { readdirSync, readFileSync } from "node:fs";
import { inject } from "vitest";

/**
 * Ends every process that runs this function for our emulator, as when Lambda loses a host. They are known by their
 * environment: the function's name, and the call log, which no other emulator's functions have.
 * @returns how many there were
 */
export function killWorkers(functionName: string): number {
  const ours = [`AWS_LAMBDA_FUNCTION_NAME=${functionName}`, `HOLDFAST_CALL_LOG=${inject("aws").logs}/calls.jsonl`];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.filter((pid) => {
    const environment = environmentOf(pid);
    return ours.every((one) => environment.includes(one));
  });
  for (const pid of found) process.kill(Number(pid), "SIGKILL");
  return found.length;
}

function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return []; // Ended since, or somebody else's.
    throw error;
  }
}
