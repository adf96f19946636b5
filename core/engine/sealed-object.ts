/** The bytes of the objects that are sealed as one: roots, avoid-sets, relocation maps, hooks and entries of the catalog. */
import { randomBytes } from "node:crypto";
import { Damaged } from "../ports/data-plane.ts";
import { FieldReader } from "./byte-fields.ts";
import type { DomainCrypto, SealedPurpose } from "./domain-crypto.ts";
import { FORMAT_VERSION, SALT_BYTES, TAG_BYTES } from "./numbers.ts";
import { KIND, type Kind, nonceOf, openSealed, sealInto } from "./sealed-box.ts";

/** magic 8, version 2, reserved 6, salt 32. */
const HEADER_BYTES = 48;

/** What is sealed: the first bytes of the object, the nonce's kind, and the purpose of its key. */
const KINDS: Readonly<Record<SealedPurpose, { readonly magic: Buffer; readonly kind: Kind; readonly what: string }>> = {
  root: { magic: Buffer.from("HOLDROOT", "ascii"), kind: KIND.root, what: "a root" },
  avoid: { magic: Buffer.from("HOLDAVST", "ascii"), kind: KIND.avoid, what: "an avoid-set" },
  map: { magic: Buffer.from("HOLDMAPS", "ascii"), kind: KIND.map, what: "a relocation map" },
  hooks: { magic: Buffer.from("HOLDHOOK", "ascii"), kind: KIND.hooks, what: "a list of hooks" },
  catalog: { magic: Buffer.from("HOLDCTLG", "ascii"), kind: KIND.catalog, what: "an entry of the catalog" },
};

/** Seals plain bytes under a key of their own, for the object called `name`. The salt is fresh unless a test gives one. */
export function sealObject(
  purpose: SealedPurpose,
  plain: Buffer,
  name: string,
  crypto: DomainCrypto,
  salt: Buffer = randomBytes(SALT_BYTES),
): Buffer {
  const { magic, kind } = KINDS[purpose];
  const object = Buffer.alloc(HEADER_BYTES + plain.length + TAG_BYTES);
  magic.copy(object, 0);
  object.writeUInt16LE(FORMAT_VERSION, 8);
  salt.copy(object, 16);
  const aad = Buffer.concat([object.subarray(0, HEADER_BYTES), Buffer.from(name, "utf8")]);
  sealInto(object, HEADER_BYTES, crypto.key(purpose, salt), nonceOf(kind, 0), aad, plain);
  return object;
}

/** The plain bytes of the object stored under `name`. @throws Damaged */
export function unsealObject(purpose: SealedPurpose, object: Uint8Array, name: string, crypto: DomainCrypto): Buffer {
  const { magic, kind, what } = KINDS[purpose];
  const fields = new FieldReader(object, name);
  if (!fields.raw(magic.length).equals(magic)) fields.fail(`is not ${what}`);
  const version = fields.u16();
  if (version !== FORMAT_VERSION) fields.fail(`has format version ${version}: damaged, or of a newer program`);
  fields.reserved(6);
  const key = crypto.key(purpose, fields.raw(SALT_BYTES));
  const sealed = fields.raw(object.length - HEADER_BYTES);
  const header = Buffer.from(object.buffer, object.byteOffset, HEADER_BYTES);
  const plain = openSealed(sealed, key, nonceOf(kind, 0), Buffer.concat([header, Buffer.from(name, "utf8")]));
  if (plain === undefined) throw new Damaged(name, "does not authenticate");
  return plain;
}
