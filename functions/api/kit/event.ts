/** What the API is fed and what it answers: the part of API Gateway HTTP API events (payload 2.0) that it reads. */

/**
 * One HTTP request. API Gateway makes it on AWS, local/http-server.ts on one machine.
 * Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
 */
export interface HttpEvent {
  readonly version: "2.0";
  /** Path of the request target, without the query. As sent locally; API Gateway may have percent-decoded it once. */
  readonly rawPath: string;
  /** Without the `?`; empty when there is none. */
  readonly rawQueryString: string;
  /** Names in lower case; a repeated header's values are joined with commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestContext: {
    readonly requestId: string;
    readonly http: {
      readonly method: string;
      readonly path: string;
      readonly sourceIp: string;
      readonly userAgent: string;
    };
  };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** One HTTP answer; `body` is base64 text when `isBase64Encoded`. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** The bytes of the request body exactly as they were sent: signatures are taken over them. Empty when there is none. */
export function bodyBytes(event: HttpEvent): Uint8Array {
  if (event.body === undefined || event.body === "") return new Uint8Array();
  return Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8");
}
