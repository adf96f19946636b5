/** How is it proved that traces are what they were? Leaf hashes, a Merkle root over an hour, a hash over each batch. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Item, JsonValue } from "../../ports/record-store.ts";
import type { AuditBatch } from "../records/audit.ts";

/** Place (sort key) and hash of a trace. */
export type Leaf = readonly [sk: string, hash: string];

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex");

/** What the first batch names as the one before it. */
export const GENESIS = "0".repeat(64);

/** Everything that stands in a trace's record, also what no version of the schema knows, and where it stands. */
export const leafOf = ({ sk, body }: Item): Leaf => [sk, sha256("\0", canonical([sk, body]))];

/**
 * Merkle tree of RFC 9162 §2.1: nodes are told from leaves by their first byte, so that neither passes for the other; of n
 * leaves the left half is the largest power of two below n. No leaves: the hash of nothing.
 */
export function merkleRoot(leaves: readonly Leaf[]): string {
  if (leaves.length === 0) return sha256("");
  const rootOf = (from: number, to: number): string => {
    if (to - from === 1) return leaves[from]?.[1] ?? "";
    let half = 1;
    while (half * 2 < to - from) half *= 2;
    return sha256("\x01", bytes(rootOf(from, from + half)), bytes(rootOf(from + half, to)));
  };
  return rootOf(0, leaves.length);
}

/** Over all that a batch says; the seal is made of it. */
export function batchHash(batch: Omit<AuditBatch, "seal" | "schema">): string {
  const { projectId, number, label, count, root, previous, sealedAt } = batch;
  return sha256("\x02", canonical([projectId, number, label, count, root, previous, sealedAt]));
}

/** What the seal is bound to: it opens for no other batch and for no other purpose. */
export const sealContext = ({ projectId, number }: Pick<AuditBatch, "projectId" | "number">) =>
  ({ purpose: "audit-batch", project: projectId, batch: String(number) }) as const;

/** JSON with sorted names: a store may give them back in another order. */
function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
