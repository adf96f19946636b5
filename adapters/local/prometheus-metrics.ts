/** How do an operator's numbers become a page that Prometheus reads? */
import type { Labels, Metrics } from "../../core/ports/metrics.ts";

/** Upper bounds in seconds: from an API call to a day-long transfer. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
/** Label sets of one metric at most: an id used as label must not eat the memory. */
const MOST_SERIES = 1000;
/** Counts what could not be recorded. */
const REJECTED = "metrics_rejected_total";

type Kind = "counter" | "gauge" | "histogram";

interface Series {
  readonly labels: Labels;
  /** The value; a histogram's sum. */
  value: number;
  /** A histogram's observations by bucket, the last one for those above all bounds. */
  readonly buckets: number[];
}

interface Family {
  readonly kind: Kind;
  readonly series: Map<string, Series>;
}

/**
 * Metrics kept in memory; `text()` is the page in Prometheus text format 0.0.4 (serve it as `text/plain;
 * version=0.0.4`). Whatever Prometheus has no place for (a bad name, one name of two kinds, a falling counter, NaN, too
 * many label sets) is dropped and counted in `metrics_rejected_total`.
 */
export function createPrometheusMetrics(): Metrics & { text(): string } {
  const families = new Map<string, Family>([[REJECTED, { kind: "counter", series: new Map() }]]);

  function reject(): void {
    const series = families.get(REJECTED)?.series;
    const one = series?.get("") ?? { labels: {}, value: 0, buckets: [] };
    one.value += 1;
    series?.set("", one);
  }
  function seriesOf(kind: Kind, name: string, value: number, labels: Labels): Series | undefined {
    const family = families.get(name) ?? { kind, series: new Map<string, Series>() };
    const key = labelText(labels);
    const known = family.series.get(key);
    const fits = known !== undefined || family.series.size < MOST_SERIES;
    if (!isName(name) || name === REJECTED || !areLabels(labels) || family.kind !== kind || !fits) return undefined;
    if (!Number.isFinite(value) || (kind !== "gauge" && value < 0)) return undefined;
    const series = known ?? { labels: { ...labels }, value: 0, buckets: [] };
    families.set(name, family);
    family.series.set(key, series);
    return series;
  }
  function record(kind: Kind, name: string, value: number, labels: Labels = {}): void {
    const series = seriesOf(kind, name, value, labels);
    if (series === undefined) {
      reject();
      return;
    }
    series.value = kind === "gauge" ? value : series.value + value;
    if (kind !== "histogram") return;
    const found = BUCKETS.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? BUCKETS.length : found;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
  }
  return {
    count: (name, by, labels) => record("counter", name, by, labels),
    gauge: (name, value, labels) => record("gauge", name, value, labels),
    duration: (name, seconds, labels) => record("histogram", name, seconds, labels),
    forget: (name, labels) => void families.get(name)?.series.delete(labelText(labels)),
    text: () => [...families].map(([name, family]) => familyText(name, family)).join(""),
  };
}

function familyText(name: string, { kind, series }: Family): string {
  if (series.size === 0) return "";
  const lines = [`# HELP ${name} ${name.replaceAll("_", " ")}`, `# TYPE ${name} ${kind}`];
  for (const one of series.values()) {
    if (kind === "histogram") lines.push(...histogramLines(name, one));
    else lines.push(`${name}${labelText(one.labels)} ${one.value}`);
  }
  return `${lines.join("\n")}\n`;
}

function histogramLines(name: string, { labels, value, buckets }: Series): string[] {
  let below = 0;
  const lines = [...BUCKETS, "+Inf"].map((bound, i) => {
    below += buckets[i] ?? 0;
    return `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${below}`;
  });
  return [...lines, `${name}_sum${labelText(labels)} ${value}`, `${name}_count${labelText(labels)} ${below}`];
}

/** The labels as Prometheus writes them, names sorted, "" for none. */
function labelText(labels: Labels): string {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? "" : `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

/** `le` belongs to histograms, names with two underscores to Prometheus. */
function areLabels(labels: Labels): boolean {
  const fine = (name: string) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith("__") && name !== "le";
  return Object.keys(labels).every(fine);
}

function escaped(value: string): string {
  return String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function isName(name: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(name);
}
