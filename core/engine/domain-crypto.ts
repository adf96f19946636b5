/** What a domain's secret gives: the id hash, and a fresh key for every pack and root. */
import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { DomainKeys } from "../ports/data-plane.ts";
import { type KeyedHash, keyedHash } from "./blake3.ts";
import { KEY_BYTES } from "./numbers.ts";

/** Derivation labels (HKDF info, ASCII): one secret, purposes that cannot be mixed up. */
const LABELS = {
  id: "holdfast/v1/id",
  pack: "holdfast/v1/pack",
  root: "holdfast/v1/root",
  avoid: "holdfast/v1/avoid",
  map: "holdfast/v1/map",
  hooks: "holdfast/v1/hooks",
  catalog: "holdfast/v1/catalog",
} as const;

/** Objects that are sealed as one, each under a key from its own salt. */
export type SealedPurpose = "root" | "avoid" | "map" | "hooks" | "catalog";

/** The derived keys of one domain. */
export interface DomainCrypto {
  /** Keyed BLAKE3-256 of a block or leaf. */
  readonly id: KeyedHash;
  /** AES-256 key of the pack or sealed object with this salt. (A cipher takes 30 µs to find out that plain bytes are no key object.) */
  key(purpose: "pack" | SealedPurpose, salt: Uint8Array): KeyObject;
}

/** Derives by HKDF-SHA256. @throws RangeError when the secret is not 32 bytes */
export async function openDomain(domain: DomainKeys): Promise<DomainCrypto> {
  const { secret } = domain;
  if (secret.length !== KEY_BYTES) throw new RangeError(`domain.secret has ${KEY_BYTES} bytes, not ${secret.length}`);
  const derive = (label: string, salt: Uint8Array) => Buffer.from(hkdfSync("sha256", secret, salt, label, KEY_BYTES));
  return {
    id: await keyedHash(derive(LABELS.id, new Uint8Array(0))),
    key: (purpose, salt) => createSecretKey(derive(LABELS[purpose], salt)),
  };
}
