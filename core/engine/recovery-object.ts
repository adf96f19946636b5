/** Recovery objects: the domain's secret, sealed under a recovery code, beside the packs (docs/format.md, section 3). */
import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { Damaged, type DomainKeys } from "../ports/data-plane.ts";
import { KEY_BYTES, SALT_BYTES, TAG_BYTES } from "./numbers.ts";
import { CODE_BYTES, encodeRecoveryCode } from "./recovery-code.ts";
import { KIND, nonceOf, openSealed, sealInto } from "./sealed-box.ts";

const LABEL = "holdfast/v1/recovery";
const PURPOSE = Buffer.from("holdfast recovery\0", "ascii");

/** Names of recovery objects, inside the repository. */
export const RECOVERY = /^keys\/recovery-[0-9a-f]{8}$/;

/** One more way to the secret: the object to store, and the code to show once. */
export interface NewRecovery {
  /** Inside the repository. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: string;
}

/** Makes a recovery object; each has a code of its own. `random(n)`: n random bytes. */
export function makeRecovery({ domainId, secret }: DomainKeys, random: (n: number) => Uint8Array): NewRecovery {
  if (secret.length !== KEY_BYTES) throw new RangeError(`domain.secret has ${KEY_BYTES} bytes, not ${secret.length}`);
  const code = random(CODE_BYTES);
  const salt = Buffer.from(random(SALT_BYTES));
  const sealed = Buffer.alloc(KEY_BYTES + TAG_BYTES);
  sealInto(sealed, 0, keyOf(code, salt), nonceOf(KIND.recovery, 0), boundTo(domainId), Buffer.from(secret));
  const stored = { format: 1, domain: domainId, salt: salt.toString("base64"), sealed: sealed.toString("base64") };
  return {
    name: `keys/recovery-${Buffer.from(random(4)).toString("hex")}`,
    bytes: Buffer.from(JSON.stringify(stored)),
    code: encodeRecoveryCode(code),
  };
}

/** The secret, or undefined when the object was sealed under another code. `name` is for messages. @throws Damaged */
export function openRecovery(
  name: string,
  bytes: Uint8Array,
  domainId: string,
  code: Uint8Array,
): Uint8Array | undefined {
  const { salt, sealed } = checkRecovery(name, bytes, domainId);
  return openSealed(sealed, keyOf(code, salt), nonceOf(KIND.recovery, 0), boundTo(domainId));
}

/** What can be checked without the code: form and domain. @throws Damaged */
export function checkRecovery(
  name: string,
  bytes: Uint8Array,
  domainId: string,
): { readonly salt: Buffer; readonly sealed: Buffer } {
  const { format, domain, salt, sealed } = parse(name, bytes);
  if (format !== 1) throw new Damaged(name, `has format ${String(format)}: damaged, or of a newer program`);
  if (domain !== domainId) throw new Damaged(name, `belongs to domain ${String(domain)}`);
  return {
    salt: base64(name, "salt", salt, SALT_BYTES),
    sealed: base64(name, "sealed", sealed, KEY_BYTES + TAG_BYTES),
  };
}

function parse(name: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof found === "object" && found !== null) return found as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new Damaged(name, "is no recovery object");
}

function base64(name: string, field: string, value: unknown, length: number): Buffer {
  const bytes = Buffer.from(typeof value === "string" ? value : "", "base64");
  if (bytes.length !== length || bytes.toString("base64") !== value)
    throw new Damaged(name, `${field} is not ${length} bytes of base64`);
  return bytes;
}

const keyOf = (code: Uint8Array, salt: Uint8Array): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", code, salt, LABEL, KEY_BYTES)));

const boundTo = (domainId: string): Buffer => Buffer.concat([PURPOSE, Buffer.from(domainId, "ascii")]);
