/** Which call of AWS is an HTTP request? */
import type { IncomingHttpHeaders } from "node:http";

/** What of a request tells. */
export interface RequestLine {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** The service in whose name a request is signed (Signature Version 4, credential scope); "" without a signature. */
export function serviceOf({ headers, target }: RequestLine): string {
  const scope = headers.authorization ?? decodeURIComponent(/X-Amz-Credential=([^&]+)/.exec(target)?.[1] ?? "");
  return /\/[^/]+\/([^/]+)\/aws4_request/.exec(scope)?.[1] ?? "";
}

/** Whether its body is small text that names the operation or what it is about: JSON and forms, not blocks and objects. */
export function isText({ headers }: RequestLine): boolean {
  return /json|x-www-form-urlencoded|cbor/.test(headers["content-type"] ?? "");
}

/** The operation as the API names it; the method where it cannot be told. */
export function operationOf(service: string, request: RequestLine, body: string): string {
  const { method, target, headers } = request;
  // JSON protocols: DynamoDB_20120810.GetItem. CBOR: /service/NAME/operation/GetItem.
  const named = String(headers["x-amz-target"] ?? "").split(".")[1] ?? /\/operation\/(\w+)/.exec(target)?.[1];
  if (named) return named;
  if (service === "ebs") return ebsOperation(method, target);
  // Query protocol (EC2, SNS), and what the SDK for JavaScript says in each request to S3.
  return /(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? /[?&]x-id=(\w+)/.exec(target)?.[1] ?? s3Operation(method, target);
}

function ebsOperation(method: string, target: string): string {
  if (/\/blocks\/\d+/.test(target)) return method === "PUT" ? "PutSnapshotBlock" : "GetSnapshotBlock";
  if (/\/changedblocks/.test(target)) return "ListChangedBlocks";
  if (/\/blocks/.test(target)) return "ListSnapshotBlocks";
  if (/\/completion\//.test(target)) return "CompleteSnapshot";
  return "StartSnapshot";
}

/** Those that the SDK does not name by itself. */
function s3Operation(method: string, target: string): string {
  if (/[?&]list-type=2/.test(target)) return "ListObjectsV2";
  if (method === "HEAD") return "HeadObject";
  return method;
}
