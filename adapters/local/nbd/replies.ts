/** How are replies read, simple and structured, in whatever order the server sends them? */
import { nonsense } from "./errors.ts";
import type { ExportFacts } from "./handshake.ts";
import { CHUNK, COMMAND, LAST_CHUNK, SIMPLE_REPLY, STRING_MAX_BYTES, STRUCTURED_REPLY } from "./protocol.ts";
import { checkComplete, cookieIn, nameOf, noteError, placeFor, type Request } from "./requests.ts";
import type { Conversation } from "./wire.ts";

/** An error chunk: number, length of the message, message, and perhaps an offset. */
const ERROR_MAX_BYTES = 6 + STRING_MAX_BYTES + 8;
/** Descriptors of 8 bytes for 1 GiB in pieces of 512 bytes; no request of ours asks for more. */
const STATUS_MAX_BYTES = 4 + 8 * 2 * 1024 * 1024;

/** The requests that wait, and what is called when a reply to one is complete. */
export interface Waiting {
  find(cookie: number): Request | undefined;
  complete(cookie: number, request: Request): void;
}

interface Chunk {
  readonly last: boolean;
  readonly type: number;
  readonly length: number;
}

/** Reads replies without end. @throws NbdError `nonsense` for what no server may send */
export function* replies(facts: ExportFacts, waiting: Waiting): Conversation {
  // 16 bytes are a simple reply, or the start of a structured one, which 4 more complete.
  const head = Buffer.alloc(16);
  const rest = Buffer.alloc(4);
  for (;;) {
    yield head;
    const magic = head.readUInt32BE();
    if (magic !== SIMPLE_REPLY && magic !== STRUCTURED_REPLY)
      throw nonsense(`a reply starts with ${head.toString("hex", 0, 4)}`);
    const cookie = cookieIn(head, 8);
    const request = cookie === undefined ? undefined : waiting.find(cookie);
    if (cookie === undefined || request === undefined)
      throw nonsense(`a reply to request ${head.toString("hex", 8)}, which nobody made`);
    if (magic === SIMPLE_REPLY) {
      yield* simpleReply(facts, request, head.readUInt32BE(4));
    } else {
      if (!facts.structured) throw nonsense("a structured reply, though none was agreed on");
      yield rest;
      const chunk = {
        last: (head.readUInt16BE(4) & LAST_CHUNK) !== 0,
        type: head.readUInt16BE(6),
        length: rest.readUInt32BE(),
      };
      yield* structuredChunk(request, chunk);
      if (!chunk.last) continue;
    }
    checkComplete(request, facts.contexts.values());
    waiting.complete(cookie, request);
  }
}

function* simpleReply(facts: ExportFacts, request: Request, errno: number): Conversation {
  if (errno !== 0) {
    noteError(request, errno, "");
    return;
  }
  if (request.command === COMMAND.blockStatus || (request.command === COMMAND.read && facts.structured))
    throw nonsense(`a simple reply to a ${nameOf(request)}`);
  if (request.command === COMMAND.read && request.length > 0) yield placeFor(request, request.offset, request.length);
}

function* structuredChunk(request: Request, { last, type, length }: Chunk): Conversation {
  const wrong = (): never => {
    throw nonsense(`the reply to a ${nameOf(request)} has a chunk of type ${type} with ${length} bytes`);
  };
  if (type === CHUNK.none) {
    if (length !== 0 || !last) wrong();
  } else if (type === CHUNK.data) {
    if (length <= 8 || length > request.length + 8) wrong();
    const at = Buffer.alloc(8);
    yield at;
    yield placeFor(request, offsetIn(at, 0), length - 8);
  } else if (type === CHUNK.hole) {
    if (length !== 12) wrong();
    const hole = Buffer.alloc(12);
    yield hole;
    placeFor(request, offsetIn(hole, 0), hole.readUInt32BE(8)).fill(0);
  } else if (type === CHUNK.blockStatus) {
    if (request.command !== COMMAND.blockStatus || length < 12 || length > STATUS_MAX_BYTES || length % 8 !== 4)
      wrong();
    const status = Buffer.alloc(length);
    yield status;
    const id = status.readUInt32BE();
    if (request.extents.has(id)) throw nonsense(`the reply to a ${nameOf(request)} has context ${id} twice`);
    request.extents.set(id, status.subarray(4));
  } else if (type >= CHUNK.firstError) {
    if (length < 6 || length > ERROR_MAX_BYTES) wrong();
    const error = Buffer.alloc(length);
    yield error;
    const said = error.readUInt16BE(4);
    if (6 + said > length) wrong();
    noteError(request, error.readUInt32BE(), error.toString("utf8", 6, 6 + said));
  } else {
    wrong();
  }
}

/** An offset beyond 2^53 is none of ours: it becomes one that no request has. */
function offsetIn(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
