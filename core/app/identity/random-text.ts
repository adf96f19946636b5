/** How names and secrets are drawn: uniform random text over an alphabet. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Upper-case letters and digits: access keys. */
export const UPPER = `${LETTERS}0123456789`;
/** Letters and digits: passwords and secret keys. */
export const ALPHANUMERIC = `${UPPER}${LETTERS.toLowerCase()}`;

/** `length` characters, each equally likely: bytes that would favour some characters are drawn again. */
export function randomText(randomBytes: (n: number) => Uint8Array, length: number, alphabet: string): string {
  const usable = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length)
    for (const byte of randomBytes(length))
      if (byte < usable && text.length < length) text += alphabet[byte % alphabet.length];
  return text;
}
