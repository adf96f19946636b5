/** Notifier: tells people what happened (SNS, webhook, log). Never throws into the work that it reports. */
export interface Notifier {
  notify(notice: Notice): Promise<void>;
}

export interface Notice {
  readonly severity: "info" | "warning" | "critical";
  /** Stable name, e.g. `backup.failed`. */
  readonly topic: string;
  readonly projectId: string;
  readonly message: string;
  /** Ids and numbers that a machine can act on; never secrets. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}
