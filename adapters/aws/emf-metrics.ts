/**
 * How do an operator's numbers reach CloudWatch from a function? As lines of its log, in the embedded metric format:
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { Clock } from "../../core/domain/values.ts";
import type { Labels, Metrics } from "../../core/ports/metrics.ts";

/** Of one document: metrics, values of a metric (the specification), dimensions with the common ones. */
const METRICS_A_LINE = 100;
const VALUES_A_METRIC = 100;
const MOST_LABELS = 30;
/** Values that wait for a flush: 1,000 numbers with their names stay far below the 256 KiB of a log event. */
const MOST_WAITING = 1000;
/** docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html and API_Dimension.html */
const METRIC_NAME_CHARACTERS = 255;
const LABEL_NAME_CHARACTERS = 250;
const LABEL_CHARACTERS = 1024;
/** Label sets of one metric at most, for each process: each is a metric of its own on the bill. */
const MOST_SERIES = 100;
/** Counts what could not be recorded or written. */
const REJECTED = "metrics_rejected_total";

type Kind = "counter" | "gauge" | "duration";

interface Family {
  readonly kind: Kind;
  /** Keys of its label sets. */
  readonly series: Set<string>;
}

/** What waits under one label set: each metric's values since the last flush. */
interface Waiting {
  readonly labels: Labels;
  readonly values: Map<string, number[]>;
}

export interface EmfMetricsOptions {
  /** E.g. `Holdfast`. */
  readonly namespace: string;
  /** Takes one line without its end; it must reach the log as it is, so not through a logger. */
  readonly write: (line: string) => void;
  /** On every metric, e.g. the installation. Default: none. */
  readonly labels?: Labels;
  /** Default: the system's clock. */
  readonly now?: Clock;
}

/**
 * Numbers wait until `flush`, which belongs at the end of each invocation; a full buffer flushes itself. Counters are sums
 * since the last flush, gauges their last value, durations single values, so that CloudWatch knows percentiles. Labels
 * become the dimensions of one set; units follow the name (`bytes`, `seconds`, `percent`, else a count). What CloudWatch
 * has no place for (a bad name, one name of two kinds, a falling counter, NaN, too many label sets) is dropped and counted
 * in `metrics_rejected_total`.
 * @throws TypeError when the common labels cannot be dimensions
 *
 * Not with Powertools Metrics: there, one set of dimensions is shared by all metrics until they are published, a second
 * value of a gauge joins the first, bad names throw, and the output cannot be given.
 */
export function createEmfMetrics(options: EmfMetricsOptions): Metrics & { flush(): void } {
  const { namespace, write, labels: common = {}, now = Date.now } = options;
  if (!areLabels(common)) throw new TypeError(`bad metric labels: ${Object.keys(common).join(", ")}`);
  const families = new Map<string, Family>();
  const waiting = new Map<string, Waiting>();
  let values = 0;

  function reject(times = 1): void {
    const [sum] = valuesOf(REJECTED, dimensions(common));
    put(REJECTED, dimensions(common), [(sum ?? 0) + times]);
  }
  function valuesOf(name: string, labels: Labels): readonly number[] {
    return waiting.get(keyOf(labels))?.values.get(name) ?? [];
  }
  function put(name: string, labels: Labels, now: number[]): void {
    const one = waiting.get(keyOf(labels)) ?? { labels, values: new Map<string, number[]>() };
    values += now.length - (one.values.get(name)?.length ?? 0);
    one.values.set(name, now);
    waiting.set(keyOf(labels), one);
  }
  function fits(kind: Kind, name: string, value: number, labels: Labels): boolean {
    if (!isName(name) || name === REJECTED || !areLabels(labels) || name in labels) return false;
    if (!Number.isFinite(value) || (kind !== "gauge" && value < 0)) return false;
    const family = families.get(name) ?? { kind, series: new Set() };
    const key = keyOf(labels);
    if (family.kind !== kind || (!family.series.has(key) && family.series.size >= MOST_SERIES)) return false;
    family.series.add(key);
    families.set(name, family);
    return true;
  }
  function record(kind: Kind, name: string, value: number, given: Labels = {}): void {
    const labels = dimensions({ ...common, ...given });
    if (!fits(kind, name, value, labels)) {
      reject();
      return;
    }
    const before = valuesOf(name, labels);
    if (kind === "counter") put(name, labels, [(before[0] ?? 0) + value]);
    else put(name, labels, kind === "gauge" ? [value] : [...before, value]);
    if (before.length + 1 >= VALUES_A_METRIC || values >= MOST_WAITING) flush();
  }
  function flush(): void {
    const all = [...waiting.values()];
    waiting.clear();
    values = 0;
    let lost = 0;
    for (const { labels, values: found } of all) {
      const entries = [...found];
      for (let at = 0; at < entries.length; at += METRICS_A_LINE) {
        const some = entries.slice(at, at + METRICS_A_LINE);
        try {
          write(lineOf(namespace, now(), labels, some));
        } catch {
          // A log that cannot be written must not fail the work; the next line that can be says how much is missing.
          for (const [name, sums] of some) lost += name === REJECTED ? (sums[0] ?? 0) : 1;
        }
      }
    }
    if (lost > 0) reject(lost);
  }
  return {
    count: (name, by, labels) => record("counter", name, by, labels),
    gauge: (name, value, labels) => record("gauge", name, value, labels),
    duration: (name, seconds, labels) => record("duration", name, seconds, labels),
    // CloudWatch keeps what it has; no more is sent, and its place is free for another label set.
    forget(name, given) {
      const key = keyOf(dimensions({ ...common, ...given }));
      if (waiting.get(key)?.values.delete(name) === true) values -= 1;
      families.get(name)?.series.delete(key);
    },
    flush,
  };
}

function lineOf(namespace: string, timestamp: number, labels: Labels, entries: [string, number[]][]): string {
  const metrics = entries.map(([Name]) => ({ Name, Unit: unitOf(Name) }));
  const directive = { Namespace: namespace, Dimensions: [Object.keys(labels)], Metrics: metrics };
  const members = entries.map(([name, values]) => [name, values.length === 1 ? values[0] : values]);
  return JSON.stringify({
    _aws: { Timestamp: timestamp, CloudWatchMetrics: [directive] },
    ...labels,
    ...Object.fromEntries(members),
  });
}

/** Names that are CBR's and do not end in their unit (MON-01). */
const UNITS: Readonly<Record<string, string>> = { used_vault_size: "Gigabytes", vault_util: "Percent" };

function unitOf(name: string): string {
  const known = UNITS[name];
  if (known !== undefined) return known;
  const unit = name
    .replace(/_total$/, "")
    .split("_")
    .at(-1);
  if (unit === "bytes") return "Bytes";
  if (unit === "seconds") return "Seconds";
  return unit === "percent" ? "Percent" : "Count";
}

/** Sorted by name, so that any order is the same set; values as CloudWatch takes them (printable ASCII, not empty). */
function dimensions(labels: Labels): Labels {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, value]) => [name, dimensionValue(String(value))]));
}

function dimensionValue(value: string): string {
  const plain = value.replace(/[^\x20-\x7e]/g, "?").replace(/^:/, "?");
  return plain.trim() === "" ? "-" : plain.slice(0, LABEL_CHARACTERS);
}

function keyOf(labels: Labels): string {
  return JSON.stringify(labels);
}

/** A dimension is a member of the document beside `_aws` and the metrics. */
function areLabels(labels: Labels): boolean {
  const names = Object.keys(labels);
  const fine = (name: string) =>
    /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && name.length <= LABEL_NAME_CHARACTERS && name !== "_aws";
  return names.length <= MOST_LABELS && names.every(fine);
}

function isName(name: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(name) && name.length <= METRIC_NAME_CHARACTERS;
}
