/** A worker thread of the data plane: does one unit at a time and reports. */
import { parentPort, workerData } from "node:worker_threads";
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type {
  CompareUnit,
  DataPlane,
  RestoreUnit,
  TransferUnit,
  UnitHooks,
  VerifyUnit,
} from "../../core/ports/data-plane.ts";
import type { Io } from "./io.ts";
import { createCollector } from "./memory.ts";
import type { FromWorker, IoModule, ToWorker } from "./messages.ts";
import { toPlain } from "./plain-error.ts";
import { lowerThreadPriority } from "./priority.ts";

const port = parentPort;
if (port === null) throw new Error("this module is started by the worker pool");

lowerThreadPriority();
const { module, options } = workerData as IoModule;
const { openIo } = (await import(module)) as { openIo(given: unknown): Io | Promise<Io> };
const plane = createDataPlane({ ...(await openIo(options)), churned: createCollector() });

let running: AbortController | undefined;

function send(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

function start(
  { operation, unit }: ToWorker & { type: "run" },
  hooks: UnitHooks,
): ReturnType<DataPlane["transfer" | "restore" | "compare" | "verify"]> {
  if (operation === "transfer") return plane.transfer(unit as TransferUnit, hooks);
  if (operation === "restore") return plane.restore(unit as RestoreUnit, hooks);
  if (operation === "compare") return plane.compare(unit as CompareUnit, hooks);
  return plane.verify(unit as VerifyUnit, hooks);
}

async function run(message: ToWorker & { type: "run" }): Promise<void> {
  const controller = new AbortController();
  running = controller;
  const onProgress = (bytes: number) => send({ type: "progress", bytes });
  try {
    const result = await start(message, { signal: controller.signal, onProgress });
    running = undefined;
    send({ type: "done", result });
  } catch (error) {
    running = undefined;
    send({ type: "failed", error: toPlain(error) });
  }
}

port.on("message", (message: ToWorker) => {
  if (message.type === "run") return void run(message);
  running?.abort();
  // With its port closed and no work left the thread ends by itself, at a point where nothing is half done.
  if (message.type === "end") port.close();
});
