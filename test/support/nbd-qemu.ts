/** Real servers for tests: qemu-nbd, and a running QEMU that is spoken to over QMP. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** Is a program there? A test that needs it is skipped otherwise, but never where tests must be complete. */
export function installed(program: string): boolean {
  const found = spawnSync(program, ["--version"]).error === undefined;
  if (!found && process.env.CI === "true") throw new Error(`${program} is needed to run all tests`);
  return found;
}

export function qemuImg(...args: readonly string[]): void {
  execFileSync("qemu-img", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Runs commands of qemu-io on an image, as `write -P 5 64k 64k`. */
export function qemuIo(format: string, image: string, ...commands: readonly string[]): void {
  execFileSync("qemu-io", ["-f", format, ...commands.flatMap((command) => ["-c", command]), image], {
    stdio: "ignore",
  });
}

export interface Server {
  stop(): Promise<void>;
}

function stoppable(child: ChildProcess): Server {
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Waits until somebody listens there. @throws Error with what the program said when it ends before */
async function listening(
  child: ChildProcess,
  where: { readonly path: string } | { readonly port: number },
): Promise<void> {
  let said = "";
  child.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  while (!(await answers(where))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function answers(where: { readonly path: string } | { readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", ...where });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Serves an image on a unix socket, for any number of clients. */
export async function serveOnSocket(socket: string, image: string, ...more: readonly string[]): Promise<Server> {
  return serve({ path: socket }, ["--socket", socket, ...more, image]);
}

/** Serves an image on a port of this machine. */
export async function serveOnPort(port: number, image: string, ...more: readonly string[]): Promise<Server> {
  return serve({ port }, ["--bind=127.0.0.1", `--port=${port}`, ...more, image]);
}

async function serve(
  where: { readonly path: string } | { readonly port: number },
  args: readonly string[],
): Promise<Server> {
  const child = spawn("qemu-nbd", ["--persistent", "--shared=0", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  await listening(child, where);
  return stoppable(child);
}

/** A machine that never runs an instruction; its disks can be written all the same. */
export interface Machine extends Server {
  /** One QMP command. @throws Error with QEMU's description */
  qmp(execute: string, args?: object): Promise<unknown>;
  /** Runs a command of qemu-io through one of its virtio-blk devices, by id: where a guest's writes come in. */
  io(device: string, command: string): Promise<void>;
}

/** Starts QEMU with these arguments, halted before its first instruction. */
export async function startMachine(qmpSocket: string, ...args: readonly string[]): Promise<Machine> {
  const own = ["-S", "-nodefaults", "-display", "none", "-machine", "q35", "-accel", "tcg", "-m", "64"];
  const child = spawn("qemu-system-x86_64", [...own, "-qmp", `unix:${qmpSocket},server=on,wait=off`, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await listening(child, { path: qmpSocket });
  const socket = connect(qmpSocket);
  const lines = createInterface({ input: socket });
  const waiting: ((answer: Record<string, unknown>) => void)[] = [];
  lines.on("line", (line) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    if ("return" in message || "error" in message) waiting.shift()?.(message);
  });
  const qmp = async (execute: string, rest: object = {}): Promise<unknown> => {
    const answer = await ask(socket, waiting, JSON.stringify({ execute, arguments: rest }));
    if (answer.error !== undefined) throw new Error(`${execute}: ${(answer.error as { desc: string }).desc}`);
    return answer.return;
  };
  await qmp("qmp_capabilities");
  const server = stoppable(child);
  return {
    qmp,
    async io(device, command) {
      const path = `/machine/peripheral/${device}/virtio-backend`;
      const said = await qmp("human-monitor-command", { "command-line": `qemu-io -d ${path} "${command}"` });
      // QEMU prints what qemu-io has to say on its own standard output; the monitor only answers what went wrong.
      if (said !== "") throw new Error(`qemu-io ${device} "${command}": ${said}`);
    },
    async stop() {
      socket.destroy();
      await server.stop();
    },
  };
}

function ask(
  socket: Socket,
  waiting: ((answer: Record<string, unknown>) => void)[],
  line: string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    waiting.push((answer) => {
      socket.off("error", reject);
      resolve(answer);
    });
    socket.write(`${line}\n`);
  });
}
