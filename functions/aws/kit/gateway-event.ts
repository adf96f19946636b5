/** How does a request that API Gateway hands over look to our API? */
import type { HttpEvent } from "../../api/kit/event.ts";

/** What an HTTP API sends beyond what {@link HttpEvent} names (AWS, payload format 2.0). */
export interface GatewayEvent extends HttpEvent {
  /** API Gateway takes Cookie out of the headers. */
  readonly cookies?: readonly string[];
  readonly requestContext: HttpEvent["requestContext"] & { readonly stage?: string };
}

/**
 * The event as one machine would have made it: without the stage in the path (only `$default` has none), and with
 * Cookie among the headers, since a client may have signed it.
 *
 * An HTTP API hands over a path that it has percent-decoded once, and ends it at a decoded `?`; the query comes as it
 * was sent. Signatures hold all the same: they are taken over the decoded path, encoded again (canonical-request.ts). What
 * is lost is a path with an encoded `%`, `/` or `?`; ids have none of these.
 */
export function fromGateway(event: GatewayEvent): HttpEvent {
  const { cookies = [], headers, rawPath } = event;
  const { stage = "$default" } = event.requestContext;
  const prefix = `/${stage}`;
  const isStaged = stage !== "$default" && (rawPath === prefix || rawPath.startsWith(`${prefix}/`));
  return {
    ...event,
    rawPath: isStaged ? rawPath.slice(prefix.length) || "/" : rawPath,
    headers: cookies.length === 0 ? headers : { ...headers, cookie: cookies.join("; ") },
  };
}
