/** What does every key service promise? */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EncryptionContext, KeyService } from "../../core/ports/key-service.ts";
import { KeyMismatch } from "../../core/ports/key-service.ts";

export interface KeyServiceUnderTest {
  readonly keys: KeyService;
  /** The same key opened again. */
  reopen(): Promise<KeyService>;
  /** Another key. */
  other(): Promise<KeyService>;
  dispose(): Promise<void>;
}

const plain = new Uint8Array(Buffer.from("a domain key of thirty-two bytes"));
const context: EncryptionContext = { purpose: "domain-key", domain: "d1" };

/** Runs every promise on key services that `open` makes. */
export function keyServiceContract(name: string, open: () => Promise<KeyServiceUnderTest>): void {
  describe(`key service: ${name}`, () => {
    let current: KeyServiceUnderTest | undefined;
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await current?.dispose();
      current = undefined;
    });
    const given = (): KeyServiceUnderTest => {
      if (current === undefined) throw new Error("no key service is open");
      return current;
    };

    test("what was wrapped is unwrapped, also after the key was opened again", async () => {
      const { keys, reopen } = given();
      const wrapped = await keys.wrap(plain, context);
      expect(await keys.unwrap(wrapped, context)).toEqual(plain);
      expect(await (await reopen()).unwrap(wrapped, context)).toEqual(plain);
    });

    test("any bytes up to 4,096 come back, under any context", async () => {
      const { keys } = given();
      const names = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 20 }), {
        maxKeys: 5,
      });
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 4096 }), names, async (bytes, about) => {
          expect([...(await keys.unwrap(await keys.wrap(bytes, about), about))]).toEqual([...bytes]);
        }),
        { numRuns: 30 },
      );
      await expect(keys.wrap(new Uint8Array(4097), context)).rejects.toBeInstanceOf(RangeError);
      await expect(keys.wrap(new Uint8Array(0), context)).rejects.toBeInstanceOf(RangeError);
    });

    test("two wraps never give the same bytes, and none shows the secret", async () => {
      const { keys } = given();
      const all = await Promise.all(Array.from({ length: 20 }, () => keys.wrap(plain, context)));
      expect(new Set(all.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(20);
      expect(all.some((bytes) => Buffer.from(bytes).includes(Buffer.from(plain)))).toBe(false);
    });

    test("the order of a context's names does not matter, every difference does", async () => {
      const { keys } = given();
      const wrapped = await keys.wrap(plain, context);
      expect(await keys.unwrap(wrapped, { domain: "d1", purpose: "domain-key" })).toEqual(plain);
      const others: EncryptionContext[] = [
        {},
        { purpose: "domain-key" },
        { ...context, domain: "d2" },
        { ...context, more: "" },
        { purpose: "domain-keyd", omain: "d1" },
        { domain: "domain-key", purpose: "d1" },
      ];
      for (const other of others) await expect(keys.unwrap(wrapped, other)).rejects.toBeInstanceOf(KeyMismatch);
    });

    test("any changed, missing or added byte is refused", async () => {
      const { keys } = given();
      const wrapped = await keys.wrap(plain, context);
      for (let at = 0; at < wrapped.byteLength; at++) {
        const changed = new Uint8Array(wrapped);
        changed[at] = (changed[at] ?? 0) ^ 1;
        await expect(keys.unwrap(changed, context), `byte ${at}`).rejects.toBeInstanceOf(KeyMismatch);
        await expect(keys.unwrap(wrapped.subarray(0, at), context), `cut at ${at}`).rejects.toBeInstanceOf(KeyMismatch);
      }
      await expect(keys.unwrap(Buffer.concat([wrapped, Buffer.of(0)]), context)).rejects.toBeInstanceOf(KeyMismatch);
    });

    test("another key does not unwrap", async () => {
      const { keys, other } = given();
      const wrapped = await keys.wrap(plain, context);
      await expect((await other()).unwrap(wrapped, context)).rejects.toBeInstanceOf(KeyMismatch);
    });
  });
}
