/** What do client and server agree on before the first request: fixed newstyle, structured replies, contexts, the export? */
import { NbdError, nonsense } from "./errors.ts";
import {
  ANSWER,
  DEFAULT_MAX_BYTES,
  EXPORT_FLAG,
  FIXED_NEWSTYLE,
  GREETING,
  INFO,
  NO_ZEROES,
  OPTION,
  OPTION_REPLY,
  OPTIONS_FOLLOW,
  REFUSAL,
  REFUSALS,
  STRING_MAX_BYTES,
} from "./protocol.ts";

/** What a server told of an export, and what was agreed on. */
export interface ExportFacts {
  /** Bytes. */
  readonly size: number;
  /** EXPORT_FLAG bits. */
  readonly flags: number;
  /** Requests are multiples of this, in offset and length: a power of two, at most 64 KiB. */
  readonly minimumBytes: number;
  /** Requests of multiples of this are served best. */
  readonly preferredBytes: number;
  /** The most that one request carries. */
  readonly maximumBytes: number;
  readonly structured: boolean;
  /** Ids of the meta contexts that were granted, by name. */
  readonly contexts: ReadonlyMap<string, number>;
}

/** What the client asks for. */
export interface Wishes {
  readonly exportName: string;
  /** Meta contexts by their full names; the server may not know them. */
  readonly contexts: readonly string[];
}

/** An option's answers before its end are few; a server that sends more, or longer ones, is none. */
const ANSWERS_MAX = 1024;
const ANSWER_MAX_BYTES = 64 * 1024;
/** The specification allows 1 to 64 KiB. */
const MINIMUM_MAX_BYTES = 64 * 1024;
/** What may be assumed of a server that says nothing: it takes any length, and 4 KiB is efficient. */
const UNTOLD = { minimumBytes: 1, preferredBytes: 4096, maximumBytes: DEFAULT_MAX_BYTES };

type Receiving<T> = Generator<Uint8Array, T, void>;
type Send = (bytes: Uint8Array) => void;
interface Answer {
  readonly type: number;
  readonly data: Buffer;
}

/**
 * Runs the handshake to its end, the first request may follow.
 * @throws NbdError `refused` or `nonsense`
 */
export function* handshake(send: Send, wishes: Wishes): Receiving<ExportFacts> {
  const noZeroes = yield* greet(send);
  const structured = (yield* ask(send, OPTION.structuredReply, Buffer.alloc(0))).refusal === undefined;
  const contexts = structured && wishes.contexts.length > 0 ? yield* agreeOnContexts(send, wishes) : new Map();
  const name = Buffer.from(wishes.exportName);
  // The name, and one request for information: the block sizes.
  const go = Buffer.concat([uint32(name.length), name, Buffer.from([0, 1, 0, INFO.blockSize])]);
  const { answers, refusal } = yield* ask(send, OPTION.go, go);
  if (refusal?.type === REFUSAL.unsupported) {
    const { size, flags } = yield* byNameOnly(send, name, noZeroes);
    return { size, flags, ...UNTOLD, structured, contexts };
  }
  if (refusal !== undefined) throw refused(`the export "${wishes.exportName}"`, refusal);
  return { ...exportIn(answers), ...blockSizesIn(answers), structured, contexts };
}

/** The names of contexts that start with `prefix`, in the place of a handshake; the connection is of no more use. */
export function* contextsNamed(send: Send, exportName: string, prefix: string): Receiving<readonly string[]> {
  yield* greet(send);
  const agreed = yield* ask(send, OPTION.structuredReply, Buffer.alloc(0));
  if (agreed.refusal !== undefined) return [];
  const { answers } = yield* ask(send, OPTION.listMetaContext, contextQuery(exportName, [prefix]));
  return answers.filter(({ type }) => type === ANSWER.metaContext).map(({ data }) => data.toString("utf8", 4));
}

function* greet(send: Send): Receiving<boolean> {
  const hello = yield* exactly(18);
  if (hello.readBigUInt64BE(0) !== GREETING) throw nonsense("the server does not greet as an NBD server");
  if (hello.readBigUInt64BE(8) !== OPTIONS_FOLLOW) throw refusal("the server only speaks the oldstyle handshake");
  const flags = hello.readUInt16BE(16);
  if ((flags & FIXED_NEWSTYLE) === 0) throw refusal("the server does not speak the fixed newstyle handshake");
  send(uint32(FIXED_NEWSTYLE | (flags & NO_ZEROES)));
  return (flags & NO_ZEROES) !== 0;
}

function* agreeOnContexts(send: Send, wishes: Wishes): Receiving<Map<string, number>> {
  const contexts = new Map<string, number>();
  const query = contextQuery(wishes.exportName, wishes.contexts);
  const { answers, refusal } = yield* ask(send, OPTION.setMetaContext, query);
  if (refusal?.type === REFUSAL.unknown) throw refused(`the export "${wishes.exportName}"`, refusal);
  if (refusal !== undefined) return contexts;
  for (const { type, data } of answers) {
    if (type !== ANSWER.metaContext || data.length < 4) throw nonsense(`a meta context was answered with ${type}`);
    const name = data.toString("utf8", 4);
    // What nobody asked for is never relied on; its descriptors are skipped.
    if (wishes.contexts.includes(name)) contexts.set(name, data.readUInt32BE(0));
  }
  return contexts;
}

/** NBD_OPT_EXPORT_NAME: the only way before NBD_OPT_GO. A server that does not know the export just hangs up. */
function* byNameOnly(send: Send, name: Buffer, noZeroes: boolean): Receiving<{ size: number; flags: number }> {
  send(option(OPTION.exportName, name));
  const told = yield* exactly(10);
  if (!noZeroes) yield* exactly(124);
  return sizeAndFlags(told, 0);
}

/** Sends an option and collects its answers up to the last: an acknowledgement or a refusal. */
function* ask(send: Send, code: number, data: Buffer): Receiving<{ answers: Answer[]; refusal: Answer | undefined }> {
  send(option(code, data));
  const answers: Answer[] = [];
  while (answers.length <= ANSWERS_MAX) {
    const head = yield* exactly(20);
    if (head.readBigUInt64BE(0) !== OPTION_REPLY) throw nonsense("an option was answered with something else");
    if (head.readUInt32BE(8) !== code) throw nonsense(`option ${code} was answered as ${head.readUInt32BE(8)}`);
    const [type, length] = [head.readUInt32BE(12), head.readUInt32BE(16)];
    if (length > ANSWER_MAX_BYTES) throw nonsense(`an answer to option ${code} is ${length} bytes long`);
    const answer = { type, data: yield* exactly(length) };
    if (type === ANSWER.ack) return { answers, refusal: undefined };
    if (type === REFUSAL.tlsRequired) throw refused("a connection without TLS, which is not supported here,", answer);
    if (type >= ANSWER.firstError) return { answers, refusal: answer };
    answers.push(answer);
  }
  throw nonsense(`option ${code} was answered more than ${ANSWERS_MAX} times`);
}

function exportIn(answers: readonly Answer[]): { size: number; flags: number } {
  const told = infoIn(answers, INFO.export, 12);
  if (told === undefined) throw nonsense("the server did not tell the size of the export");
  return sizeAndFlags(told, 2);
}

function sizeAndFlags(data: Buffer, at: number): { size: number; flags: number } {
  const [size, flags] = [data.readBigUInt64BE(at), data.readUInt16BE(at + 8)];
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw nonsense(`an export of ${size} bytes`);
  if ((flags & EXPORT_FLAG.hasFlags) === 0) throw nonsense("the export has no flags");
  return { size: Number(size), flags };
}

function blockSizesIn(answers: readonly Answer[]): typeof UNTOLD {
  const told = infoIn(answers, INFO.blockSize, 14);
  if (told === undefined) return UNTOLD;
  const [minimumBytes, preferredBytes, most] = [told.readUInt32BE(2), told.readUInt32BE(6), told.readUInt32BE(10)];
  const power = minimumBytes > 0 && (minimumBytes & (minimumBytes - 1)) === 0 && minimumBytes <= MINIMUM_MAX_BYTES;
  // All ones stand for "no limit"; rounded down, every request stays a multiple of the minimum.
  const maximumBytes = Math.min(most, 0xffff_ffff - (0xffff_ffff % MINIMUM_MAX_BYTES));
  const whole = preferredBytes % minimumBytes === 0 && maximumBytes % minimumBytes === 0;
  if (!power || !whole || preferredBytes < minimumBytes || maximumBytes < minimumBytes)
    throw nonsense(`block sizes ${minimumBytes}, ${preferredBytes}, ${most} (minimum, preferred, maximum)`);
  return { minimumBytes, preferredBytes, maximumBytes };
}

function infoIn(answers: readonly Answer[], kind: number, length: number): Buffer | undefined {
  const found = answers.find(
    ({ type, data }) => type === ANSWER.info && data.length >= 2 && data.readUInt16BE() === kind,
  );
  if (found !== undefined && found.data.length !== length)
    throw nonsense(`information ${kind} is ${found.data.length} bytes long instead of ${length}`);
  return found?.data;
}

function contextQuery(exportName: string, queries: readonly string[]): Buffer {
  const strings = [exportName, ...queries].map((text) => Buffer.from(text));
  const [name, ...rest] = strings.map((text) => Buffer.concat([uint32(text.length), text]));
  return Buffer.concat([name ?? uint32(0), uint32(rest.length), ...rest]);
}

function option(code: number, data: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(OPTIONS_FOLLOW);
  head.writeUInt32BE(code, 8);
  head.writeUInt32BE(data.length, 12);
  return Buffer.concat([head, data]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function* exactly(length: number): Receiving<Buffer> {
  const bytes = Buffer.alloc(length);
  if (length > 0) yield bytes;
  return bytes;
}

function refused(what: string, { type, data }: Answer): NbdError {
  const said = data.toString("utf8", 0, STRING_MAX_BYTES);
  const unknown = type === REFUSAL.unknown;
  const why = unknown && said === "" ? "there is none of that name" : said;
  const message = `the server refuses ${what} with ${REFUSALS.get(type) ?? type}${why === "" ? "" : `: ${why}`}`;
  return unknown ? new NbdError("unknown-export", message) : refusal(message);
}

const refusal = (message: string): NbdError => new NbdError("refused", message);
