/** One worker thread as its pool sees it: runs a unit, tells progress, can be stopped, and may die. */
import { Worker } from "node:worker_threads";
import type { Operation, Units } from "../../core/engine/hands.ts";
import { Interrupted, type UnitHooks } from "../../core/ports/data-plane.ts";
import type { Ask, FromWorker, IoModule, ToWorker } from "./messages.ts";
import { fromPlain } from "./plain-error.ts";
import { threadModule } from "./thread-module.ts";

/** A worker that is asked to stop and does not answer for this long hangs in a call of its host: it is ended. */
const ABORT_GRACE_MS = 5_000;

/** JavaScript heaps only; buffers come on top. A root of 64 TiB has 131,072 leaves in memory. */
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 2 };

interface Task {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Not shared: one unit at a time, and of that one question at a time. */
export class WorkerThread {
  readonly #worker: Worker;
  #hooks: UnitHooks = {};
  #task: Task | undefined;
  #crash: Error | undefined;
  #alive = true;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;

  constructor(io: IoModule) {
    this.#worker = new Worker(threadModule("worker", import.meta.url), { workerData: io, resourceLimits: LIMITS });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => {
      this.#crash = error instanceof Error ? error : new Error(String(error));
    });
    this.ended = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        // Before the question is rejected: whoever hears of that must not give this thread another one.
        this.#alive = false;
        this.#settle()?.reject(this.#lost(code));
        resolve();
      });
    });
    // A process that has nothing else to do may end although a thread is idle.
    this.#worker.unref();
  }

  /** Can it take another unit? */
  get alive(): boolean {
    return this.#alive;
  }

  /** Opens a unit; its progress and its end by abort are this thread's until the next one is opened. @throws what opening throws */
  async open<O extends Operation>(operation: O, unit: Units[O], hooks: UnitHooks): Promise<void> {
    this.#hooks = hooks;
    await this.#send({ type: "open", operation, unit });
  }

  /** Asks the hands of the open unit. @throws what they throw, in its own class; Error when the thread dies */
  ask(ask: Ask): Promise<unknown> {
    return this.#send({ type: "ask", ask });
  }

  /** Ends the thread. A unit under way is interrupted; a thread that hangs is ended by force after 5 s. */
  async end(): Promise<void> {
    this.#alive = false;
    this.#worker.ref();
    this.#post({ type: "end" });
    const force = setTimeout(() => void this.#worker.terminate(), ABORT_GRACE_MS);
    await this.ended;
    clearTimeout(force);
  }

  #send(message: ToWorker): Promise<unknown> {
    const { signal } = this.#hooks;
    return new Promise((resolve, reject) => {
      if (!this.#alive) return reject(signal?.aborted ? interrupted(this.#lost(0)) : this.#lost(0));
      this.#worker.ref();
      let grace: NodeJS.Timeout | undefined;
      const abort = () => {
        this.#post({ type: "abort" });
        grace = setTimeout(() => void this.#worker.terminate(), ABORT_GRACE_MS);
      };
      const done = () => {
        signal?.removeEventListener("abort", abort);
        clearTimeout(grace);
        this.#worker.unref();
      };
      this.#task = {
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          // However it came to its end, a unit that was told to stop was stopped.
          reject(signal?.aborted && !(error instanceof Interrupted) ? interrupted(error) : error);
        },
      };
      this.#post(message);
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.type === "progress") this.#hooks.onProgress?.(message.bytes);
    else if (message.type === "done") this.#settle()?.resolve(message.result);
    else this.#settle()?.reject(fromPlain(message.error));
  }

  #settle(): Task | undefined {
    const task = this.#task;
    this.#task = undefined;
    return task;
  }

  #lost(code: number): Error {
    const why = this.#crash === undefined ? `exit code ${code}` : this.#crash.message;
    return new Error(`the worker thread died: ${why}`, { cause: this.#crash });
  }
}

function interrupted(cause: Error): Interrupted {
  return new Interrupted(`the unit was stopped: ${cause.message}`, { cause });
}
