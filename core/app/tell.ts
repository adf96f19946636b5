/** Telling people what happened never fails the work that it tells of. */
import type { Notice } from "../ports/notifier.ts";
import type { Services } from "./services.ts";

/** The facts are recorded already; a notifier that fails costs a log line. */
export async function tell(s: Services, notice: Notice): Promise<void> {
  try {
    await s.notifier.notify(notice);
  } catch (error) {
    s.log({ level: "error", text: "notice not given", topic: notice.topic, facts: notice.facts, error: String(error) });
  }
}
