/** A worker thread of the data plane: one pair of hands, opened for one unit at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { CompareHand, HandOf, Operation, RestoreHand, TransferHand, VerifyHand } from "../../core/engine/hands.ts";
import { encodeSlots } from "../../core/engine/leaf.ts";
import { createLocalHands } from "../../core/engine/local-hands.ts";
import type { Io } from "./io.ts";
import { createCollector } from "./memory.ts";
import { type Ask, type FromWorker, fromPlainStretch, type IoModule, type ToWorker } from "./messages.ts";
import { toPlain } from "./plain-error.ts";
import { lowerThreadPriority } from "./priority.ts";

const port = parentPort;
if (port === null) throw new Error("this module is started by the worker pool");

const { module, options, background } = workerData as IoModule;
if (background) lowerThreadPriority();
const { openIo } = (await import(module)) as { openIo(given: unknown): Io | Promise<Io> };
const churned = createCollector();
const hands = createLocalHands({ ...(await openIo(options)), churned });

/** What the buffers of a unit come to that has little to do: small disks would leave them behind by the hundred. */
const BYTES_OF_A_HAND = 4 * 1024 * 1024;

let running: AbortController | undefined;
let hand: HandOf[Operation] | undefined;

function send(message: FromWorker): void {
  port?.postMessage(message);
}

async function open({ operation, unit }: ToWorker & { type: "open" }): Promise<void> {
  running = new AbortController();
  const onProgress = (bytes: number) => send({ type: "progress", bytes });
  const opened = await hands.open(operation, unit as never, { signal: running.signal, onProgress });
  hand = opened[0];
}

async function answer(ask: Ask): Promise<unknown> {
  if (hand === undefined) {
    // Opening failed or was interrupted: there is nothing to close.
    if (ask.call === "close") return undefined;
    throw new Error(`no unit is open for ${ask.call}`);
  }
  switch (ask.call) {
    case "stretch": {
      const { slots, ...counts } = await (hand as TransferHand).stretch(fromPlainStretch(ask.stretch));
      return { ...counts, slots: slots && encodeSlots(slots) };
    }
    case "leaf":
      return (hand as TransferHand).leaf(Buffer.from(ask.plain.buffer, ask.plain.byteOffset, ask.plain.length));
    case "finish":
      return (hand as TransferHand).finish();
    case "write":
      return (hand as RestoreHand).write(fromPlainStretch(ask.stretch));
    case "sync":
      return (hand as RestoreHand).sync();
    case "readBack":
      return (hand as RestoreHand).readBack(fromPlainStretch(ask.stretch));
    case "compare":
      return (hand as CompareHand).compare(fromPlainStretch(ask.stretch));
    case "check":
      return (hand as VerifyHand).check(fromPlainStretch(ask.stretch));
    case "close": {
      const closed = hand;
      hand = undefined;
      running = undefined;
      await closed.close();
      churned(BYTES_OF_A_HAND);
      return undefined;
    }
  }
}

async function run(message: ToWorker & { type: "open" | "ask" }): Promise<void> {
  try {
    send({ type: "done", result: await (message.type === "open" ? open(message) : answer(message.ask)) });
  } catch (error) {
    send({ type: "failed", error: toPlain(error) });
  }
}

port.on("message", (message: ToWorker) => {
  if (message.type === "open" || message.type === "ask") return void run(message);
  running?.abort();
  // With its port closed and no work left the thread ends by itself, at a point where nothing is half done.
  if (message.type === "end") port.close();
});
