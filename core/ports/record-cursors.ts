/** How is a page's cursor made, so that no other query takes it? */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Query } from "./record-store.ts";
import { LimitExceeded } from "./record-store.ts";

/**
 * Where to go on, bound to everything that decides which items come in which order: index, `pk`, range and direction.
 * `place` holds the sort key of the last item, on an index followed by its base key.
 */
export function toCursor(query: Query, place: readonly string[]): string {
  return Buffer.from(JSON.stringify([fingerprint(query), ...place])).toString("base64url");
}

/** The `place` that `toCursor` was given. @throws LimitExceeded for a damaged cursor and for one of another query */
export function fromCursor(query: Query, cursor: string): string[] {
  const parts = parseCursor(cursor);
  const places = query.index === undefined ? 1 : 3;
  if (parts?.length !== places + 1 || parts[0] !== fingerprint(query)) {
    throw new LimitExceeded("the cursor belongs to another query");
  }
  return parts.slice(1);
}

function parseCursor(cursor: string): string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parts) && parts.every((part) => typeof part === "string") ? parts : undefined;
  } catch {
    // Not JSON, hence no cursor of ours: the caller refuses it.
    return undefined;
  }
}

function fingerprint(query: Query): string {
  const { from, to, prefix } = query.sk ?? {};
  const text = JSON.stringify([query.index ?? "", query.pk, from ?? "", to ?? "", prefix ?? "", query.forward ?? true]);
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
