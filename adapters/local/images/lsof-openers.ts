/** Who has a file open where there is no /proc (macOS, BSD): asked of the lsof program. */
import { execFile } from "node:child_process";
import type { FileIdentity, Opener, Openers, Processes } from "./openers.ts";

// lsof asks every process; some seconds are normal on a busy machine, more means that it hangs on a dead mount.
const LSOF_TIME_LIMIT_MS = 20_000;

/**
 * Reads the output of `lsof -F pcaflDi`: one field a line, a letter first; `p` begins a process, `f` a file of it.
 * Answers the openers of each file, in the order of `files`.
 */
export function parseLsof(output: string, files: readonly FileIdentity[]): Opener[][] {
  const found: Opener[][] = files.map(() => []);
  let pid = 0;
  let command: string | undefined;
  let fields = new Map<string, string>();
  const endOfFile = () => {
    const device = fields.get("D");
    const inode = fields.get("i");
    const index = files.findIndex(
      ({ dev, ino }) => device !== undefined && BigInt(device) === dev && inode === `${ino}`,
    );
    if (index >= 0 && pid !== process.pid) {
      const access = fields.get("a")?.trim();
      const locked = (fields.get("l") ?? "").trim() !== "";
      const mayWrite = access === "w" || access === "u" || locked;
      const how = access === "w" || access === "u" ? "write" : locked ? "lock" : "read";
      found[index]?.push({ pid, command, how, mayWrite });
    }
    fields = new Map();
  };
  for (const line of output.split("\n")) {
    const value = line.slice(1);
    if (line[0] === "p" || line[0] === "f") endOfFile();
    if (line[0] === "p") {
      pid = Number(value);
      command = undefined;
    } else if (line[0] === "c") command = value;
    else if (line[0] !== undefined) fields.set(line[0], value);
  }
  endOfFile();
  return found;
}

/** The view through lsof; without it nothing is seen, and the answer says so. */
export function lsofProcesses(): Processes {
  return {
    openersOf(files: readonly FileIdentity[]): Promise<Openers> {
      const paths = files.map(({ path }) => path);
      if (paths.length === 0) return Promise.resolve({ byFile: [], gap: undefined });
      return new Promise((resolve) => {
        const options = { timeout: LSOF_TIME_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 };
        execFile("lsof", ["-n", "-P", "-w", "-F", "pcaflDi", "--", ...paths], options, (error, output) => {
          // Exit code 1 is also lsof's answer to "nobody": only a program that did not run to its end is a gap.
          const ran = error === null || error.code === 1;
          resolve({
            byFile: parseLsof(output, files),
            gap: ran
              ? undefined
              : "lsof could not be run, so other programs cannot be seen; a change during a backup is still found by comparing before and after",
          });
        });
      });
    },
  };
}
