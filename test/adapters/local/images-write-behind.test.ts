/** Do writes that go on behind their caller's back end in the order they were given, and is every failure told? */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type WriteBehind, writeBehind } from "../../../adapters/local/images/write-behind.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

interface Put {
  readonly offset: number;
  readonly length: number;
  end(error?: Error): void;
}

/** Writes that end when the test says so; `content` is what they left, at their end. */
function held(size: number) {
  const content = Buffer.alloc(size);
  const puts: Put[] = [];
  const behind = writeBehind(
    (offset, bytes) =>
      new Promise((resolve, reject) => {
        const put: Put = {
          offset,
          length: bytes.length,
          end(error) {
            puts.splice(puts.indexOf(put), 1);
            if (error === undefined) content.set(bytes, offset);
            return error === undefined ? resolve() : reject(error);
          },
        };
        puts.push(put);
      }),
  );
  return { behind, puts, content };
}

/** Writes far from one another, until one has to wait: that one, and how many there were. */
function writeUntilItWaits(behind: WriteBehind) {
  for (let taken = 1; taken < 100; taken++) {
    const waiting = behind.write(taken * 8 * MIB, Buffer.alloc(4096));
    if (waiting !== undefined) return { waiting, taken };
  }
  throw new Error("a hundred writes and none had to wait");
}

/** Lets everything that can go on go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const failed = new Error("the disk is full, says the test");

describe("write-behind", () => {
  test("adjacent blocks are written together, and the caller does not wait for them", async () => {
    const { behind, puts, content } = held(4 * MIB);
    const bytes = randomBytes(4 * MIB);
    for (let at = 0; at < 4 * MIB; at += 512 * KIB)
      expect(behind.write(at, bytes.subarray(at, at + 512 * KIB))).toBeUndefined();
    expect(puts.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 2 * MIB],
      [2 * MIB, 2 * MIB],
    ]);
    for (const put of [...puts].reverse()) put.end();
    await behind.drain();
    expect(content.equals(bytes)).toBe(true);
  });

  test("the caller's memory is free again when a write returns", async () => {
    const { behind, puts, content } = held(MIB);
    const lent = Buffer.alloc(4096, 1);
    behind.write(0, lent);
    lent.fill(2);
    behind.write(8192, lent);
    const drained = behind.drain();
    while (puts.length > 0) puts[0]?.end();
    await drained;
    expect([content[0], content[4095], content[4096], content[8192]]).toEqual([1, 1, 0, 2]);
  });

  test("with every buffer under way the next write waits for one, and for no more", async () => {
    const { behind, puts } = held(64 * MIB);
    const { waiting, taken } = writeUntilItWaits(behind);
    // Three of 2 MiB: what a target may hold.
    expect(taken).toBe(4);
    expect(puts).toHaveLength(3);
    puts[1]?.end();
    await waiting;
    expect(puts).toHaveLength(2);
    const drained = behind.drain();
    while (puts.length > 0) puts[0]?.end();
    await drained;
  });

  test("a write longer than all buffers is taken over in parts", async () => {
    const { behind, puts, content } = held(20 * MIB);
    const bytes = randomBytes(20 * MIB - 5);
    let over = false;
    const writing = Promise.resolve(behind.write(0, bytes)).then(() => {
      over = true;
    });
    while (!over) {
      puts[0]?.end();
      await turn();
    }
    await writing;
    const drained = behind.drain();
    while (puts.length > 0) puts[0]?.end();
    await drained;
    expect(content.subarray(0, bytes.length).equals(bytes)).toBe(true);
  });

  test("whatever order writes end in, the last one given is what stays", async () => {
    const size = 8 * MIB;
    const range = fc.record({
      at: fc.nat(size - 1),
      length: fc.integer({ min: 1, max: 3 * MIB }),
      aligned: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 12 }), fc.infiniteStream(fc.nat(5)), async (ranges, picks) => {
        const { behind, puts, content } = held(size);
        const expected = Buffer.alloc(size);
        const endSome = async (until: ReturnType<typeof behind.write>) => {
          let over = until === undefined;
          const end = () => {
            over = true;
          };
          until?.then(end, end);
          while (!over) {
            puts[(picks.next().value ?? 0) % puts.length]?.end();
            await turn();
          }
        };
        for (const [index, { at, length, aligned }] of ranges.entries()) {
          const offset = aligned ? at - (at % 4096) : at;
          const bytes = Buffer.alloc(Math.min(length, size - offset), index + 1);
          await endSome(behind.write(offset, bytes));
          bytes.copy(expected, offset);
          // What is about to be read back is written by then, and the rest may still be under way.
          if (index % 3 !== 2) continue;
          await endSome(behind.settle(offset, bytes.length));
          expect(content.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
        }
        await endSome(behind.drain());
        expect(content.equals(expected)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("a failure is told by the next call, whichever it is, and by every one after it but the end", async () => {
    const calls = {
      write: (behind: WriteBehind) => behind.write(4 * MIB, Buffer.alloc(1)),
      settle: (behind: WriteBehind) => behind.settle(6 * MIB, 1),
      drain: (behind: WriteBehind) => behind.drain(),
    };
    for (const [name, call] of Object.entries(calls)) {
      const { behind, puts } = held(8 * MIB);
      behind.write(0, Buffer.alloc(2 * MIB));
      puts[0]?.end(failed);
      await turn();
      await expect(async () => call(behind), name).rejects.toBe(failed);
      await expect(async () => calls.write(behind), name).rejects.toBe(failed);
      await expect(async () => calls.drain(behind), name).rejects.toBe(failed);
      await behind.end();
    }
  });

  test("who waits for room is told of a failure that comes meanwhile", async () => {
    const { behind, puts } = held(64 * MIB);
    const { waiting } = writeUntilItWaits(behind);
    puts[0]?.end(failed);
    await expect(waiting).rejects.toBe(failed);
  });

  test("the end waits for what is under way and tells a failure that nobody was told of", async () => {
    const { behind, puts } = held(MIB);
    behind.write(0, Buffer.alloc(4096));
    const ended = behind.end();
    expect(puts).toHaveLength(1);
    puts[0]?.end(failed);
    await expect(ended).rejects.toBe(failed);
  });
});
