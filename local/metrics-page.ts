/** GET /metrics: the numbers of this service for Prometheus. They hold no names, no secrets, and no ids but those of vaults, so no key is asked for. */
import type { Labels, Metrics } from "../core/ports/metrics.ts";
import type { HttpEvent, HttpResult } from "../functions/api/kit/event.ts";

const COUNTERS: readonly (readonly [name: string, labels?: Labels])[] = [
  ["backups_total", { outcome: "available" }],
  ["backups_total", { outcome: "error" }],
  ["backup_read_bytes"],
  ["backup_changed_bytes"],
  ["backup_stored_bytes"],
  ["collections_total", { outcome: "done" }],
  ["collections_total", { outcome: "held" }],
  ["collections_total", { outcome: "failed" }],
  ["collected_objects_total"],
  ["emptied_packs_total"],
];

/** Puts the counters on the page before anything is counted: an alarm cannot compare with what is not there. */
export function startAtZero(metrics: Metrics): void {
  for (const [name, labels] of COUNTERS) metrics.count(name, 0, labels);
}

type Handle = (event: HttpEvent) => Promise<HttpResult>;

/** The API with the page in front of it. `text`: the page as it is now. */
export function withMetricsPage(handle: Handle, text: () => string): Handle {
  return async (event) => {
    const { rawPath, requestContext } = event;
    if (rawPath !== "/metrics" || requestContext.http.method !== "GET") return handle(event);
    return { statusCode: 200, headers: { "content-type": "text/plain; version=0.0.4" }, body: text() };
  };
}
