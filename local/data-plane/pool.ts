/** The data plane on one machine: units run in a few worker threads, so that the service stays quick and small. */
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import {
  type CompareResult,
  type DataPlane,
  Interrupted,
  type RestoreResult,
  type TransferResult,
  type UnitHooks,
  type VerifyResult,
} from "../../core/ports/data-plane.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { LocalIoOptions } from "./io.ts";
import type { IoModule, Operation, Units } from "./messages.ts";
import { WorkerThread } from "./worker-thread.ts";

/** An idle thread holds some 50 MiB and takes about 0.2 s to start. */
const IDLE_MS = 10_000;

export interface WorkerPoolOptions {
  /** Threads at most, at least 1; units beyond that wait their turn. */
  readonly workers: number;
  /** Used in the caller's thread, for what is quick: seal, root, difference. */
  readonly objects: ObjectStore;
  readonly blocks: BlockAccess;
  /** How each thread opens objects and blocks of its own; `localIo` names those of one machine. */
  readonly io: IoModule;
  /** Milliseconds after which an idle thread ends. Default 10 s. */
  readonly idleMs?: number;
}

/** A DataPlane whose threads can be ended. */
export interface WorkerDataPlane extends DataPlane {
  /** Interrupts all units and ends all threads; units that come later are refused. */
  close(): Promise<void>;
}

interface Waiting {
  readonly start: (thread: WorkerThread) => void;
}

/** A folder of objects and disk images, for the threads of a pool. */
export function localIo(options: LocalIoOptions): IoModule {
  return { module: new URL("./io.ts", import.meta.url).href, options: { ...options } };
}

/** Threads are started when there is work, and end when there has been none for a while. */
export function createWorkerDataPlane(options: WorkerPoolOptions): WorkerDataPlane {
  const { objects, blocks } = options;
  const direct = createDataPlane({ objects, blocks });
  const pool = new Pool(options);
  return {
    transfer: (unit, hooks) => pool.run("transfer", unit, hooks) as Promise<TransferResult>,
    restore: (unit, hooks) => pool.run("restore", unit, hooks) as Promise<RestoreResult>,
    compare: (unit, hooks) => pool.run("compare", unit, hooks) as Promise<CompareResult>,
    verify: (unit, hooks) => pool.run("verify", unit, hooks) as Promise<VerifyResult>,
    seal: direct.seal,
    root: direct.root,
    difference: direct.difference,
    close: () => pool.close(),
  };
}

class Pool {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<WorkerThread>();
  readonly #idle = new Map<WorkerThread, NodeJS.Timeout>();
  readonly #queue: Waiting[] = [];
  readonly #closing = new AbortController();

  constructor(options: WorkerPoolOptions) {
    if (!Number.isInteger(options.workers) || options.workers < 1)
      throw new RangeError(`workers must be a whole number of at least 1, not ${options.workers}`);
    this.#options = options;
  }

  async run<O extends Operation>(operation: O, unit: Units[O], hooks: UnitHooks = {}): Promise<unknown> {
    const own = this.#closing.signal;
    const signal = hooks.signal === undefined ? own : AbortSignal.any([hooks.signal, own]);
    const thread = await this.#thread(signal);
    try {
      return await thread.run(operation, unit, { ...hooks, signal });
    } finally {
      this.#release(thread);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  /** An idle thread, a new one, or the next one that gets free. @throws Interrupted */
  #thread(signal: AbortSignal): Promise<WorkerThread> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(new Interrupted("the unit was stopped before it began"));
      };
      const waiting: Waiting = {
        start: (thread) => {
          signal.removeEventListener("abort", stop);
          resolve(thread);
        },
      };
      this.#queue.push(waiting);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#queue.length > 0) {
      const thread = this.#takeIdle() ?? this.#startThread();
      if (thread === undefined) return;
      this.#queue.shift()?.start(thread);
    }
  }

  #takeIdle(): WorkerThread | undefined {
    // The one used last is the warmest; the others get to end.
    const [thread, timer] = [...this.#idle].at(-1) ?? [];
    if (thread === undefined) return undefined;
    clearTimeout(timer);
    this.#idle.delete(thread);
    return thread;
  }

  #startThread(): WorkerThread | undefined {
    if (this.#threads.size >= this.#options.workers) return undefined;
    const thread = new WorkerThread(this.#options.io);
    this.#threads.add(thread);
    void thread.ended.then(() => {
      clearTimeout(this.#idle.get(thread));
      this.#idle.delete(thread);
      this.#threads.delete(thread);
      this.#serve();
    });
    return thread;
  }

  #release(thread: WorkerThread): void {
    if (!thread.alive) return;
    const retire = () => {
      this.#idle.delete(thread);
      void thread.end();
    };
    const timer = setTimeout(retire, this.#options.idleMs ?? IDLE_MS);
    timer.unref();
    this.#idle.set(thread, timer);
    this.#serve();
  }
}
