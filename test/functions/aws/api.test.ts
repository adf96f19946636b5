/** What does the API's function answer when it is called as Lambda calls it? */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HttpResult } from "../../../functions/api/kit/event.ts";

const context = { awsRequestId: "lambda-1", functionName: "holdfast-api", getRemainingTimeInMillis: () => 29_000 };
const eventOf = (rawPath: string, headers: Readonly<Record<string, string>> = {}) => ({
  version: "2.0",
  routeKey: "$default",
  rawPath,
  rawQueryString: "",
  headers: { host: "abc.execute-api.eu-west-1.amazonaws.com", "x-forwarded-proto": "https", ...headers },
  requestContext: {
    requestId: "gw",
    stage: "$default",
    http: { method: "GET", path: rawPath, sourceIp: "192.0.2.1", userAgent: "t" },
  },
  isBase64Encoded: false,
});

/** A process of its own for each test: the function keeps what it opened. */
async function call(...events: readonly object[]): Promise<readonly HttpResult[]> {
  vi.resetModules();
  const { handler } = await import("../../../functions/aws/api.ts");
  const answers: HttpResult[] = [];
  for (const event of events) answers.push((await handler(event, context)) as HttpResult);
  return answers;
}

beforeEach(() => {
  vi.stubEnv("HOLDFAST_NAME", "holdfast");
  vi.stubEnv("AWS_REGION", "eu-west-1");
  // Powertools writes to this process's console then.
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("the API's function", () => {
  test("names the address that the client used, with https", async () => {
    vi.stubEnv("HOLDFAST_TABLE", "holdfast");
    vi.stubEnv("HOLDFAST_KEY", "key");
    const [answer] = await call(eventOf("/v3"));
    expect(answer?.body).toContain('"https://abc.execute-api.eu-west-1.amazonaws.com/v3/"');
  });

  test("refuses a request without credentials", async () => {
    vi.stubEnv("HOLDFAST_TABLE", "holdfast");
    vi.stubEnv("HOLDFAST_KEY", "key");
    const [answer] = await call(eventOf("/v3/p/vaults"));
    expect(answer?.statusCode).toBe(401);
  });

  test("answers 500 with a request id when it was deployed without a variable, again and again, and logs which", async () => {
    const logged = vi.spyOn(console, "error");
    const answers = await call(eventOf("/v3"), eventOf("/v3"));
    for (const { statusCode, headers, body } of answers) {
      expect(statusCode).toBe(500);
      expect(headers["X-Request-Id"]).toBe("lambda-1");
      expect(JSON.parse(body ?? "")).toMatchObject({ error_code: "BackupService.9910" });
      expect(body).not.toContain("HOLDFAST_TABLE");
    }
    expect(JSON.stringify(logged.mock.calls)).toContain("HOLDFAST_TABLE");
  });
});
