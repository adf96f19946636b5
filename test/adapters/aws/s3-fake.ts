/** How does S3 answer on the wire? A versioned bucket in memory behind the real client, with faults at chosen requests. */
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { S3Client } from "@aws-sdk/client-s3";
import { offline, type WireRequest, type WireResponse } from "./wire.ts";

/** Called for each request; `serve` answers it as S3 does. Whatever this returns or throws is what the client sees. */
type FaultyWire = (request: WireRequest, serve: () => WireResponse) => WireResponse;

interface Version {
  readonly id: string;
  /** undefined: a delete marker. */
  readonly bytes: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export const BUCKET = "vault-data";

/** Errors, their codes and statuses: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function failed(statusCode: number, code: string, message = "said by a test", head = false): WireResponse {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return answer(statusCode, { "content-type": "application/xml" }, head ? "" : xml);
}

function answer(statusCode: number, headers: Record<string, string>, body: string | Uint8Array = ""): WireResponse {
  const bytes = Buffer.from(body);
  const length = statusCode === 204 ? {} : { "content-length": String(bytes.byteLength) };
  return { statusCode, headers: { ...length, ...headers }, body: Readable.from(bytes.byteLength === 0 ? [] : [bytes]) };
}

/** Base64 of the CRC-32, as `x-amz-checksum-crc32` has it. */
function sumOf(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
}

/** One bucket, versioning on, pages of `pageSize` keys. */
export function fakeS3(
  wire: FaultyWire = (_request, serve) => serve(),
  { pageSize = 1000, versioning = "Enabled" } = {},
) {
  const versions = new Map<string, Version[]>();
  const requests: WireRequest[] = [];
  const current = (key: string) => versions.get(key)?.at(-1);

  function put(key: string, { headers, body: sent = "" }: WireRequest): WireResponse {
    const body = Buffer.from(sent);
    if (headers["x-amz-checksum-crc32"] !== sumOf(body)) return failed(400, "BadDigest");
    if (headers["if-none-match"] === "*" && current(key)?.bytes !== undefined)
      return failed(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    const kept = Object.entries(headers).filter(([name]) => /^x-amz-(meta-|checksum-)/.test(name));
    const version = { id: randomUUID(), bytes: Uint8Array.from(body), headers: Object.fromEntries(kept) };
    versions.set(key, [...(versions.get(key) ?? []), version]);
    return answer(200, { etag: `"${version.id}"` });
  }
  function read(key: string, { method, headers }: WireRequest): WireResponse {
    const { bytes, headers: kept = {} } = current(key) ?? {};
    if (bytes === undefined) return failed(404, "NoSuchKey", "", method === "HEAD");
    if (method === "HEAD") return answer(200, { ...kept, "content-length": String(bytes.byteLength) });
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    if (first === undefined || last === undefined) return answer(200, kept, bytes);
    if (Number(first) >= bytes.byteLength) return failed(416, "InvalidRange");
    const part = bytes.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.byteLength - 1}/${bytes.byteLength}`;
    return answer(206, { "content-range": range }, part);
  }
  function remove(key: string): WireResponse {
    if (versioning !== "Enabled") {
      versions.delete(key);
      return answer(204, {});
    }
    const marker = { id: randomUUID(), bytes: undefined, headers: {} };
    versions.set(key, [...(versions.get(key) ?? []), marker]);
    return answer(204, { "x-amz-delete-marker": "true" });
  }
  function list({ query }: WireRequest): WireResponse {
    const after = query["continuation-token"] ?? "";
    const all = [...versions.keys()].filter((key) => current(key)?.bytes !== undefined);
    const keys = all.filter((key) => key.startsWith(query.prefix ?? "") && key > after).sort();
    const page = keys.slice(0, pageSize);
    const entry = (key: string) =>
      `<Contents><Key>${key}</Key><Size>${current(key)?.bytes?.byteLength}</Size></Contents>`;
    const next = keys.length > pageSize ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    const truncated = `<IsTruncated>${next !== ""}</IsTruncated>${next}`;
    return answer(200, {}, `<ListBucketResult>${truncated}${page.map(entry).join("")}</ListBucketResult>`);
  }
  function serve(request: WireRequest): WireResponse {
    const [, bucket, ...segments] = request.path.split("/");
    const key = segments.map(decodeURIComponent).join("/");
    if (bucket !== BUCKET) return failed(404, "NoSuchBucket", "", request.method === "HEAD");
    if ("versioning" in request.query)
      return answer(200, {}, `<VersioningConfiguration><Status>${versioning}</Status></VersioningConfiguration>`);
    if (request.method === "HEAD" && key === "") return answer(200, {});
    if (request.method === "GET" && key === "") return list(request);
    if (request.method === "PUT") return put(key, request);
    return request.method === "DELETE" ? remove(key) : read(key, request);
  }
  const client = offline(S3Client, { forcePathStyle: true }, (request) => {
    requests.push(request);
    return wire(request, () => serve(request));
  });
  return { client, versions, requests };
}

/** The first `times` requests that fit get `fault`, later ones are served. */
export function first(times: number, fits: (request: WireRequest) => boolean, fault: FaultyWire): FaultyWire {
  let left = times;
  return (request, serve) => (fits(request) && left-- > 0 ? fault(request, serve) : serve());
}

export const is = (method: string) => (request: WireRequest) => request.method === method;

/** Bytes that come in another way than they left. */
export function withBody(response: WireResponse, change: (bytes: Buffer) => Buffer): WireResponse {
  const bytes = response.body.read() as Buffer;
  return { ...response, body: Readable.from([change(bytes)]) };
}
