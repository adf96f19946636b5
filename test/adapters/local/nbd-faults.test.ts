/** What becomes of a server that is broken, gone, slow or hostile: an error that says so, never wrong or short data. */
import { afterEach, describe, expect, test } from "vitest";
import { createNbdBlocks, nbdSnapshot, nbdTarget } from "../../../adapters/local/nbd/blocks.ts";
import {
  type BlockSource,
  type BlockTarget,
  ProviderUnavailable,
  SourceChanged,
  TargetUnusable,
} from "../../../core/ports/blocks.ts";
import {
  type Behaviour,
  COMMANDS,
  chunk,
  dataChunk,
  errorChunk,
  type FakeServer,
  FLAGS,
  fakeServer,
  holeChunk,
  optionReply,
  type SeenRequest,
  simpleReply,
  statusChunk,
} from "../../support/nbd-server.ts";

const MIB = 1024 * 1024;
const KIB512 = 512 * 1024;

describe("NBD servers that misbehave", () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const serve = async (behaviour: Behaviour): Promise<FakeServer> => {
    const server = await fakeServer(behaviour);
    closing.push(() => server.stop());
    return server;
  };
  const urlOf = (server: FakeServer): string => `nbd://127.0.0.1:${server.port}/disk`;
  const reference = (server: FakeServer, size = server.bytes.length) => ({
    provider: "nbd",
    diskId: "d",
    snapshotId: "s",
    size,
    detail: { url: urlOf(server), export: "disk" },
  });
  const source = async (server: FakeServer, patienceMs = 60_000): Promise<BlockSource> => {
    const opened = await createNbdBlocks({ patienceMs }).openSource(reference(server));
    closing.push(() => opened.close());
    return opened;
  };
  const target = async (server: FakeServer, patienceMs = 60_000): Promise<BlockTarget> => {
    const { size, detail } = reference(server);
    const ref = { provider: "nbd", diskId: "d", mode: "overwrite", size, detail } as const;
    const opened = await createNbdBlocks({ patienceMs }).openTarget(ref);
    closing.push(() => opened.close());
    return opened;
  };
  const onRead =
    (answer: (request: SeenRequest) => Buffer | "nothing") =>
    (request: SeenRequest): Buffer | "nothing" | undefined =>
      request.command === COMMANDS.read ? answer(request) : undefined;
  const reading = async (behaviour: Behaviour): Promise<Buffer> => {
    const server = await serve(behaviour);
    const into = Buffer.alloc(4096);
    await (await source(server)).read(0, into);
    return into;
  };

  describe("while connecting", () => {
    test("a port where nobody listens is ProviderUnavailable, and a target there is unusable", async () => {
      const server = await fakeServer();
      await server.stop();
      await expect(createNbdBlocks().openSource(reference(server))).rejects.toThrow(ProviderUnavailable);
      await expect(nbdTarget(urlOf(server), "d")).rejects.toThrow(TargetUnusable);
      await expect(nbdTarget(urlOf(server), "d")).rejects.toThrow(/cannot be connected to: .*ECONNREFUSED/);
    });

    test("a server that never greets is given up after the patience", async () => {
      const server = await serve({ greeting: "nothing" });
      const opening = createNbdBlocks({ patienceMs: 500 }).openSource(reference(server));
      await expect(opening).rejects.toThrow(/no handshake within 0.5 s/);
    });

    test.each([
      ["another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n"), /does not greet as an NBD server/],
      [
        "the oldstyle handshake",
        Buffer.from("NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53\0\0", "latin1"),
        /only speaks the oldstyle/,
      ],
      ["newstyle that is not fixed", Buffer.from("NBDMAGICIHAVEOPT\0\0"), /does not speak the fixed newstyle/],
    ])("%s is refused by name", async (_, greeting, message) => {
      const server = await serve({ greeting });
      await expect(createNbdBlocks().openSource(reference(server))).rejects.toThrow(message);
    });

    test.each([
      ["an unknown export", 0x80000006, SourceChanged, /refuses the export "disk" with ERR_UNKNOWN: there is none/],
      ["a server that wants TLS", 0x80000005, Error, /without TLS, which is not supported here, with ERR_TLS_REQD/],
      ["a policy", 0x80000002, Error, /ERR_POLICY/],
    ])("%s is told for what it is", async (_, refusal, kind, message) => {
      const server = await serve({ option: (code) => (code === 7 ? optionReply(7, refusal) : undefined) });
      const opening = createNbdBlocks().openSource(reference(server));
      await expect(opening).rejects.toThrow(kind);
      await expect(opening).rejects.toThrow(message);
    });

    test.each([
      ["another magic", Buffer.alloc(20, 1), /an option was answered with something else/],
      ["another option", optionReply(3, 1), /option 7 was answered as 3/],
      ["no size", optionReply(7, 1), /did not tell the size/],
      [
        "a short size",
        Buffer.concat([optionReply(7, 3, Buffer.alloc(6)), optionReply(7, 1)]),
        /6 bytes long instead of 12/,
      ],
      [
        "endless answers",
        Buffer.concat(Array.from({ length: 1100 }, () => optionReply(7, 3, Buffer.from([0, 9])))),
        /more than 1024/,
      ],
    ])("an answer with %s is nonsense", async (_, answer, message) => {
      const server = await serve({ option: (code) => (code === 7 ? answer : undefined) });
      await expect(createNbdBlocks().openSource(reference(server))).rejects.toThrow(message);
    });

    test.each([
      [[3, 4096, 8192]],
      [[131072, 131072, MIB]],
      [[512, 100, MIB]],
      [[4096, 4096, 1024]],
      [[0, 4096, MIB]],
    ] as [[number, number, number]][])("block sizes %j are nonsense", async (blockSizes) => {
      const server = await serve({ blockSizes });
      await expect(createNbdBlocks().openSource(reference(server))).rejects.toThrow(/block sizes/);
    });

    test("an export of another size than captured is SourceChanged", async () => {
      const server = await serve({});
      await expect(createNbdBlocks().openSource(reference(server, MIB + 512))).rejects.toThrow(SourceChanged);
    });

    test("a size that the server's smallest block does not divide is refused, for reading and for writing", async () => {
      const server = await serve({ size: MIB + 512, blockSizes: [4096, 4096, MIB] });
      const message = /1049088 bytes, which is no multiple of the server's smallest block of 4096/;
      await expect(createNbdBlocks().openSource(reference(server))).rejects.toThrow(message);
      await expect(nbdTarget(urlOf(server), "d")).rejects.toThrow(message);
    });

    test.each([
      ["read-only", FLAGS.hasFlags | FLAGS.flush | FLAGS.readOnly, /is read-only/],
      ["without flush", FLAGS.hasFlags, /cannot be asked to flush/],
    ])("an export %s is no target", async (_, flags, message) => {
      const server = await serve({ flags });
      await expect(nbdTarget(urlOf(server), "d")).rejects.toThrow(TargetUnusable);
      await expect(target(server)).rejects.toThrow(message);
    });

    test("a dirty bitmap that the server does not have is refused, and those it has are named", async () => {
      const server = await serve({ contexts: { "qemu:dirty-bitmap:monday": 1, "base:allocation": 2 } });
      const since = { snapshotId: "s0", bitmap: "tuesday" };
      const ref = await nbdSnapshot({ url: urlOf(server), diskId: "d", snapshotId: "s", since });
      await expect(createNbdBlocks().openSource(ref)).rejects.toThrow(
        /no dirty bitmap "tuesday" for us \(it has: monday/,
      );
    });
  });

  describe("while reading", () => {
    test("chunks in any order, with holes among them, become the bytes", async () => {
      const answer = onRead((request) =>
        Buffer.concat([
          dataChunk(request, false, 3072, Buffer.alloc(1024, 4)),
          dataChunk(request, false, 0, Buffer.alloc(1024, 1)),
          holeChunk(request, false, 2048, 1024),
          dataChunk(request, false, 1024, Buffer.alloc(1024, 2)),
          chunk(request, 0, true, Buffer.alloc(0)),
        ]),
      );
      const server = await serve({ answer });
      const into = Buffer.alloc(4096, 9);
      await (await source(server)).read(0, into);
      expect([into[0], into[1024], into[2048], into[3071], into[3072], into[4095]]).toEqual([1, 2, 0, 0, 4, 4]);
    });

    test.each<[string, (request: SeenRequest) => Buffer, RegExp]>([
      ["wrong magic", () => Buffer.alloc(64, 7), /a reply starts with 07070707/],
      [
        "a cookie that nobody used",
        (r) => dataChunk({ ...r, cookie: Buffer.alloc(8, 1) }, true, 0, Buffer.alloc(4096)),
        /which nobody made/,
      ],
      ["short data called complete", (r) => dataChunk(r, true, 0, Buffer.alloc(4095)), /ends after 4095 of 4096 bytes/],
      ["no data at all", (r) => chunk(r, 0, true, Buffer.alloc(0)), /ends after 0 of 4096/],
      [
        "the same bytes twice",
        (r) =>
          Buffer.concat([dataChunk(r, false, 0, Buffer.alloc(2048)), dataChunk(r, true, 1024, Buffer.alloc(2048))]),
        /has the bytes at 1024 twice/,
      ],
      ["a hole twice", (r) => Buffer.concat([holeChunk(r, false, 0, 4096), holeChunk(r, true, 0, 4096)]), /twice/],
      ["bytes of elsewhere", (r) => dataChunk(r, true, 8192, Buffer.alloc(4096)), /has 4096 bytes at 8192/],
      [
        "more bytes than asked for",
        (r) => dataChunk(r, true, 0, Buffer.alloc(8192)),
        /has a chunk of type 1 with 8200 bytes/,
      ],
      ["a hole that is too long", (r) => holeChunk(r, true, 0, 8192), /has 8192 bytes at 0/],
      ["a chunk of no known type", (r) => chunk(r, 77, true, Buffer.alloc(4)), /a chunk of type 77/],
      ["a block status", (r) => statusChunk(r, true, 1, [4096, 0]), /a chunk of type 5/],
      ["an error of number 0", (r) => errorChunk(r, true, 0, ""), /an error without a number/],
      ["a simple reply", (r) => simpleReply(r, 0, Buffer.alloc(4096)), /a simple reply to a read/],
    ])("%s ends the read with an error", async (_, answer, message) => {
      await expect(reading({ answer: onRead(answer) })).rejects.toThrow(message);
    });

    test("one bit turned in a reply's header never becomes other data: the right bytes, or an error", async () => {
      const outcomes = new Map<string, number>();
      for (let position = 0; position < 28; position++) {
        const answer = onRead((request) => {
          const reply = dataChunk(request, true, request.offset, Buffer.alloc(request.length, 6));
          reply[position] = (reply[position] ?? 0) ^ 1;
          return reply;
        });
        const server = await serve({ answer });
        const into = Buffer.alloc(4096);
        const opened = await source(server, 500);
        const outcome = await Promise.resolve(opened.read(4096, into)).then(
          () => (into.every((byte) => byte === 6) ? "right" : "wrong"),
          () => "error",
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      // Only the reserved flags mean nothing.
      expect(Object.fromEntries(outcomes)).toEqual({ error: 27, right: 1 });
    });

    test("an error chunk becomes an error with its errno's name and the server's words, and the connection goes on", async () => {
      let bad = true;
      const server = await serve({
        answer: (request) =>
          request.command === COMMANDS.read && bad
            ? Buffer.concat([
                dataChunk(request, false, 0, Buffer.alloc(512)),
                errorChunk(request, true, 5, "bad sector"),
              ])
            : undefined,
      });
      server.bytes.fill(3);
      const opened = await source(server);
      const into = Buffer.alloc(4096);
      await expect(opened.read(0, into)).rejects.toThrow(/read of 4096 bytes at 0 failed with EIO \(bad sector\)/);
      bad = false;
      await opened.read(0, into);
      expect(into.equals(Buffer.alloc(4096, 3))).toBe(true);
    });

    test("a connection cut within a reply is ProviderUnavailable, and so is every later read", async () => {
      const server = await serve({
        answer: (request, socket) => {
          if (request.command !== COMMANDS.read) return undefined;
          socket.end(dataChunk(request, true, 0, Buffer.alloc(4096)).subarray(0, 2000));
          return "nothing";
        },
      });
      const opened = await source(server);
      await expect(opened.read(0, Buffer.alloc(4096))).rejects.toThrow(ProviderUnavailable);
      await expect(opened.read(4096, Buffer.alloc(4096))).rejects.toThrow(/the server closed the connection/);
    });

    test("a server that stays silent is given up after the patience", async () => {
      const server = await serve({ answer: onRead(() => "nothing") });
      const opened = await source(server, 500);
      const reads = opened.read(0, Buffer.alloc(4096));
      await expect(reads).rejects.toThrow(ProviderUnavailable);
      await expect(reads).rejects.toThrow(/sent nothing for 0.5 s/);
    });

    test("what was fetched ahead in vain is told to the read of those bytes, not before", async () => {
      const server = await serve({
        size: 4 * MIB,
        contexts: { "base:allocation": 1 },
        answer: (request) =>
          request.command === COMMANDS.read && request.offset >= 2 * MIB ? errorChunk(request, true, 5, "") : undefined,
      });
      const opened = await source(server);
      expect(await opened.survey?.(0, 8)).toEqual(new Array(8).fill("data"));
      const into = Buffer.alloc(MIB);
      await opened.read(0, into);
      await opened.read(MIB, into);
      await expect(opened.read(2 * MIB, into)).rejects.toThrow(/EIO/);
    });

    test("requests keep to the server's sizes, and those that cannot are refused", async () => {
      const server = await serve({ size: 8 * MIB, blockSizes: [4096, 65536, 256 * 1024] });
      for (let at = 0; at < server.bytes.length; at += 4) server.bytes.writeUInt32BE(at, at);
      const opened = await source(server);
      const into = Buffer.alloc(3 * MIB + 4096);
      await opened.read(4096, into);
      expect(into.equals(server.bytes.subarray(4096, 4096 + into.length))).toBe(true);
      expect(Math.max(...server.requests.map(({ length }) => length))).toBe(256 * 1024);
      expect(server.requests.every(({ offset, length }) => offset % 4096 === 0 && length % 4096 === 0)).toBe(true);
      await expect(opened.read(512, Buffer.alloc(4096))).rejects.toThrow(/no whole blocks of 4096 bytes/);
      await expect(opened.read(8 * MIB, Buffer.alloc(4096))).rejects.toThrow(RangeError);
    });
  });

  describe("of few words", () => {
    test.each<[string, Behaviour]>([
      ["no structured replies", { structured: false }],
      ["no NBD_OPT_GO", { old: true }],
      ["neither, and padding after the answer", { old: true, structured: false, padding: true }],
    ])("%s: reads and writes work all the same, and every block is data", async (_, behaviour) => {
      const server = await serve({ size: MIB + 4096, ...behaviour });
      server.bytes.fill(6);
      const opened = await source(server);
      expect(await opened.survey?.(0, 3)).toEqual(["data", "data", "data"]);
      const into = Buffer.alloc(MIB + 4096);
      await opened.read(0, into);
      expect(into.equals(server.bytes)).toBe(true);
      const written = await target(server);
      await written.write(MIB, Buffer.alloc(4096, 8));
      await written.sync();
      expect(server.bytes[MIB + 4095]).toBe(8);
    });

    test("an error in a simple reply has its errno's name", async () => {
      const answer = onRead((request) => simpleReply(request, 108));
      await expect(reading({ structured: false, answer })).rejects.toThrow(/ESHUTDOWN \(the server is shutting down\)/);
    });

    test("a structured reply that nobody agreed on is nonsense", async () => {
      const answer = onRead((request) => dataChunk(request, true, 0, Buffer.alloc(4096)));
      await expect(reading({ structured: false, answer })).rejects.toThrow(/though none was agreed on/);
    });
  });

  describe("while telling of blocks", () => {
    const contexts = { "base:allocation": 7 };
    const onStatus = (answer: (request: SeenRequest) => Buffer) => (request: SeenRequest) =>
      request.command === COMMANDS.blockStatus ? answer(request) : undefined;

    test("a block is zero only when all of it is, however the server cuts its answers", async () => {
      const size = 4 * KIB512 + 512;
      // Zero: 0 to 1.5 blocks, and from block 3 to the end; told in answers of at most 200 KiB.
      const zeroAt = (offset: number): boolean => offset < 1.5 * KIB512 || offset >= 3 * KIB512;
      const answer = onStatus((request) => {
        const pairs: [number, number][] = [];
        const end = Math.min(request.offset + request.length, request.offset + 200 * 1024);
        for (let at = request.offset; at < end; at += 512) pairs.push([Math.min(512, end - at), zeroAt(at) ? 2 : 0]);
        return statusChunk(request, true, 7, ...pairs);
      });
      const opened = await source(await serve({ size, contexts, answer }));
      expect(await opened.survey?.(0, 5)).toEqual(["zero", "data", "data", "zero", "zero"]);
    });

    test("a hole that is not said to read as zeros is data", async () => {
      const answer = onStatus((request) => statusChunk(request, true, 7, [KIB512, 1], [KIB512, 3]));
      const opened = await source(await serve({ size: 2 * KIB512, contexts, answer }));
      expect(await opened.survey?.(0, 2)).toEqual(["data", "zero"]);
    });

    test("a last descriptor that reaches beyond the question counts as far as it was asked", async () => {
      const answer = onStatus((request) => statusChunk(request, true, 7, [KIB512, 0], [2 ** 31, 2]));
      const opened = await source(await serve({ size: 4 * KIB512, contexts, answer }));
      expect(await opened.survey?.(0, 4)).toEqual(["data", "zero", "zero", "zero"]);
    });

    test("contexts of different reach: a block is same only where the bitmap was heard, and asked again beyond", async () => {
      const both = { "base:allocation": 7, "qemu:dirty-bitmap:b": 8 };
      const server = await serve({
        size: 4 * KIB512,
        contexts: both,
        answer: onStatus((request) =>
          Buffer.concat([
            statusChunk(request, false, 7, [request.length, request.offset === 0 ? 0 : 3]),
            statusChunk(request, true, 8, [KIB512, request.offset === 2 * KIB512 ? 1 : 0]),
          ]),
        ),
      });
      const since = { snapshotId: "s0", bitmap: "b" };
      const ref = await nbdSnapshot({ url: urlOf(server), diskId: "d", snapshotId: "s", since });
      const opened = await createNbdBlocks().openSource(ref);
      closing.push(() => opened.close());
      // Block 2 is dirty; the first answer of the other context said data for all of it.
      expect(await opened.survey?.(0, 4)).toEqual(["same", "same", "data", "same"]);
    });

    test.each<[string, (request: SeenRequest) => Buffer, RegExp]>([
      ["a descriptor of no length", (r) => statusChunk(r, true, 7, [0, 0]), /a block status with 0 bytes/],
      [
        "descriptors behind the end of the question",
        (r) => statusChunk(r, true, 7, [r.length, 0], [512, 0]),
        /a block status with 512 bytes/,
      ],
      ["another context", (r) => statusChunk(r, true, 9, [r.length, 0]), /leaves out context 7/],
      [
        "a context twice",
        (r) => Buffer.concat([statusChunk(r, false, 7, [512, 0]), statusChunk(r, true, 7, [512, 0])]),
        /has context 7 twice/,
      ],
      ["no descriptor", (r) => statusChunk(r, true, 7), /a chunk of type 5 with 4 bytes/],
      ["an error", (r) => errorChunk(r, true, 22, ""), /blockStatus of 1048576 bytes at 0 failed with EINVAL/],
      ["a simple reply", (r) => simpleReply(r, 0), /a simple reply to a blockStatus/],
    ])("%s is an error of the survey", async (_, answer, message) => {
      const opened = await source(await serve({ contexts, answer: onStatus(answer) }));
      await expect(opened.survey?.(0, 2)).rejects.toThrow(message);
    });

    test("many blocks cost one question", async () => {
      const server = await serve({ size: 64 * MIB, contexts });
      const opened = await source(server);
      for (let first = 0; first < 128; first += 16) await opened.survey?.(first, 16);
      expect(server.requests.filter(({ command }) => command === COMMANDS.blockStatus)).toHaveLength(1);
    });
  });

  describe("while writing", () => {
    test("a write that fails is told by the next call, by every later one, and by sync", async () => {
      const server = await serve({
        size: 4 * MIB,
        answer: (request) => (request.command === COMMANDS.write ? simpleReply(request, 28) : undefined),
      });
      const opened = await target(server);
      await opened.write(0, Buffer.alloc(KIB512, 1));
      await expect(opened.sync()).rejects.toThrow(/write of 524288 bytes at 0 failed with ENOSPC/);
      await expect(opened.sync()).rejects.toThrow(/ENOSPC/);
      await expect(async () => opened.write(KIB512, Buffer.alloc(KIB512))).rejects.toThrow(/ENOSPC/);
      expect(server.requests.some(({ command }) => command === COMMANDS.flush)).toBe(false);
    });

    test("a flush that fails is told", async () => {
      const answer = (request: SeenRequest) =>
        request.command === COMMANDS.flush ? simpleReply(request, 5) : undefined;
      const opened = await target(await serve({ answer }));
      await opened.write(0, Buffer.alloc(4096, 1));
      await expect(opened.sync()).rejects.toThrow(/flush failed with EIO/);
    });

    test("a lost connection and a silent server end writing with an error", async () => {
      const cut = await target(
        await serve({
          answer: (request, socket) => {
            if (request.command === COMMANDS.write) socket.destroy();
            return undefined;
          },
        }),
      );
      await cut.write(0, Buffer.alloc(4096, 1));
      await expect(cut.sync()).rejects.toThrow(/connection/);
      const mute = await target(
        await serve({ answer: ({ command }) => (command === COMMANDS.write ? "nothing" : undefined) }),
        100,
      );
      await mute.write(0, Buffer.alloc(4096, 1));
      await expect(mute.sync()).rejects.toThrow(/sent nothing for/);
    });

    test("a caller's buffer is its own again at once, requests are bounded, and one range is never written twice at a time", async () => {
      const held: (() => void)[] = [];
      let flying = 0;
      let most = 0;
      const server = await serve({
        size: 32 * MIB,
        answer: (request, socket) => {
          if (request.command !== COMMANDS.write) return undefined;
          most = Math.max(most, ++flying);
          request.payload.copy(server.bytes, request.offset);
          held.push(() => {
            flying -= 1;
            socket.write(simpleReply(request, 0));
          });
          if (held.length >= 4) for (const reply of held.splice(0).reverse()) reply();
          else setImmediate(() => held.shift()?.());
          return "nothing";
        },
      });
      const opened = await target(server);
      const block = Buffer.alloc(KIB512);
      for (let index = 0; index < 64; index++) {
        block.fill(index + 1);
        await opened.write(index * KIB512, block);
        block.fill(0xee);
      }
      for (const value of [101, 102, 103]) {
        block.fill(value);
        await opened.write(0, block);
      }
      const seen = Buffer.alloc(KIB512);
      await opened.read(0, seen);
      expect(seen.equals(Buffer.alloc(KIB512, 103))).toBe(true);
      await opened.sync();
      expect(Array.from({ length: 63 }, (_, i) => server.bytes[(i + 1) * KIB512 + 77])).toEqual(
        Array.from({ length: 63 }, (_, i) => i + 2),
      );
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(16);
    });

    test("zeros are asked for without forbidding holes; a server that cannot is sent them", async () => {
      const able = await serve({ size: 100 * MIB });
      const opened = await target(able);
      await opened.zero(KIB512, 99 * MIB);
      await opened.sync();
      const zeroing = able.requests.filter(({ command }) => command === COMMANDS.writeZeroes);
      expect(zeroing.reduce((sum, { length }) => sum + length, 0)).toBe(99 * MIB);
      expect(zeroing.every(({ flags }) => flags === 0)).toBe(true);
      expect(Math.max(...zeroing.map(({ length }) => length))).toBe(32 * MIB);

      const unable = await serve({ size: 4 * MIB, flags: FLAGS.hasFlags | FLAGS.flush });
      unable.bytes.fill(5);
      const other = await target(unable);
      await other.zero(4096, 3 * MIB);
      await other.sync();
      expect(unable.bytes.subarray(4096, 4096 + 3 * MIB).every((byte) => byte === 0)).toBe(true);
      expect([unable.bytes[4095], unable.bytes[4096 + 3 * MIB]]).toEqual([5, 5]);
    });

    test("closing says goodbye to the server and leaves no connection", async () => {
      const server = await serve({});
      const opened = await createNbdBlocks().openSource(reference(server));
      await opened.close();
      await opened.close();
      expect(server.requests.at(-1)?.command).toBe(COMMANDS.disconnect);
      await expect.poll(() => server.connections()).toBe(0);
    });
  });
});
