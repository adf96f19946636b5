/** Has the process that stands between the user and us died? Then we end too, in good order. */
import { Socket } from "node:net";

/** How often the parent is looked at where no pipe tells: its death is noticed within this time, in ms. */
const LOOK_MS = 500;

/** Names the descriptor of the pipe that a wrapper holds open for as long as it lives. */
export const wrapperVariable = "HOLDFAST_WRAPPER_FD";

/**
 * Calls `ended` once, when the wrapper is gone:
 * - started by cli/bin.js on an old Node: the pipe that it holds open is closed by the kernel, whatever it died of;
 * - started by npm or npx: our parent is no longer the one that we had. (Started by a shell, we outlive it, as every
 *   program does that was put into the background.)
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
    const parent = process.ppid;
    const look = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(look);
      ended();
    }, LOOK_MS).unref();
  }
}
