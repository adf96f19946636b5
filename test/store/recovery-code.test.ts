/** Does a recovery code survive being written down, read out and typed, and does it open what it was made for alone? */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeRecoveryCode, parseRecoveryCode, RecoveryCodeWrong } from "../../core/engine/recovery-code.ts";
import { checkRecovery, makeRecovery, openRecovery, RECOVERY } from "../../core/engine/recovery-object.ts";
import { Damaged } from "../../core/ports/data-plane.ts";
import { randomOf } from "../../local/chance.ts";

const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

describe("a recovery code", () => {
  test("of these bytes is this text, as docs/format.md makes it", () => {
    const code = encodeRecoveryCode(Uint8Array.from({ length: 20 }, (_, i) => i));
    expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{6}-){5}[0-9A-HJKMNP-TV-Z]{6}$/);
    // The first 30 bits of 00 01 02 03 04 …: 00000 00000 00000 10000 00100 00000.
    expect(code.slice(0, 6)).toBe("000G40");
  });

  test("reads back to its bytes", () => {
    fc.assert(
      fc.property(bytes20, (bytes) => {
        expect(parseRecoveryCode(encodeRecoveryCode(bytes))).toEqual(bytes);
      }),
    );
  });

  test("may be typed in lower case, without hyphens, with blanks, and with O for 0 and I or L for 1", () => {
    fc.assert(
      fc.property(bytes20, fc.constantFrom("I", "L", "i", "l"), (bytes, one) => {
        const code = encodeRecoveryCode(bytes);
        expect(parseRecoveryCode(` ${code.toLowerCase().replaceAll("-", "  ")}\n`)).toEqual(bytes);
        expect(parseRecoveryCode(code.replaceAll("0", "o").replaceAll("1", one))).toEqual(bytes);
      }),
    );
  });

  test("with one wrong character is refused, and the message names its group and never the code", () => {
    fc.assert(
      fc.property(bytes20, fc.nat(35), fc.integer({ min: 1, max: 31 }), (bytes, at, by) => {
        const plain = [...encodeRecoveryCode(bytes).replaceAll("-", "")];
        plain[at] = DIGITS[(DIGITS.indexOf(plain[at] ?? "") + by) % 32] ?? "";
        const typed = plain.join("");
        const error = failure(() => parseRecoveryCode(typed));
        expect(error).toBeInstanceOf(RecoveryCodeWrong);
        expect(error.message).not.toContain(typed.slice(0, 6));
        // Rarely another group would explain the checksum as well: then none is named.
        if (error.message.includes("look at")) expect(error.message).toContain(`group ${Math.floor(at / 6) + 1}`);
      }),
    );
  });

  test.each([
    ["", "0 characters instead of 36"],
    ["ABCDEF-ABCDEF", "12 characters instead of 36 (6 groups of 6)"],
    ["UBCDEF-ABCDEF-ABCDEF-ABCDEF-ABCDEF-ABCDEF", '"U" in group 1'],
    ["ABCDEF-ABCDE?-ABCDEF-ABCDEF-ABCDEF-ABCDEF", '"?" in group 2'],
  ])("that is %j is refused with what is wrong", (typed, words) => {
    expect(() => parseRecoveryCode(typed)).toThrow(words);
  });
});

describe("a recovery object", () => {
  const domain = { domainId: "s-one", secret: randomOf(32) };

  test("opens with its own code and gives the secret", () => {
    const { name, bytes, code } = makeRecovery(domain, randomOf);
    expect(name).toMatch(RECOVERY);
    expect(Buffer.from(openRecovery(name, bytes, "s-one", parseRecoveryCode(code)) ?? [])).toEqual(
      Buffer.from(domain.secret),
    );
  });

  test("does not open with another code, and says so without an error", () => {
    const { name, bytes } = makeRecovery(domain, randomOf);
    expect(openRecovery(name, bytes, "s-one", randomOf(20))).toBeUndefined();
  });

  test("of another domain, cut off, or of a newer program is damage that is named", () => {
    const { name, bytes } = makeRecovery(domain, randomOf);
    expect(() => checkRecovery(name, bytes, "s-two")).toThrow(Damaged);
    expect(() => checkRecovery(name, bytes.subarray(0, -1), "s-one")).toThrow(`${name}: is no recovery object`);
    const newer = Buffer.from(Buffer.from(bytes).toString().replace('"format":1', '"format":2'));
    expect(() => checkRecovery(name, newer, "s-one")).toThrow("format 2");
  });
});

function failure(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
