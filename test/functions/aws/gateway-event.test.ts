/** Are requests that come through API Gateway the ones that the clients sent and signed? */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseAuthorization } from "../../../core/app/identity/authorization-header.ts";
import { pathSegments } from "../../../core/app/identity/canonical-request.ts";
import { isSignedBy } from "../../../core/app/identity/signature.ts";
import { bodyBytes } from "../../../functions/api/kit/event.ts";
import { Query } from "../../../functions/api/kit/query.ts";
import { fromGateway, type GatewayEvent } from "../../../functions/aws/kit/gateway-event.ts";

/** The example of payload format 2.0 (AWS, "Create AWS Lambda proxy integrations for HTTP APIs"), with the members that we read. */
const documented: GatewayEvent = {
  version: "2.0",
  rawPath: "/my/path",
  rawQueryString: "parameter1=value1&parameter1=value2&parameter2=value",
  cookies: ["cookie1", "cookie2"],
  headers: { header1: "value1", header2: "value1,value2" },
  requestContext: {
    requestId: "id",
    stage: "$default",
    http: { method: "POST", path: "/my/path", sourceIp: "192.0.2.1", userAgent: "agent" },
  },
  body: "Hello from client",
  isBase64Encoded: false,
};

/** What an HTTP API makes of a request: the path percent-decoded once, the query as it was sent. */
function throughGateway(target: string, rest: Partial<GatewayEvent> = {}): GatewayEvent {
  const [path = "", rawQueryString = ""] = target.split(/\?(.*)/s, 2);
  return { ...documented, cookies: [], rawPath: decodeURIComponent(path), rawQueryString, ...rest };
}

describe("an event of API Gateway", () => {
  test("keeps repeated query parameters and joins repeated headers, as they were documented", () => {
    const event = fromGateway(documented);
    expect(new Query(event.rawQueryString).values("parameter1")).toEqual(["value1", "value2"]);
    expect(event.headers.header2).toBe("value1,value2");
  });

  test("has its cookies among the headers again", () => {
    expect(fromGateway(documented).headers.cookie).toBe("cookie1; cookie2");
    expect(fromGateway({ ...documented, cookies: [] }).headers).not.toHaveProperty("cookie");
  });

  test("gives the bytes of a body that was sent as base64", () => {
    const bytes = Buffer.from([0, 255, 254, 10]);
    const event = { ...documented, body: bytes.toString("base64"), isBase64Encoded: true };
    expect(Buffer.from(bodyBytes(fromGateway(event))).equals(bytes)).toBe(true);
  });

  test.each([
    ["prod", "/prod/v3/vaults", "/v3/vaults"],
    ["prod", "/prod", "/"],
    ["prod", "/product/v3", "/product/v3"],
    ["$default", "/$default/v3", "/$default/v3"],
  ])("of stage %s with path %s asks for %s", (stage, rawPath, expected) => {
    const requestContext = { ...documented.requestContext, stage };
    expect(fromGateway({ ...documented, rawPath, requestContext }).rawPath).toBe(expected);
  });

  test("has the segments that were sent, although its path was decoded on the way", () => {
    for (const target of ["/v3/p/vaults/%E4%BA%91", "/v3/p/vaults/a%20b", "/v3/p/vaults/a+b"])
      expect(pathSegments(fromGateway(throughGateway(target)).rawPath)).toEqual(pathSegments(target));
  });
});

interface Vectors {
  readonly secretKey: string;
  readonly requests: readonly {
    readonly method: string;
    readonly target: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  }[];
}
const read = (name: string): Vectors =>
  JSON.parse(readFileSync(new URL(`../../fixtures/signatures/${name}.json`, import.meta.url), "utf8")) as Vectors;

describe.each(["huaweicloudsdkcbr", "gophertelekomcloud"])("requests recorded from %s", (client) => {
  const { secretKey, requests } = read(client);
  test.each(requests.map((request) => [`${request.method} ${request.target}`, request] as const))(
    "%s verifies behind API Gateway, and not with another body",
    (_name, { method, target, headers, body = "" }) => {
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const sent = throughGateway(target, {
        headers: lower,
        body: Buffer.from(body).toString("base64"),
        isBase64Encoded: true,
      });
      const event = fromGateway(sent);
      const authorization = parseAuthorization(event.headers.authorization ?? "");
      const signed = (bytes: Uint8Array) => isSignedBy(secretKey, { ...event, method, body: bytes }, authorization);
      expect(signed(bodyBytes(event))).toBe(true);
      expect(signed(Buffer.from(`${body} `))).toBe(false);
    },
  );
});
