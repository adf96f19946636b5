/** What is a request that waits for its reply, and what makes a reply to it complete? */
import { failed, type NbdError, nonsense } from "./errors.ts";
import { COMMAND, type Command, REQUEST } from "./protocol.ts";

/** A request on its way. It is over when its reply is complete, its payload taken and `end` was called, once. */
export interface Request {
  readonly command: Command;
  readonly offset: number;
  readonly length: number;
  /** Where a read goes; `length` bytes. */
  readonly into: Uint8Array | undefined;
  /** What a read received: ranges that do not touch, in ascending order, as offsets into `into`. */
  readonly received: [number, number][];
  /** What a block status received: descriptors (32 bits of length, 32 of flags) by context. */
  readonly extents: Map<number, Buffer>;
  /** The time without any progress after which the server counts as silent, in milliseconds. */
  readonly patience: number;
  error: NbdError | undefined;
  /** The reply is complete; another one would be nobody's. */
  answered: boolean;
  /** Parts still missing: the reply, and with a payload that the operating system took it. */
  missing: number;
  readonly end: (error?: NbdError) => void;
}

/** All our cookies start with these 32 bits: a reply to another is nobody's. */
const COOKIE_HIGH = 0x48_46_4e_42;
const HEADER_BYTES = 28;

/** "read of 512 bytes at 1024": what an error speaks of. */
export function nameOf(request: Pick<Request, "command" | "offset" | "length">): string {
  const verb = Object.entries(COMMAND).find(([, code]) => code === request.command)?.[0] ?? "request";
  if (request.command === COMMAND.flush) return "flush";
  return `${verb} of ${request.length} bytes at ${request.offset}`;
}

/** The 28 bytes before a payload. Command flags are none: WRITE_ZEROES may punch holes then (NBD_CMD_FLAG_NO_HOLE unset). */
export function headerOf(command: Command, cookie: number, offset: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(REQUEST);
  header.writeUInt16BE(0, 4);
  header.writeUInt16BE(command, 6);
  header.writeUInt32BE(COOKIE_HIGH, 8);
  header.writeUInt32BE(cookie, 12);
  header.writeUInt32BE(Math.floor(offset / 2 ** 32), 16);
  header.writeUInt32BE(offset % 2 ** 32, 20);
  header.writeUInt32BE(length, 24);
  return header;
}

/** Our part of the cookie at `at`; undefined when it is none of ours. */
export function cookieIn(bytes: Buffer, at: number): number | undefined {
  return bytes.readUInt32BE(at) === COOKIE_HIGH ? bytes.readUInt32BE(at + 4) : undefined;
}

/** Where `length` bytes at `offset` of the export belong in a read's buffer, which gets them once only. @throws NbdError */
export function placeFor(request: Request, offset: number, length: number): Uint8Array {
  const start = offset - request.offset;
  const end = start + length;
  if (request.into === undefined || length === 0 || start < 0 || end > request.length)
    throw nonsense(`the reply to a ${nameOf(request)} has ${length} bytes at ${offset}`);
  const { received } = request;
  const index = received.findIndex(([, until]) => until >= start);
  const next = index < 0 ? undefined : received[index];
  if (next === undefined) received.push([start, end]);
  else if (next[1] === start && end <= (received[index + 1]?.[0] ?? end)) next[1] = end;
  else if (next[1] > start && end <= next[0]) received.splice(index, 0, [start, end]);
  else throw nonsense(`the reply to a ${nameOf(request)} has the bytes at ${offset} twice`);
  return request.into.subarray(start, end);
}

/** Notes an error that the server answered; the first one counts. */
export function noteError(request: Request, errno: number, said: string): void {
  if (errno === 0) throw nonsense(`the reply to a ${nameOf(request)} is an error without a number`);
  request.error ??= failed(nameOf(request), errno, said);
}

/** Does the reply, which the server calls complete, hold all it must? Errors are complete as they are. @throws NbdError */
export function checkComplete(request: Request, contexts: Iterable<number>): void {
  if (request.error !== undefined) return;
  if (request.command === COMMAND.read) {
    let count = 0;
    for (const [start, end] of request.received) count += end - start;
    if (count < request.length)
      throw nonsense(`the reply to a ${nameOf(request)} ends after ${count} of ${request.length} bytes`);
  }
  if (request.command !== COMMAND.blockStatus) return;
  for (const id of contexts)
    if (!request.extents.has(id)) throw nonsense(`the reply to a ${nameOf(request)} leaves out context ${id}`);
}
