/** What exactly is signed: the canonical text of an HTTP request, in the two dialects of SDK-HMAC-SHA256. */
import { createHash } from "node:crypto";

/** An HTTP request as it arrived: nothing decoded, nothing re-serialised. */
export interface SignedRequest {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** Form decoding, in the order sent: `+` is a blank, broken escapes stay as they are. Handlers read the query through it too. */
export function queryPairs(rawQueryString: string): readonly (readonly [string, string])[] {
  return [...new URLSearchParams(rawQueryString)];
}

/** Segments of a raw path, each percent-decoded by itself, so that `%2F` never becomes a separator. Empty ones are kept. */
export function pathSegments(rawPath: string): readonly string[] {
  return rawPath.split("/").slice(1).map(decodeSegment);
}

/** A segment that is not valid percent-encoded UTF-8 stands for itself (API Gateway may have decoded it already). */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Percent-encodes everything but `A-Z a-z 0-9 - _ . ~`, as both dialects do. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Decode-then-encode, with a slash at the end: the same text whether a client encoded the path, left it plain, or a gateway
 * decoded it. No `.` or `..` is resolved, here or by the router.
 */
export function canonicalPath(rawPath: string): string {
  const path = `/${pathSegments(rawPath).map(encode).join("/")}`;
  return path.endsWith("/") ? path : `${path}/`;
}

const byteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Flat dialect: every pair, sorted by key and then by value, in byte order of the decoded text. */
export function flatQuery(rawQueryString: string): string {
  return [...queryPairs(rawQueryString)]
    .sort(([k1, v1], [k2, v2]) => byteOrder(k1, k2) || byteOrder(v1, v2))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join("&");
}

/**
 * Scoped dialect: keys without regard to case, one value each. It would sign only the first value of a repeated key and
 * leave the others open to whoever sits between, so a query that repeats a key has no canonical form: undefined, and the
 * request is refused. The one client of this dialect never repeats a key on a CBR call.
 */
export function scopedQuery(rawQueryString: string): string | undefined {
  const pairs = queryPairs(rawQueryString);
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) return undefined;
  return pairs
    .map(([key, value]) => [encode(key), encode(value)] as const)
    .sort(([k1], [k2]) => byteOrder(k1.toLowerCase(), k2.toLowerCase()) || byteOrder(k1, k2))
    .map(([key, value]) => `${key}=${value}`)
    .join("&");
}

/** How Go's url.Values.Encode writes a query: what the scoped dialect hashes in place of the absent body of a POST. */
export function formQuery(rawQueryString: string): string {
  return [...queryPairs(rawQueryString)]
    .map(([key, value], place) => ({ key, value, place }))
    .sort((a, b) => byteOrder(a.key, b.key) || a.place - b.place)
    .map(({ key, value }) => `${encode(key)}=${encode(value)}`.replaceAll("%20", "+"))
    .join("&");
}

/** Lower-case hex SHA-256. */
export function sha256Hex(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
