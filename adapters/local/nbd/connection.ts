/** One connection to one export: requests go out as they come, replies find them, silence and loss end them all. */
import { performance } from "node:perf_hooks";
import { NbdError } from "./errors.ts";
import { contextsNamed, type ExportFacts, handshake, type Wishes } from "./handshake.ts";
import { COMMAND, type Command } from "./protocol.ts";
import { replies } from "./replies.ts";
import { headerOf, type Request } from "./requests.ts";
import type { NbdAddress } from "./url.ts";
import { type Conversation, Wire } from "./wire.ts";

export interface NbdOptions {
  /** A server that sends nothing for so long while it owes us a reply is given up, in milliseconds. */
  readonly patienceMs: number;
}

/** Long enough for a disk that wakes up or a storage fail-over, short enough for the one who waits. */
export const DEFAULT_PATIENCE_MS = 60_000;
/** A flush writes all that the server's machine still holds in memory: gigabytes on a slow disk. */
const FLUSH_PATIENCE = 10;
/** One request carries this much when the server prefers no more: a read of the engine, two of its blocks. */
const REQUEST_BYTES = 1024 * 1024;
/** More than the server's preference is not asked for at once beyond this: memory is held for it. */
const REQUEST_MAX_BYTES = 4 * 1024 * 1024;

/** Connects and agrees on everything. @throws NbdError */
export function connectNbd(
  address: NbdAddress,
  contexts: readonly string[],
  options: NbdOptions,
): Promise<NbdConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<NbdConnection>();
  const connection = new NbdConnection(address, { exportName: address.exportName, contexts }, options, (error) =>
    error === undefined ? resolve(connection) : reject(error),
  );
  return promise;
}

/** The meta contexts of an export that start with `prefix`. @throws NbdError */
export function listContexts(address: NbdAddress, prefix: string, options: NbdOptions): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const wire = new Wire(
    address.server,
    function* (own) {
      resolve(yield* contextsNamed((bytes) => own.send(bytes), address.exportName, prefix));
      yield Buffer.alloc(1);
    },
    reject,
  );
  const timer = setTimeout(() => wire.fail(silent(options.patienceMs)), options.patienceMs);
  return promise.finally(() => {
    clearTimeout(timer);
    wire.fail(new NbdError("closed", "all is known"));
  });
}

function silent(ms: number): NbdError {
  return new NbdError("silent", `the server sent nothing for ${ms / 1000} s`);
}

export class NbdConnection {
  readonly url: string;
  /** What one request carries at most: a multiple of the server's minimum. */
  requestBytes = 0;
  readonly #options: NbdOptions;
  readonly #wire: Wire;
  readonly #waiting = new Map<number, Request>();
  #facts: ExportFacts | undefined;
  #lastCookie = 0;
  #watch: NodeJS.Timeout | undefined;

  /** `ready` is called once: when the handshake is over, or with what became of it. */
  constructor(address: NbdAddress, wishes: Wishes, options: NbdOptions, ready: (error?: NbdError) => void) {
    this.url = address.url;
    this.#options = options;
    this.#wire = new Wire(
      address.server,
      (wire) => this.#converse(wire, wishes, ready),
      (error) => {
        const told = this.#told(error);
        this.#endAll(told);
        ready(told);
      },
    );
    this.#watch = setTimeout(() => this.#look(), options.patienceMs);
  }

  get facts(): ExportFacts {
    if (this.#facts === undefined) throw new Error("the handshake is not over");
    return this.#facts;
  }

  can(flag: number): boolean {
    return (this.facts.flags & flag) !== 0;
  }

  /** Bytes that still have to leave this process. */
  get backlog(): number {
    return this.#wire.backlog;
  }

  /** Fills `into`, in as many requests at once as it takes. After an error nothing is written into it any more. */
  async read(offset: number, into: Uint8Array): Promise<void> {
    const pieces = [...this.cut(offset, into.length)];
    const ended = await Promise.allSettled(
      pieces.map(([at, length]) =>
        this.#request(COMMAND.read, at, length, { into: into.subarray(at - offset, at - offset + length) }),
      ),
    );
    for (const each of ended) if (each.status === "rejected") throw each.reason;
  }

  /** Sends at most `requestBytes`; `bytes` must stay as they are until it resolves. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#request(COMMAND.write, offset, bytes.length, { payload: bytes });
  }

  /** Makes a range of at most the server's maximum read as zeros. Needs EXPORT_FLAG.writeZeroes. */
  async writeZeroes(offset: number, length: number): Promise<void> {
    await this.#request(COMMAND.writeZeroes, offset, length, {});
  }

  /** Resolves when all that was answered before survives power loss. Needs EXPORT_FLAG.flush. */
  async flush(): Promise<void> {
    await this.#request(COMMAND.flush, 0, 0, { patience: FLUSH_PATIENCE * this.#options.patienceMs });
  }

  /** The descriptors of a range's start by context; they may end before it or reach beyond it. */
  async blockStatus(offset: number, length: number): Promise<ReadonlyMap<number, Buffer>> {
    return (await this.#request(COMMAND.blockStatus, offset, length, {})).extents;
  }

  /** Takes leave. With requests on their way there is nothing to wait for: they end with an error. */
  async close(): Promise<void> {
    const goodbye = headerOf(COMMAND.disconnect, 0, 0, 0);
    clearTimeout(this.#watch);
    if (this.#waiting.size > 0) {
      this.#wire.send(goodbye);
      this.#wire.fail(new NbdError("closed", "was closed"));
    }
    await this.#wire.end(goodbye);
  }

  /** A range in pieces that one request may carry: offset and length of each. */
  *cut(offset: number, length: number): Generator<readonly [number, number]> {
    for (let at = offset; at < offset + length; at += this.requestBytes)
      yield [at, Math.min(this.requestBytes, offset + length - at)];
  }

  *#converse(wire: Wire, wishes: Wishes, ready: () => void): Conversation {
    const facts = yield* handshake((bytes) => wire.send(bytes), wishes);
    this.#facts = facts;
    this.requestBytes = requestBytesFor(facts);
    clearTimeout(this.#watch);
    this.#watch = undefined;
    ready();
    yield* replies(facts, {
      find: (cookie) => {
        const request = this.#waiting.get(cookie);
        return request?.answered === false ? request : undefined;
      },
      complete: (cookie, request) => {
        request.answered = true;
        this.#part(cookie, request);
      },
    });
  }

  #request(
    command: Command,
    offset: number,
    length: number,
    more: { readonly into?: Uint8Array; readonly payload?: Uint8Array; readonly patience?: number },
  ): Promise<Request> {
    const { failure } = this.#wire;
    if (failure !== undefined) return Promise.reject(this.#told(failure));
    const { promise, resolve, reject } = Promise.withResolvers<Request>();
    const request: Request = {
      command,
      offset,
      length,
      into: more.into,
      received: [],
      extents: new Map(),
      patience: more.patience ?? this.#options.patienceMs,
      error: undefined,
      answered: false,
      missing: more.payload === undefined ? 1 : 2,
      end: (error) => (error === undefined ? resolve(request) : reject(error)),
    };
    do this.#lastCookie = (this.#lastCookie + 1) % 2 ** 32;
    while (this.#waiting.has(this.#lastCookie));
    const cookie = this.#lastCookie;
    if (this.#waiting.size === 0) this.#wire.progress = performance.now();
    this.#waiting.set(cookie, request);
    this.#watch ??= setTimeout(() => this.#look(), request.patience);
    const header = headerOf(command, cookie, offset, length);
    if (more.payload === undefined) this.#wire.send(header);
    else this.#wire.send(header, more.payload, () => this.#part(cookie, request));
    return promise.catch((error: unknown) => {
      throw error instanceof NbdError ? this.#told(error) : error;
    });
  }

  /** One of the parts that a request waits for has come. */
  #part(cookie: number, request: Request): void {
    request.missing -= 1;
    if (request.missing > 0) return;
    this.#waiting.delete(cookie);
    request.end(request.error);
  }

  /** Is the server silent for too long? Bytes that wait in the kernel are looked at first: this thread may have slept. */
  #look(sure = false): void {
    this.#watch = undefined;
    if (this.#facts !== undefined && this.#waiting.size === 0) return;
    const patience = Math.max(this.#options.patienceMs, ...[...this.#waiting.values()].map((each) => each.patience));
    const left = this.#wire.progress + patience - performance.now();
    if (left > 0) this.#watch = setTimeout(() => this.#look(), left);
    else if (!sure) setImmediate(() => this.#look(true));
    else if (this.#facts !== undefined) this.#wire.fail(silent(patience));
    else
      this.#wire.fail(
        new NbdError("silent", `no handshake within ${patience / 1000} s: the server may take no more clients`),
      );
  }

  #endAll(error: NbdError): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const request of all) request.end(error);
  }

  /** The same error, naming the export. */
  #told(error: NbdError): NbdError {
    if (error.message.startsWith(this.url)) return error;
    const { trouble, code } = error;
    return new NbdError(trouble, `${this.url}: ${error.message}`, {
      cause: error,
      ...(code !== undefined && { code }),
    });
  }
}

function requestBytesFor({ minimumBytes, preferredBytes, maximumBytes }: ExportFacts): number {
  const wanted = Math.min(maximumBytes, Math.max(REQUEST_BYTES, Math.min(preferredBytes, REQUEST_MAX_BYTES)));
  return wanted - (wanted % minimumBytes);
}
