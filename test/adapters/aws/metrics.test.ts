/** Are the lines what CloudWatch extracts metrics from? */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEmfMetrics, type EmfMetricsOptions } from "../../../adapters/aws/emf-metrics.ts";
import type { Labels } from "../../../core/ports/metrics.ts";
import { metricsContract } from "../../contracts/metrics.ts";

interface Line {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

function open(options: Partial<EmfMetricsOptions> = {}) {
  const lines: string[] = [];
  const metrics = createEmfMetrics({
    namespace: "Holdfast",
    write: (line) => lines.push(line),
    now: () => 1_800_000_000_000,
    ...options,
  });
  return { metrics, lines, parsed: () => lines.map((line): Line => JSON.parse(line)) };
}

/** All values of a metric under exactly these labels, oldest first, read as CloudWatch does. */
function extracted(lines: readonly Line[], name: string, labels: Labels = {}): number[] {
  const found: number[] = [];
  for (const line of lines) {
    for (const { Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
      const [names = []] = Dimensions;
      const same = names.length === Object.keys(labels).length && names.every((one) => line[one] === labels[one]);
      if (same && Metrics.some(({ Name }) => Name === name)) found.push(...[line[name] as number | number[]].flat());
    }
  }
  return found;
}

metricsContract("CloudWatch embedded metric format", () => {
  const { metrics, parsed } = open();
  return {
    metrics,
    value(name, labels) {
      metrics.flush();
      const values = extracted(parsed(), name, labels);
      // Only the contract's gauge has no such end; CloudWatch would show its latest value.
      return /_(total|seconds)$/.test(name) && values.length > 0
        ? values.reduce((sum, one) => sum + one)
        : values.at(-1);
    },
  };
});

describe("a line", () => {
  test("gives the numbers of a vault CBR's units: GB and percent (MON-01)", () => {
    const { metrics, parsed } = open();
    metrics.gauge("used_vault_size", 12.5, { instance_id: "v" });
    metrics.gauge("vault_util", 50, { instance_id: "v" });
    metrics.flush();
    const [line] = parsed();
    expect(line?._aws.CloudWatchMetrics[0]).toMatchObject({
      Dimensions: [["instance_id"]],
      Metrics: [
        { Name: "used_vault_size", Unit: "Gigabytes" },
        { Name: "vault_util", Unit: "Percent" },
      ],
    });
    expect(line).toMatchObject({ instance_id: "v", used_vault_size: 12.5, vault_util: 50 });
  });

  test("is one document of the embedded metric format for each set of labels", () => {
    const { metrics, parsed } = open({ labels: { installation: "prod" } });
    metrics.count("backups_total", 2, { outcome: "available" });
    metrics.count("backups_total", 1, { outcome: "available" });
    metrics.count("backup_stored_bytes", 4096);
    metrics.gauge("queue_used_percent", 12.5);
    metrics.duration("backup_seconds", 1);
    metrics.duration("backup_seconds", 2.5);
    metrics.flush();
    expect(parsed()).toEqual([
      {
        _aws: {
          Timestamp: 1_800_000_000_000,
          CloudWatchMetrics: [
            {
              Namespace: "Holdfast",
              Dimensions: [["installation", "outcome"]],
              Metrics: [{ Name: "backups_total", Unit: "Count" }],
            },
          ],
        },
        installation: "prod",
        outcome: "available",
        backups_total: 3,
      },
      {
        _aws: {
          Timestamp: 1_800_000_000_000,
          CloudWatchMetrics: [
            {
              Namespace: "Holdfast",
              Dimensions: [["installation"]],
              Metrics: [
                { Name: "backup_stored_bytes", Unit: "Bytes" },
                { Name: "queue_used_percent", Unit: "Percent" },
                { Name: "backup_seconds", Unit: "Seconds" },
              ],
            },
          ],
        },
        installation: "prod",
        backup_stored_bytes: 4096,
        queue_used_percent: 12.5,
        backup_seconds: [1, 2.5],
      },
    ]);
  });

  test("is written once: what was flushed is not counted again, and nothing is nothing", () => {
    const { metrics, lines, parsed } = open();
    metrics.flush();
    expect(lines).toEqual([]);
    metrics.count("a_total", 2);
    metrics.flush();
    metrics.flush();
    metrics.count("a_total", 3);
    metrics.flush();
    expect(extracted(parsed(), "a_total")).toEqual([2, 3]);
  });

  test("has at most 100 metrics, 100 values of each and 30 dimensions, and no value gets lost on the way", () => {
    const { metrics, parsed } = open();
    for (let i = 0; i < 250; i++) metrics.count(`metric_${i}_total`, i);
    for (let i = 0; i < 1234; i++) metrics.duration("run_seconds", i);
    for (let i = 0; i < 3000; i++) metrics.duration(`run_${i % 60}_seconds`, i);
    metrics.flush();
    for (const line of parsed()) {
      const names = line._aws.CloudWatchMetrics[0]?.Metrics.map(({ Name }) => Name) ?? [];
      expect(names.length).toBeLessThanOrEqual(100);
      for (const name of names) expect([line[name]].flat().length).toBeLessThanOrEqual(100);
      expect(JSON.stringify(line).length).toBeLessThan(64 * 1024);
    }
    for (let i = 0; i < 250; i++) expect(extracted(parsed(), `metric_${i}_total`)).toEqual([i]);
    expect(extracted(parsed(), "run_seconds")).toEqual(Array.from({ length: 1234 }, (_, i) => i));
    expect(Array.from({ length: 60 }, (_, i) => extracted(parsed(), `run_${i}_seconds`)).flat()).toHaveLength(3000);
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`label_${i}`, "x"]));
    metrics.count("a_total", 1, many);
    metrics.flush();
    expect(extracted(parsed(), "metrics_rejected_total")).toEqual([1]);
  });

  test("is one line of JSON that CloudWatch takes, whatever the labels hold", () => {
    const label = fc.string({ unit: "binary", maxLength: 2000 });
    fc.assert(
      fc.property(label, (value) => {
        const { metrics, lines, parsed } = open();
        metrics.count("a_total", 1, { name: value });
        metrics.flush();
        expect(lines).toHaveLength(1);
        expect(lines[0]).not.toContain("\n");
        // docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
        expect(parsed()[0]?.name).toMatch(/^(?!:)(?=.*[\x21-\x7e])[\x20-\x7e]{1,1024}$/);
      }),
    );
  });
});

describe("what has no place", () => {
  test("is counted as rejected", () => {
    const { metrics, parsed } = open();
    metrics.count("bad name", 1);
    metrics.count("fine_total", -1);
    metrics.gauge("fine_bytes", Number.NaN);
    metrics.gauge("fine_bytes", 1, { fine_bytes: "a label of the metric's own name" });
    metrics.gauge("fine_bytes", 1, { _aws: "x" });
    metrics.count("x".repeat(256), 1);
    metrics.count("metrics_rejected_total", 100);
    metrics.flush();
    expect(extracted(parsed(), "metrics_rejected_total")).toEqual([7]);
    expect(JSON.stringify(parsed())).not.toContain("fine");
  });

  test("is also the 101st set of labels of a metric, in all flushes together; known ones go on", () => {
    const { metrics, parsed } = open();
    for (let i = 0; i < 105; i++) {
      metrics.count("many_total", 1, { id: String(i) });
      metrics.flush();
    }
    metrics.count("many_total", 1, { id: "0" });
    metrics.flush();
    expect(parsed().filter((line) => "many_total" in line)).toHaveLength(101);
    expect(extracted(parsed(), "many_total", { id: "0" })).toEqual([1, 1]);
    expect(extracted(parsed(), "metrics_rejected_total")).toEqual([1, 1, 1, 1, 1]);
  });

  test("as a label of every metric is a mistake of whoever wires it", () => {
    expect(() => open({ labels: { "bad label": "x" } })).toThrow(TypeError);
  });

  test("is also what the log did not take, and the work goes on", () => {
    let broken = true;
    const lines: string[] = [];
    const { metrics } = open({
      write: (line) => {
        if (broken) throw new Error("EPIPE");
        lines.push(line);
      },
    });
    metrics.count("a_total", 1);
    metrics.duration("b_seconds", 1);
    metrics.flush();
    metrics.flush();
    broken = false;
    metrics.flush();
    const parsed = lines.map((line): Line => JSON.parse(line));
    expect(extracted(parsed, "metrics_rejected_total")).toEqual([2]);
  });
});
