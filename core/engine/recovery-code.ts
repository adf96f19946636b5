/** The recovery code: the way to a domain's secret for a person who has lost the key file (docs/format.md, section 3). */
import { createHash } from "node:crypto";

/** Crockford's base 32 (crockford.com/base32.html): no I, L, O or U, so that codes survive being read out and copied by hand. */
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Random bytes of a code: 160 bits cannot be searched. */
export const CODE_BYTES = 20;
const CHECK_BITS = 20;
const CHARACTERS = (CODE_BYTES * 8 + CHECK_BITS) / 5;
const GROUP = 6;

/** What was typed is no recovery code; the message says where to look, and never repeats the code. */
export class RecoveryCodeWrong extends Error {
  override readonly name = "RecoveryCodeWrong";
}

/** 20 random bytes as a person writes them down: six groups of six characters, the last four of which are a checksum. */
export function encodeRecoveryCode(bytes: Uint8Array): string {
  if (bytes.length !== CODE_BYTES) throw new RangeError(`a recovery code has ${CODE_BYTES} bytes, not ${bytes.length}`);
  const check = (checksum(bytes) << 4).toString(16).padStart(6, "0");
  // 160 + 20 bits, and 4 bits of nothing that make whole bytes.
  let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}${check}`) >> 4n;
  let text = "";
  for (let at = 0; at < CHARACTERS; at++, value >>= 5n) text = `${DIGITS[Number(value & 31n)]}${text}`;
  return (text.match(new RegExp(`.{${GROUP}}`, "g")) ?? []).join("-");
}

/** The 20 bytes of a code as typed: case, hyphens and white space do not matter; O is 0, I and L are 1. @throws RecoveryCodeWrong */
export function parseRecoveryCode(typed: string): Uint8Array {
  const text = typed
    .replace(/[\s\-\u2010-\u2015]/g, "")
    .toUpperCase()
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  const digits = [...text].map((character) => DIGITS.indexOf(character));
  const foreign = digits.indexOf(-1);
  if (foreign >= 0)
    throw new RecoveryCodeWrong(
      `the recovery code has ${JSON.stringify([...text][foreign])} in group ${groupOf(foreign)}: it is made of 0-9 and A-Z without U`,
    );
  if (digits.length !== CHARACTERS)
    throw new RecoveryCodeWrong(
      `the recovery code has ${digits.length} characters instead of ${CHARACTERS} (${CHARACTERS / GROUP} groups of ${GROUP})`,
    );
  const bytes = checked(digits);
  if (bytes !== undefined) return bytes;
  const group = likelyMistake(digits);
  const where = group === undefined ? "" : `; look at group ${group}`;
  throw new RecoveryCodeWrong(`the recovery code is mistyped: its checksum does not fit${where}`);
}

const groupOf = (at: number): number => Math.floor(at / GROUP) + 1;

/** The bytes when the checksum fits. */
function checked(digits: readonly number[]): Uint8Array | undefined {
  let value = 0n;
  for (const digit of digits) value = (value << 5n) | BigInt(digit);
  const hex = (value >> BigInt(CHECK_BITS)).toString(16).padStart(CODE_BYTES * 2, "0");
  const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
  return Number(value & BigInt((1 << CHECK_BITS) - 1)) === checksum(bytes) ? bytes : undefined;
}

/** The first 20 bits of SHA-256 over a label and the bytes. */
function checksum(bytes: Uint8Array): number {
  const hash = createHash("sha256").update("holdfast recovery code", "ascii").update(bytes).digest();
  return hash.readUIntBE(0, 3) >> 4;
}

/**
 * The group with the one wrong or swapped character that would explain the checksum. Some 1,150 candidates against a million
 * checksums: a wrong hint is rare, and none is given when two groups would do.
 */
function likelyMistake(digits: readonly number[]): number | undefined {
  const groups = new Set<number>();
  for (let at = 0; at < digits.length; at++) {
    for (let digit = 0; digit < DIGITS.length; digit++)
      if (checked(digits.with(at, digit)) !== undefined) groups.add(groupOf(at));
    const [here = 0, next] = digits.slice(at, at + 2);
    if (next !== undefined && checked(digits.with(at, next).with(at + 1, here)) !== undefined) groups.add(groupOf(at));
  }
  return groups.size === 1 ? [...groups][0] : undefined;
}
