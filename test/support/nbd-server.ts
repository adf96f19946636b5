/** An NBD server in this process that keeps to the protocol, except where a test tells it not to. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** A request as the server sees it. */
export interface SeenRequest {
  readonly command: number;
  readonly flags: number;
  readonly cookie: Buffer;
  readonly offset: number;
  readonly length: number;
  readonly payload: Buffer;
}

/** What is told of the export, and how requests are answered instead of rightly. */
export interface Behaviour {
  readonly size?: number;
  readonly flags?: number;
  /** Minimum, preferred, maximum; none is told without. */
  readonly blockSizes?: readonly [number, number, number];
  readonly structured?: boolean;
  /** Contexts and their ids. */
  readonly contexts?: Readonly<Record<string, number>>;
  /** NBD_OPT_GO is unknown to it. */
  readonly old?: boolean;
  /** It sends 124 zero bytes after its answer to NBD_OPT_EXPORT_NAME. */
  readonly padding?: boolean;
  /** Replaces the greeting. */
  readonly greeting?: Buffer | "nothing";
  /** Replaces the whole answer to an option; undefined: the right one. */
  readonly option?: (code: number) => Buffer | undefined;
  /** Answers a request by itself; undefined: rightly. */
  readonly answer?: (request: SeenRequest, socket: Socket) => Buffer | "nothing" | undefined;
}

export const FLAGS = { hasFlags: 1, readOnly: 2, flush: 4, writeZeroes: 64 };
export const COMMANDS = { read: 0, write: 1, disconnect: 2, flush: 3, writeZeroes: 6, blockStatus: 7 };

export interface FakeServer {
  readonly port: number;
  /** The export's bytes. */
  readonly bytes: Buffer;
  readonly requests: SeenRequest[];
  /** Clients that are connected now. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** Serves until it is stopped. */
export async function fakeServer(behaviour: Behaviour = {}): Promise<FakeServer> {
  const bytes = Buffer.alloc(behaviour.size ?? 1024 * 1024);
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    const conversation = serve(behaviour, bytes, requests, socket);
    let pending = Buffer.alloc(0);
    let wanted = conversation.next();
    socket.on("data", (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      while (!wanted.done && pending.length >= wanted.value) {
        const piece = pending.subarray(0, wanted.value);
        pending = pending.subarray(wanted.value);
        wanted = conversation.next(piece);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    bytes,
    requests,
    connections: () => sockets.size,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

/** One structured chunk. */
export function chunk(request: SeenRequest, type: number, last: boolean, payload: Buffer): Buffer {
  return Buffer.concat([u32(0x668e33ef), u16(last ? 1 : 0), u16(type), request.cookie, u32(payload.length), payload]);
}
export const dataChunk = (request: SeenRequest, last: boolean, offset: number, data: Buffer): Buffer =>
  chunk(request, 1, last, Buffer.concat([u64(offset), data]));
export const holeChunk = (request: SeenRequest, last: boolean, offset: number, length: number): Buffer =>
  chunk(request, 2, last, Buffer.concat([u64(offset), u32(length)]));
export const errorChunk = (request: SeenRequest, last: boolean, errno: number, text: string): Buffer =>
  chunk(request, 0x8001, last, Buffer.concat([u32(errno), u16(Buffer.byteLength(text)), Buffer.from(text)]));
/** Pairs of length and flags in one context. */
export const statusChunk = (request: SeenRequest, last: boolean, id: number, ...pairs: [number, number][]): Buffer =>
  chunk(request, 5, last, Buffer.concat([u32(id), ...pairs.flat().map(u32)]));
export const simpleReply = (request: SeenRequest, errno: number, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([u32(0x67446698), u32(errno), request.cookie, data]);
/** One answer to an option. */
export const optionReply = (code: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from("0003e889045565a9", "hex"), u32(code), u32(type), u32(data.length), data]);
const ACK = 1;
const UNSUPPORTED = 0x80000001;

type Serving = Generator<number, void, Buffer>;

function* serve(behaviour: Behaviour, bytes: Buffer, requests: SeenRequest[], socket: Socket): Serving {
  const greeting =
    behaviour.greeting ?? Buffer.concat([Buffer.from("NBDMAGICIHAVEOPT"), u16(behaviour.padding ? 1 : 3)]);
  if (greeting !== "nothing") socket.write(greeting);
  yield 4;
  const agreed = yield* haggle(behaviour, bytes, socket);
  for (;;) {
    const head = yield 28;
    const command = head.readUInt16BE(6);
    const length = head.readUInt32BE(24);
    const request: SeenRequest = {
      command,
      flags: head.readUInt16BE(4),
      cookie: Buffer.from(head.subarray(8, 16)),
      offset: Number(head.readBigUInt64BE(16)),
      length,
      payload: command === COMMANDS.write && length > 0 ? Buffer.from(yield length) : Buffer.alloc(0),
    };
    requests.push(request);
    if (command === COMMANDS.disconnect) {
      socket.end();
      return;
    }
    const answer = behaviour.answer?.(request, socket) ?? rightly(behaviour, agreed, bytes, request);
    if (answer !== "nothing") socket.write(answer);
  }
}

function* haggle(behaviour: Behaviour, bytes: Buffer, socket: Socket): Generator<number, boolean, Buffer> {
  let structured = false;
  const flags = behaviour.flags ?? FLAGS.hasFlags | FLAGS.flush | FLAGS.writeZeroes;
  for (;;) {
    const head = yield 16;
    const code = head.readUInt32BE(8);
    const length = head.readUInt32BE(12);
    const data = length > 0 ? Buffer.from(yield length) : Buffer.alloc(0);
    const instead = behaviour.option?.(code);
    if (instead !== undefined) {
      socket.write(instead);
    } else if (code === 8 && behaviour.structured !== false) {
      structured = true;
      socket.write(optionReply(code, ACK));
    } else if ((code === 9 || code === 10) && structured) {
      const asked = data.toString("latin1");
      for (const [name, id] of Object.entries(behaviour.contexts ?? {}))
        if (code === 9 || asked.includes(name))
          socket.write(optionReply(code, 4, Buffer.concat([u32(id), Buffer.from(name)])));
      socket.write(optionReply(code, ACK));
    } else if (code === 7 && !behaviour.old) {
      socket.write(optionReply(code, 3, Buffer.concat([u16(0), u64(bytes.length), u16(flags)])));
      if (behaviour.blockSizes !== undefined)
        socket.write(optionReply(code, 3, Buffer.concat([u16(3), ...behaviour.blockSizes.map(u32)])));
      socket.write(optionReply(code, ACK));
      return structured;
    } else if (code === 1) {
      socket.write(Buffer.concat([u64(bytes.length), u16(flags), Buffer.alloc(behaviour.padding ? 124 : 0)]));
      return structured;
    } else {
      socket.write(optionReply(code, UNSUPPORTED));
    }
  }
}

function rightly(behaviour: Behaviour, structured: boolean, bytes: Buffer, request: SeenRequest): Buffer {
  const { command, offset, length, payload } = request;
  if (command === COMMANDS.read) {
    const data = bytes.subarray(offset, offset + length);
    return structured ? dataChunk(request, true, offset, data) : simpleReply(request, 0, data);
  }
  if (command === COMMANDS.write) payload.copy(bytes, offset);
  if (command === COMMANDS.writeZeroes) bytes.fill(0, offset, offset + length);
  if (command === COMMANDS.blockStatus) {
    const ids = Object.values(behaviour.contexts ?? {});
    return Buffer.concat(ids.map((id, index) => statusChunk(request, index === ids.length - 1, id, [length, 0])));
  }
  return simpleReply(request, 0);
}
