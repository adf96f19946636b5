/** GET /metrics: the numbers of this service for Prometheus. They hold no names, no secrets, and no ids but those of vaults, so no key is asked for. */
import type { HttpEvent, HttpResult } from "../functions/api/kit/event.ts";

type Handle = (event: HttpEvent) => Promise<HttpResult>;

/** The API with the page in front of it. `text`: the page as it is now. */
export function withMetricsPage(handle: Handle, text: () => string): Handle {
  return async (event) => {
    const { rawPath, requestContext } = event;
    if (rawPath !== "/metrics" || requestContext.http.method !== "GET") return handle(event);
    return { statusCode: 200, headers: { "content-type": "text/plain; version=0.0.4" }, body: text() };
  };
}
