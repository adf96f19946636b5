/** Keeps long work polite: turns of the event loop, progress, abort, time budget, and memory that must be given back. */
import { Interrupted, type UnitHooks } from "../ports/data-plane.ts";
import { TURN_MS } from "./numbers.ts";

/** Progress is told this often, in milliseconds: the contract asks for once a second. */
const TELL_MS = 250;

/** What a host lends to the engine's loops. */
export interface PaceHost {
  /** Milliseconds of a clock that never goes back; only differences count. Default: performance.now. */
  readonly monotonic?: () => number;
  /**
   * Called with the bytes of blocks that were just encoded or decoded. Each leaves about twice as much dead memory outside
   * the JavaScript heap, which the collector hardly sees: a host that must stay small collects here.
   */
  readonly churned?: (bytes: number) => void;
}

/** The pace of one unit. */
export class Pace {
  readonly #hooks: UnitHooks;
  readonly #now: () => number;
  readonly #churned: (bytes: number) => void;
  readonly #start: number;
  #turned: number;
  #told: number;
  #untold = 0;

  constructor(host: PaceHost, hooks: UnitHooks = {}) {
    this.#hooks = hooks;
    // A duration, never a date: the engine has no idea what time it is.
    this.#now = host.monotonic ?? (() => performance.now());
    this.#churned = host.churned ?? (() => undefined);
    this.#start = this.#now();
    this.#turned = this.#start;
    this.#told = this.#start;
  }

  /** Milliseconds since the unit began. */
  get elapsed(): number {
    return this.#now() - this.#start;
  }

  /** Bytes of blocks were encoded or decoded. */
  churned(bytes: number): void {
    this.#churned(bytes);
  }

  /**
   * Bytes of disk are done; a promise when it is time for a turn of the loop. `busy`: something asynchronous is under way
   * and gets on only in turns (a put writes its pack piece by piece), so every call is one. @throws Interrupted once aborted
   */
  worked(bytes: number, busy = false): Promise<void> | undefined {
    this.#untold += bytes;
    this.check();
    const now = this.#now();
    if (now - this.#told >= TELL_MS) this.tell();
    if (!busy && now - this.#turned < TURN_MS) return undefined;
    return this.#turn();
  }

  /** @throws Interrupted once aborted */
  check(): void {
    if (this.#hooks.signal?.aborted) throw new Interrupted("the unit was stopped");
  }

  /** Tells what is untold; at the end of a unit, so that progress adds up. */
  tell(): void {
    this.#told = this.#now();
    if (this.#untold > 0) this.#hooks.onProgress?.(this.#untold);
    this.#untold = 0;
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#turned = this.#now();
    this.check();
  }
}
