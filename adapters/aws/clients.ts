/** How is a client of an AWS service made, so that every call of it can be counted, recorded and retried the same way? */
import { ProviderUnavailable } from "../../core/ports/blocks.ts";

/** Told of each operation as it is asked for (once, whatever the retries): `s3`, `GetObject`. */
export type OnCall = (service: string, operation: string) => void;

/** The part of an SDK client that is hooked into; every client of the AWS SDK v3 has it. */
interface Hookable {
  readonly middlewareStack: {
    add(middleware: unknown, options: { readonly step: "initialize"; readonly name: string }): void;
  };
}

interface HookContext {
  readonly clientName?: string;
  readonly commandName?: string;
}

/** What all clients share; region, endpoint and credentials come from the environment, as the SDK documents. */
export const CLIENT_DEFAULTS = {
  // Adaptive: slows down when the service says so, instead of only trying again (AWS SDKs reference, "Retry behavior").
  retryMode: "adaptive",
  maxAttempts: 8,
} as const;

/** The same client, each operation of which is told to `onCall`. */
export function observed<Client extends Hookable>(client: Client, onCall: OnCall): Client {
  client.middlewareStack.add(
    (next: (args: unknown) => Promise<unknown>, context: HookContext) => (args: unknown) => {
      const service = (context.clientName ?? "").replace(/Client$/, "").toLowerCase();
      onCall(service, (context.commandName ?? "").replace(/Command$/, ""));
      return next(args);
    },
    { step: "initialize", name: "observed" },
  );
  return client;
}

/** Errors of a service that pass by themselves: it asks to slow down, or something of its own broke. */
function passes(error: unknown): boolean {
  const { name, $fault, $metadata } = error as {
    name?: string;
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return (
    $fault === "server" ||
    ($metadata?.httpStatusCode ?? 0) >= 500 ||
    /Throttl|RequestLimitExceeded|SlowDown|TimeoutError|ECONNRESET|ECONNREFUSED|EPIPE/.test(name ?? "")
  );
}

/** What is to be thrown for an error of the provider: workflows know by the name that asking again later may help. */
export const unavailableOr = (error: unknown): unknown =>
  passes(error) ? new ProviderUnavailable((error as Error).message, { cause: error }) : error;

/** The same client; what passes by itself comes as ProviderUnavailable once the SDK's own patience is over. */
export function tellingUnavailable<Client extends Hookable>(client: Client): Client {
  client.middlewareStack.add(
    (next: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
      try {
        return await next(args);
      } catch (error) {
        throw unavailableOr(error);
      }
    },
    { step: "initialize", name: "tellingUnavailable" },
  );
  return client;
}
