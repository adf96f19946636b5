/** Ids that people read and type: of backups, in the order in which they were made, and of stores. */
import { randomBytes } from "node:crypto";

/** Crockford's base 32 in lower case: sorts as the numbers do, has no letters that look alike. */
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** Time: 8 digits of 16 ms each last until 2527 and tell any two backups of one store apart; chance: 20 bits. */
const TIME_DIGITS = 8;
const TICK_MS = 16;
const CHANCE_DIGITS = 4;

/** The first `digits` digits of the bytes, 5 bits each. */
export function base32(bytes: Uint8Array, digits: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`) >> BigInt(bytes.length * 8 - digits * 5);
  let text = "";
  for (let at = 0; at < digits; at++, value >>= 5n) text = `${DIGITS[Number(value & 31n)]}${text}`;
  return text;
}

/**
 * An id of 12 characters that sorts behind `newest`, the last one that there is, also when the clock was put back.
 * `now`: milliseconds since 1970.
 */
export function newBackupId(now: number, newest: string | undefined): string {
  const last = newest === undefined || !isBackupId(newest) ? -1 : ticksOf(newest);
  const ticks = Math.max(Math.floor(now / TICK_MS), last + 1);
  let text = "";
  for (let at = 0, left = ticks; at < TIME_DIGITS; at++, left = Math.floor(left / 32))
    text = `${DIGITS[left % 32]}${text}`;
  return text + base32(randomBytes(3), CHANCE_DIGITS);
}

/** Whether it has the form of an id that this program gives. */
export function isBackupId(text: string): boolean {
  return text.length === TIME_DIGITS + CHANCE_DIGITS && [...text].every((digit) => DIGITS.includes(digit));
}

function ticksOf(id: string): number {
  return [...id.slice(0, TIME_DIGITS)].reduce((value, digit) => value * 32 + DIGITS.indexOf(digit), 0);
}
