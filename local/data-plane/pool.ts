/** The data plane on one machine: units run in a few worker threads, so that the service stays quick and small. */
import { createDataPlane } from "../../core/engine/data-plane.ts";
import type { HandOf, Hands, Operation, Units } from "../../core/engine/hands.ts";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import { type DataPlane, Interrupted, type UnitHooks } from "../../core/ports/data-plane.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type { LocalIoOptions } from "./io.ts";
import type { IoModule } from "./messages.ts";
import { handOf } from "./thread-hands.ts";
import { threadModule } from "./thread-module.ts";
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
  /** Starts all threads now, for work that is sure to come: they get ready while it is prepared. */
  readonly early?: boolean;
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
  return { module: threadModule("io", import.meta.url).href, options: { ...options } };
}

/** Threads are started when there is work, and end when there has been none for a while. A unit works with all that are free. */
export function createWorkerDataPlane(options: WorkerPoolOptions): WorkerDataPlane {
  const { objects, blocks } = options;
  const pool = new Pool(options);
  return { ...createDataPlane({ objects, blocks, hands: pool }), close: () => pool.close() };
}

class Pool implements Hands {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<WorkerThread>();
  readonly #idle = new Map<WorkerThread, NodeJS.Timeout>();
  readonly #queue: Waiting[] = [];
  readonly #closing = new AbortController();

  constructor(options: WorkerPoolOptions) {
    if (!Number.isInteger(options.workers) || options.workers < 1)
      throw new RangeError(`workers must be a whole number of at least 1, not ${options.workers}`);
    this.#options = options;
    const { early = false } = options;
    for (let thread = early ? this.#startThread() : undefined; thread !== undefined; thread = this.#startThread())
      this.#release(thread);
  }

  async open<O extends Operation>(operation: O, unit: Units[O], hooks: UnitHooks): Promise<readonly HandOf[O][]> {
    const own = this.#closing.signal;
    const signal = hooks.signal === undefined ? own : AbortSignal.any([hooks.signal, own]);
    // The first one is waited for; others join when nobody else waits for them.
    const threads = [await this.#thread(signal)];
    for (let more = this.#free(); more !== undefined; more = this.#free()) threads.push(more);
    const hands = threads.map((thread) => handOf(operation, thread, () => this.#release(thread)));
    const opened = await Promise.allSettled(
      threads.map((thread) => thread.open(operation, unit, { ...hooks, signal })),
    );
    const failed = opened.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return hands;
    await Promise.allSettled(hands.map((hand) => hand.close()));
    throw failed.reason;
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

  /** One more thread, when nobody waits for one. */
  #free(): WorkerThread | undefined {
    return this.#queue.length > 0 ? undefined : (this.#takeIdle() ?? this.#startThread());
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
