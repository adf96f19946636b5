/** How does a test answer for AWS, behind a real client of the SDK? */
import type { Readable } from "node:stream";

/** A request as the SDK sends it, signed. */
export interface WireRequest {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface WireResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** What was sent, in services that speak text. */
export function sentText({ body = "" }: WireRequest): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}

interface Retries {
  retryBackoffStrategy: unknown;
}

interface Retrying {
  readonly config: { retryStrategy: () => Promise<unknown> };
}

/**
 * A client whose requests `wire` answers, or breaks by throwing. The SDK's own retries decide what is tried again (three
 * attempts), without their pauses.
 */
export function offline<Client extends object, Config extends object>(
  make: new (config: Config) => Client,
  config: Config,
  wire: (request: WireRequest) => WireResponse,
): Client {
  const client = new make({
    region: "eu-central-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    endpoint: "http://aws.invalid",
    maxAttempts: 3,
    requestHandler: { handle: async (request: WireRequest) => ({ response: wire(request) }) },
    ...config,
  });
  const settings = (client as unknown as Retrying).config;
  const strategy = settings.retryStrategy;
  settings.retryStrategy = async () => {
    const retries = (await strategy()) as Retries;
    retries.retryBackoffStrategy = { setDelayBase: () => undefined, computeNextBackoffDelay: () => 0 };
    return retries;
  };
  return client;
}

/** What Node's sockets throw. */
export function socketError(code: string): Error {
  return Object.assign(new Error(`socket: ${code}`), { code });
}
