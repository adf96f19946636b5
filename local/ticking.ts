/** The minute's timer of the one-machine host. */
import type { Services } from "../core/app/services.ts";
import { WATCH_EVERY_MS } from "../core/app/time/due.ts";
import { tick } from "../core/app/time/tick.ts";
import type { Instant } from "../core/domain/values.ts";

const EVERY_MS = 60_000;

/**
 * Ticks now and each minute until stopped. At start-up everything that is watched since before `openedAt` counts as due: the process
 * that would have started it is dead. What requests have recorded since, they start themselves, some of it not at once: a run
 * that started before all its members were recorded would leave these out. A tick that fails is logged; the next one does its work.
 */
export function startTicking(services: Services, openedAt: Instant, sweep: () => number): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  const once = (horizon: number): void => {
    running = running.then(async () => {
      try {
        const report = await tick(services, horizon);
        // A thousand expired records a minute: more than the busiest service of this size makes.
        sweep();
        if (report.started + report.failed > 0) services.log({ level: "info", text: "tick", ...report });
      } catch (error) {
        services.log({ level: "error", text: "tick failed", error: String(error) });
      }
    });
  };
  once(openedAt - 1 + WATCH_EVERY_MS);
  const timer = setInterval(() => once(services.now()), EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return running;
    },
  };
}
