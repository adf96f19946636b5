/** How do bytes come and go: one socket, read into the very buffers that a conversation asks for. */
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { NbdError, nonsense } from "./errors.ts";
import type { NbdAddress } from "./url.ts";

/** A conversation yields buffers, each is filled completely before it goes on. What it throws ends the connection. */
export type Conversation = Generator<Uint8Array, void, void>;

/** More than a local socket hands over at once by default (net.core.rmem_default is 208 KiB). */
const SCRATCH_BYTES = 256 * 1024;
/** What is at least this long is received where it belongs; below, one copy is cheaper than one more system call. */
const DIRECT_BYTES = 64 * 1024;
/** A server that was told goodbye closes at once; nobody waits longer for one that does not. */
const GOODBYE_MS = 2_000;
const NOTHING = new Uint8Array(0);

export class Wire {
  /** When bytes last came or went, on the monotonic clock in milliseconds. */
  progress = performance.now();
  readonly #socket: Socket;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #gone: Promise<void>;
  #conversation: Conversation | undefined;
  #wanted: Uint8Array = NOTHING;
  #filled = 0;
  #failure: NbdError | undefined;
  readonly #onFailure: (error: NbdError) => void;

  /** Connects, then lets `conversation` speak. `onFailure` is called once, and nothing is received after it. */
  constructor(
    server: NbdAddress["server"],
    conversation: (wire: Wire) => Conversation,
    onFailure: (error: NbdError) => void,
  ) {
    this.#onFailure = onFailure;
    let connected = false;
    this.#socket = connect({
      ...server,
      onread: {
        buffer: () => this.#place(),
        callback: (count, buffer) => this.#received(count, buffer),
      },
    });
    this.#socket.once("connect", () => {
      connected = true;
      if ("host" in server) this.#socket.setNoDelay(true).setKeepAlive(true, 30_000);
      this.#conversation = conversation(this);
      this.#filled = 0;
      this.#advance();
    });
    this.#socket.on("error", (error) => {
      if (connected) this.fail(new NbdError("lost", `the connection broke: ${error.message}`, { cause: error }));
      else this.fail(new NbdError("unreachable", `cannot be connected to: ${error.message}`, { cause: error }));
    });
    this.#socket.once("end", () => this.fail(new NbdError("lost", "the server closed the connection")));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gone = promise;
    this.#socket.once("close", () => {
      this.fail(new NbdError("lost", "the connection is closed"));
      resolve();
    });
  }

  get failure(): NbdError | undefined {
    return this.#failure;
  }

  /** Bytes that the operating system has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Sends both in order; `taken` is called when the operating system has them and the buffers may be used again. */
  send(header: Uint8Array, payload?: Uint8Array, taken?: () => void): void {
    if (this.#failure !== undefined) return;
    const done = (error?: Error | null): void => {
      if (error) return;
      this.progress = performance.now();
      taken?.();
    };
    if (payload === undefined) {
      this.#socket.write(header, done);
      return;
    }
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(payload, done);
    this.#socket.uncork();
  }

  /** Ends the connection for a reason; the first one counts. */
  fail(error: NbdError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    // No buffer is touched from here on: the handle is closed before anything else is read.
    this.#socket.destroy();
    this.#conversation = undefined;
    this.#wanted = NOTHING;
    this.#onFailure(error);
  }

  /** Says goodbye and waits until the server closed, for a while. */
  async end(goodbye: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return this.#gone;
    this.#failure = new NbdError("closed", "the connection was closed by us");
    this.#socket.end(goodbye);
    const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  #place(): Uint8Array {
    const rest = this.#wanted.length - this.#filled;
    return rest >= DIRECT_BYTES ? this.#wanted.subarray(this.#filled) : this.#scratch;
  }

  #received(count: number, buffer: Uint8Array): boolean {
    this.progress = performance.now();
    if (buffer !== this.#scratch) {
      this.#filled += count;
      this.#advance();
      return true;
    }
    for (let at = 0; at < count && this.#conversation !== undefined; ) {
      const piece = Math.min(count - at, this.#wanted.length - this.#filled);
      this.#wanted.set(this.#scratch.subarray(at, at + piece), this.#filled);
      at += piece;
      this.#filled += piece;
      this.#advance();
    }
    return true;
  }

  /** Goes on with the conversation while what it wants is complete. */
  #advance(): void {
    while (this.#conversation !== undefined && this.#filled === this.#wanted.length) {
      try {
        const next = this.#conversation.next();
        if (next.done) throw nonsense("the conversation ended");
        this.#wanted = next.value;
        this.#filled = 0;
      } catch (error) {
        const why = error instanceof NbdError ? error : nonsense(`cannot be understood: ${(error as Error).message}`);
        this.fail(why);
      }
    }
  }
}
