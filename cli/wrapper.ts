/** Has the process that stands between the user and us died? Then we end too, in good order. */
import { readFileSync } from "node:fs";
import { Socket } from "node:net";

/** How often the parent is looked at where no pipe tells: its death is noticed within this time, in ms. */
const LOOK_MS = 500;

/** Names the descriptor of the pipe that a wrapper holds open for as long as it lives. */
export const wrapperVariable = "HOLDFAST_WRAPPER_FD";

/**
 * Calls `ended` once, when the wrapper is gone:
 * - started by cli/bin.js on an old Node: the pipe that it holds open is closed by the kernel, whatever it died of;
 * - started by npm or npx: our parent, or npm behind the shell that it runs scripts in, is no longer the one that we had.
 *   (Started by a user's shell, we outlive it, as every program does that was put into the background.)
 * Watching keeps no process alive. The variable is taken out of `env`: what we start has a wrapper of its own.
 */
export function watchWrapper(env: NodeJS.ProcessEnv, ended: () => void): void {
  const descriptor = env[wrapperVariable];
  delete env[wrapperVariable];
  if (descriptor !== undefined && /^\d+$/.test(descriptor)) {
    const pipe = new Socket({ fd: Number(descriptor), readable: true, writable: false });
    // An error of a pipe is its end; "close" follows it.
    pipe.on("error", () => pipe.destroy());
    pipe.once("close", ended);
    pipe.resume();
    pipe.unref();
  } else if (env.npm_lifecycle_event !== undefined) {
    const before = parents();
    const look = setInterval(() => {
      if (parents() === before) return;
      clearInterval(look);
      ended();
    }, LOOK_MS).unref();
  }
}

/** Our parent and, when that is a shell, the shell's parent: it lives on when npm is killed, with another parent. */
function parents(): string {
  const { ppid } = process;
  const stat = procStat(ppid);
  return stat !== undefined && SHELL.test(stat.name) ? `${ppid} ${stat.parent}` : `${ppid}`;
}

const SHELL = /^(?:sh|dash|bash|ash|busybox|zsh)$/;

/** Name and parent of a process; undefined where there is no /proc, and when the process is gone. */
function procStat(pid: number): { readonly name: string; readonly parent: string } | undefined {
  try {
    // "pid (name) state ppid …": the name may hold blanks and brackets itself.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const end = stat.lastIndexOf(")");
    const parent = stat.slice(end + 1).split(" ")[2];
    return parent === undefined ? undefined : { name: stat.slice(stat.indexOf("(") + 1, end), parent };
  } catch {
    return undefined;
  }
}
