/** Is the metrics page what Prometheus reads? */
import { describe, expect, test } from "vitest";
import { createPrometheusMetrics } from "../../../adapters/local/prometheus-metrics.ts";
import { metricsContract } from "../../contracts/metrics.ts";

metricsContract("Prometheus", () => {
  const metrics = createPrometheusMetrics();
  return {
    metrics,
    value(name, labels = {}) {
      const entries = Object.entries(labels).sort();
      const text = entries.length === 0 ? "" : `{${entries.map(([key, value]) => `${key}="${value}"`).join(",")}}`;
      const lines = metrics.text().split("\n");
      const line = lines.find((one) => one.startsWith(`${name}${text} `) || one.startsWith(`${name}_sum${text} `));
      return line === undefined ? undefined : Number(line.split(" ").at(-1));
    },
  };
});

describe("the Prometheus page", () => {
  test("names help and type once for each metric, then its series", () => {
    const metrics = createPrometheusMetrics();
    metrics.count("backups_total", 2, { status: "available" });
    metrics.count("backups_total", 1, { status: "error" });
    metrics.gauge("free_bytes", 12.5);
    expect(metrics.text()).toBe(
      [
        "# HELP backups_total backups total",
        "# TYPE backups_total counter",
        'backups_total{status="available"} 2',
        'backups_total{status="error"} 1',
        "# HELP free_bytes free bytes",
        "# TYPE free_bytes gauge",
        "free_bytes 12.5",
        "",
      ].join("\n"),
    );
  });

  test("an empty page is empty", () => {
    expect(createPrometheusMetrics().text()).toBe("");
  });

  test("a histogram counts each observation in its bucket and all above, with sum and count", () => {
    const metrics = createPrometheusMetrics();
    for (const seconds of [0.005, 0.3, 0.3, 1e6]) metrics.duration("run_seconds", seconds, { kind: "backup" });
    const text = metrics.text();
    expect(text).toContain("# TYPE run_seconds histogram\n");
    expect(text).toContain('run_seconds_bucket{kind="backup",le="0.005"} 1\n');
    expect(text).toContain('run_seconds_bucket{kind="backup",le="0.25"} 1\n');
    expect(text).toContain('run_seconds_bucket{kind="backup",le="0.5"} 3\n');
    expect(text).toContain('run_seconds_bucket{kind="backup",le="86400"} 3\n');
    expect(text).toContain('run_seconds_bucket{kind="backup",le="+Inf"} 4\n');
    expect(text).toContain('run_seconds_sum{kind="backup"} 1000000.605\n');
    expect(text).toContain('run_seconds_count{kind="backup"} 4\n');
  });

  test("label values are escaped, so that a name cannot forge a line", () => {
    const metrics = createPrometheusMetrics();
    metrics.gauge("a", 1, { name: 'x"} 9\nforged 1 \\' });
    expect(metrics.text()).toContain('a{name="x\\"} 9\\nforged 1 \\\\"} 1\n');
    expect(metrics.text().split("\n")).toHaveLength(4);
  });

  test("what has no place is counted as rejected", () => {
    const metrics = createPrometheusMetrics();
    metrics.count("bad name", 1);
    metrics.count("fine_total", -1);
    metrics.gauge("fine_bytes", 1, { le: "1" });
    metrics.gauge("fine_bytes", 1, { __name__: "x" });
    metrics.count("metrics_rejected_total", 100);
    expect(metrics.text()).toContain("\nmetrics_rejected_total 5\n");
    expect(metrics.text()).not.toContain("fine");
  });

  test("a metric takes at most 1,000 label sets, known ones go on", () => {
    const metrics = createPrometheusMetrics();
    for (let i = 0; i < 1005; i++) metrics.count("many_total", 1, { id: String(i) });
    metrics.count("many_total", 1, { id: "0" });
    const lines = metrics.text().split("\n");
    expect(lines.filter((line) => line.startsWith("many_total"))).toHaveLength(1000);
    expect(lines).toContain('many_total{id="0"} 2');
    expect(lines).toContain("metrics_rejected_total 5");
  });
});
