/** How passwords are kept and checked: scrypt, slow on purpose, and never more than two at once. */
import { type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { IdentityFailure } from "./principal.ts";

/** About 50 ms and 16 MiB a check on one core of a small server; stored with each hash, so that it can be raised. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
/** Checks run on the thread pool that file access needs too: a flood of logins must leave it free. */
const AT_ONCE = 2;
/** Beyond this many waiting checks (about 2 s of work) the caller is told to come back later. */
const WAITING = 64;

let running = 0;
const waiting: (() => void)[] = [];

/** Hash to store: `scrypt$N$r$p$salt$hash`. `salt` is 16 random bytes. */
export async function hashPassword(password: string, salt: Uint8Array): Promise<string> {
  const hash = await derive(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, base64(salt), base64(hash)].join("$");
}

/**
 * Is this the password? Without a stored hash (no such user) the same work is done and the answer is no, so that time does
 * not tell who exists. @throws IdentityFailure busy when too many checks are waiting
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [kind, n, r, p, salt = "", hash = ""] = (stored ?? NOBODY).split("$");
  if (kind !== "scrypt") throw new Error("stored password hash is not readable");
  const expected = Buffer.from(hash, "base64");
  const given = await takingTurns(() =>
    derive(password, Buffer.from(salt, "base64"), { N: Number(n), r: Number(r), p: Number(p) }),
  );
  return given.length === expected.length && timingSafeEqual(given, expected) && stored !== undefined;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** What an unknown user's password is compared with; its result is not looked at. */
const NOBODY = ["scrypt", COST.N, COST.r, COST.p, base64(new Uint8Array(16)), base64(new Uint8Array(HASH_BYTES))].join(
  "$",
);

function derive(password: string, salt: Uint8Array, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, HASH_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

async function takingTurns<T>(check: () => Promise<T>): Promise<T> {
  if (waiting.length >= WAITING)
    throw new IdentityFailure("busy", "too many logins at once: try again in a few seconds");
  if (running < AT_ONCE) running += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await check();
  } finally {
    // The place goes straight to the next in line: were it given back first, a newcomer could take it as well.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
