/** Metrics: numbers for operators (Prometheus text on one machine, CloudWatch on AWS). Never throws. */
export interface Metrics {
  /** Adds to a monotonic counter. Names are `snake_case` with their unit last (`bytes`, `seconds`, `total`). */
  count(name: string, by: number, labels?: Labels): void;
  /** Sets a value that can go up and down. */
  gauge(name: string, value: number, labels?: Labels): void;
  /** Adds one observation of a duration in seconds. */
  duration(name: string, seconds: number, labels?: Labels): void;
  /** Takes a gauge away: what it measured is gone. */
  forget(name: string, labels: Labels): void;
}

export type Labels = Readonly<Record<string, string>>;
