/** How are notices told on one machine without any other service? */
import type { Notifier } from "../../core/ports/notifier.ts";

/**
 * One line of JSON for each notice, given to `write` without a line end. A write that throws loses its notice, never
 * the work that it reports; the next line that can be written says how many were lost (`lost`).
 */
export function createLogNotifier(write: (line: string) => void): Notifier {
  let lost = 0;
  return {
    async notify({ severity, topic, projectId, message, facts }) {
      try {
        const line = JSON.stringify({ severity, topic, projectId, message, facts, ...(lost === 0 ? {} : { lost }) });
        write(line);
        lost = 0;
      } catch {
        lost += 1;
      }
    },
  };
}
