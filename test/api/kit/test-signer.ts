/** A signer of its own for tests: written from the description of the two dialects, sharing no code with the verifier. */
import { createHash, createHmac } from "node:crypto";

export interface ToSign {
  readonly method: string;
  /** Decoded segments. */
  readonly segments: readonly string[];
  /** Decoded pairs, in the order they are sent. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const sha = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");
const mac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const KEPT = new Set(Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"));

/** Percent-encoding, byte by byte. */
function percent(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text, "utf8"))
    out += KEPT.has(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return out;
}

/** UTF-8 order, by code points. */
function order(a: string, b: string): number {
  const left = [...a].map((c) => c.codePointAt(0) ?? 0);
  const right = [...b].map((c) => c.codePointAt(0) ?? 0);
  for (let i = 0; i < Math.min(left.length, right.length); i++)
    if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0);
  return left.length - right.length;
}

export const targetOf = ({ segments, query }: Pick<ToSign, "segments" | "query">): string =>
  `/${segments.map(percent).join("/")}${query.length > 0 ? `?${query.map(([k, v]) => `${percent(k)}=${percent(v)}`).join("&")}` : ""}`;

/** The Authorization header in the flat dialect. All of `headers` are signed. */
export function signFlat(request: ToSign, accessKey: string, secretKey: string): string {
  const names = Object.keys(request.headers).sort();
  const query = [...request.query].sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  const path = `/${request.segments.map((s) => `${percent(s)}/`).join("")}`;
  const canonical = [
    request.method,
    path,
    query.map(([k, v]) => `${percent(k)}=${percent(v)}`).join("&"),
    names.map((name) => `${name}:${request.headers[name]?.trim()}\n`).join(""),
    names.join(";"),
    sha(request.body),
  ].join("\n");
  const text = `SDK-HMAC-SHA256\n${request.headers["x-sdk-date"]}\n${sha(canonical)}`;
  return `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names.join(";")}, Signature=${mac(secretKey, text).toString("hex")}`;
}

/** The Authorization header in the scoped dialect, with empty region and service as its one client has them. */
export function signScoped(request: ToSign, accessKey: string, secretKey: string): string {
  const names = Object.keys(request.headers).sort();
  const date = request.headers["x-sdk-date"] ?? "";
  const day = date.slice(0, 8);
  const bodiless = request.method === "POST" && request.body === "";
  const pairs = request.query.map(([k, v]) => [percent(k), percent(v)] as const);
  const sorted = [...pairs].sort(([a], [b]) => order(a.toLowerCase(), b.toLowerCase()) || order(a, b));
  const form = [...request.query]
    .sort(([a], [b]) => order(a, b))
    .map(([k, v]) => `${percent(k)}=${percent(v)}`.replaceAll("%20", "+"));
  const canonical = [
    request.method,
    `/${request.segments.map((s) => `${percent(s)}/`).join("")}`,
    bodiless ? "" : sorted.map(([k, v]) => `${k}=${v}`).join("&"),
    names.map((name) => `${name}:${request.headers[name]?.replace(/\s+/g, " ").trim()}\n`).join(""),
    names.join(";"),
    sha(bodiless ? form.join("&") : request.body),
  ].join("\n");
  const key = ["", "", "sdk_request"].reduce<Buffer>((k, part) => mac(k, part), mac(`SDK${secretKey}`, day));
  const text = `SDK-HMAC-SHA256\n${date}\n${day}///sdk_request\n${sha(canonical)}`;
  return `SDK-HMAC-SHA256 Credential=${accessKey}/${day}///sdk_request, SignedHeaders=${names.join(";")}, Signature=${mac(key, text).toString("hex")}`;
}
