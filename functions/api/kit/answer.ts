/** How an answer is put on the wire: JSON or text, compressed when that pays and the client takes it. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { HttpEvent, HttpResult } from "./event.ts";
import type { ApiResponse } from "./request.ts";

const gzipped = promisify(gzip);
/** Below this, compression costs more time than it saves bytes. */
const WORTH_COMPRESSING = 8 * 1024;

/** Adds what every answer carries; 204 goes without body. `no-store`: answers hold tokens and states that change. */
export async function toResult(event: HttpEvent, requestId: string, answer: ApiResponse): Promise<HttpResult> {
  const headers = { "X-Request-Id": requestId, "Cache-Control": "no-store", ...answer.headers };
  const text = answer.text ?? (answer.body === undefined ? undefined : JSON.stringify(answer.body));
  if (text === undefined || answer.status === 204) return { statusCode: answer.status, headers };
  const typed = answer.text === undefined ? { "Content-Type": "application/json", ...headers } : headers;
  if (text.length < WORTH_COMPRESSING || !acceptsGzip(event.headers["accept-encoding"]))
    return { statusCode: answer.status, headers: typed, body: text };
  return {
    statusCode: answer.status,
    headers: { ...typed, "Content-Encoding": "gzip", Vary: "Accept-Encoding" },
    body: (await gzipped(text, { level: 3 })).toString("base64"),
    isBase64Encoded: true,
  };
}

/** `gzip` or `*` is listed and not with a quality of zero (RFC 9110 §12.5.3). */
function acceptsGzip(header: string | undefined): boolean {
  for (const part of (header ?? "").toLowerCase().split(",")) {
    const [coding, ...parameters] = part.split(";").map((text) => text.trim());
    if (coding === "gzip" || coding === "*") return !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  }
  return false;
}
