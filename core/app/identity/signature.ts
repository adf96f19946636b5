/** Is this request signed by the holder of that secret key, now, with this body? */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Instant } from "../../domain/values.ts";
import type { Authorization } from "./authorization-header.ts";
import {
  canonicalPath,
  flatQuery,
  formQuery,
  type SignedRequest,
  scopedQuery,
  sha256Hex,
} from "./canonical-request.ts";
import { IdentityFailure } from "./principal.ts";

/** How far a signature's date may be from our clock, either way. CBR documents none; API gateways use 15 minutes (S-1). */
const CLOCK_WINDOW_MS = 15 * 60 * 1000;

const refuse = (message: string): never => {
  throw new IdentityFailure("unauthenticated", message);
};

/**
 * Everything that can be refused before a key is looked up, and therefore may say why: the date must be present, signed and
 * within 15 minutes, every signed header present, and a claimed body digest true.
 * @throws IdentityFailure
 */
export function checkSignable(request: SignedRequest, authorization: Authorization, now: Instant): void {
  const names = authorization.signedHeaders.split(";");
  if (new Set(names).size !== names.length) refuse("Authorization: SignedHeaders names a header twice");
  if (!names.includes("x-sdk-date")) refuse("Authorization: X-Sdk-Date must be among SignedHeaders");
  const missing = names.find((name) => request.headers[name] === undefined);
  if (missing !== undefined) refuse(`Authorization: the signed header ${missing} is missing`);
  const date = request.headers["x-sdk-date"]?.trim() ?? "";
  const signedAt = instantOf(date) ?? refuse("X-Sdk-Date: must be YYYYMMDDTHHMMSSZ in UTC");
  if (Math.abs(now - signedAt) > CLOCK_WINDOW_MS)
    refuse("X-Sdk-Date: is more than 15 minutes from the service's clock");
  if (authorization.dialect === "scoped") {
    if (authorization.date !== date.slice(0, 8))
      refuse("Authorization: the date of Credential must be that of X-Sdk-Date");
    if (!queryAsBody(request, authorization) && scopedQuery(request.rawQueryString) === undefined)
      refuse(
        "the query repeats a parameter, and this signature dialect signs only its first value: join values with commas",
      );
  }
  checkDigest(request);
}

/** `X-Sdk-Content-Sha256` replaces the body in what is signed, so it must be the body's: otherwise bodies could be swapped. */
function checkDigest(request: SignedRequest): void {
  const claimed = request.headers["x-sdk-content-sha256"]?.trim();
  if (claimed === undefined || (claimed === "UNSIGNED-PAYLOAD" && request.body.length === 0)) return;
  if (claimed === "UNSIGNED-PAYLOAD")
    refuse("X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD is refused on a request with a body");
  if (claimed.toLowerCase() !== sha256Hex(request.body)) refuse("X-Sdk-Content-Sha256: is not the SHA-256 of the body");
}

/** Recomputes the signature and compares in constant time. Call `checkSignable` first. */
export function isSignedBy(secretKey: string, request: SignedRequest, authorization: Authorization): boolean {
  const given = Buffer.from(authorization.signature, "hex");
  let matches = false;
  for (const canonical of canonicalRequests(request, authorization)) {
    const expected = hmac(signingKey(secretKey, authorization), stringToSign(canonical, request, authorization));
    matches = timingSafeEqual(given, expected) || matches;
  }
  return matches;
}

/** One text, or two where clients differ about the payload hash of a request without a body; each covers the whole request. */
function canonicalRequests(request: SignedRequest, authorization: Authorization): readonly string[] {
  const { rawQueryString, headers, body } = request;
  const scoped = authorization.dialect === "scoped";
  const asBody = queryAsBody(request, authorization);
  const query = asBody ? "" : scoped ? scopedQuery(rawQueryString) : flatQuery(rawQueryString);
  if (query === undefined) return [];
  const claimed = headers["x-sdk-content-sha256"]?.trim();
  const hashed = sha256Hex(asBody ? formQuery(rawQueryString) : body);
  const payloads = new Set<string>();
  // A scoped POST without body signs its query only through the payload hash, so there a claimed digest would unsign it.
  if (claimed !== undefined && !asBody) payloads.add(claimed);
  // The Python SDK sends UNSIGNED-PAYLOAD but hashes nothing when there is no body; other clients sign the header's value.
  if (claimed === undefined || body.length === 0) payloads.add(hashed);
  const head = [request.method.toUpperCase(), canonicalPath(request.rawPath), query];
  const signed = authorization.signedHeaders
    .split(";")
    .map((name) => `${name}:${headerValue(headers[name] ?? "", scoped)}\n`);
  return [...payloads].map((payload) => [...head, signed.join(""), authorization.signedHeaders, payload].join("\n"));
}

/** The scoped dialect hashes the query in place of the body that a POST does not have, and signs an empty query. */
const queryAsBody = (request: SignedRequest, { dialect }: Authorization): boolean =>
  dialect === "scoped" && request.method === "POST" && request.body.length === 0;

const headerValue = (value: string, collapse: boolean): string =>
  (collapse ? value.replace(/\s+/g, " ") : value).trim();

function stringToSign(canonical: string, request: SignedRequest, authorization: Authorization): string {
  const lines = ["SDK-HMAC-SHA256", request.headers["x-sdk-date"]?.trim() ?? ""];
  if (authorization.dialect === "scoped") lines.push(scopeOf(authorization).join("/"));
  return [...lines, sha256Hex(canonical)].join("\n");
}

const scopeOf = (a: Extract<Authorization, { dialect: "scoped" }>) =>
  [a.date, a.region, a.service, "sdk_request"] as const;

function signingKey(secretKey: string, authorization: Authorization): string | Buffer {
  if (authorization.dialect === "flat") return secretKey;
  return scopeOf(authorization).reduce<string | Buffer>((key, part) => hmac(key, part), `SDK${secretKey}`);
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** `YYYYMMDDTHHMMSSZ` as an instant; undefined for anything else, days that do not exist included. */
function instantOf(text: string): Instant | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return undefined;
  const [, y, mo, d, h, mi, s] = parts;
  const iso = `${y}-${mo}-${d}T${h}:${mi}:${s}.000Z`;
  const at = Date.parse(iso);
  return Number.isNaN(at) || new Date(at).toISOString() !== iso ? undefined : at;
}
