/** What does every metrics adapter promise? */
import { describe, expect, test } from "vitest";
import type { Labels, Metrics } from "../../core/ports/metrics.ts";

export interface MetricsUnderTest {
  readonly metrics: Metrics;
  /** The value of a counter or gauge, or the sum of a duration's seconds; undefined when it was never recorded. */
  value(name: string, labels?: Labels): number | undefined;
}

/** Runs every promise on metrics that `open` makes. */
export function metricsContract(name: string, open: () => MetricsUnderTest): void {
  describe(`metrics: ${name}`, () => {
    test("counts add up, for each set of labels by itself", () => {
      const { metrics, value } = open();
      metrics.count("backups_total", 1);
      metrics.count("backups_total", 2);
      metrics.count("backups_total", 5, { status: "error" });
      expect(value("backups_total")).toBe(3);
      expect(value("backups_total", { status: "error" })).toBe(5);
      expect(value("backups_total", { status: "available" })).toBeUndefined();
    });

    test("a gauge holds its last value, also zero and below", () => {
      const { metrics, value } = open();
      for (const free of [10, 0, -4.5]) {
        metrics.gauge("free_bytes", free, { disk: "a" });
        expect(value("free_bytes", { disk: "a" })).toBe(free);
      }
    });

    test("a gauge that is forgotten has no value, the others have, and it can come back", () => {
      const { metrics, value } = open();
      for (const disk of ["a", "b"]) metrics.gauge("free_bytes", 10, { disk });
      metrics.forget("free_bytes", { disk: "a" });
      metrics.forget("free_bytes", { disk: "c" });
      metrics.forget("never_bytes", { disk: "a" });
      expect(value("free_bytes", { disk: "a" })).toBeUndefined();
      expect(value("free_bytes", { disk: "b" })).toBe(10);
      metrics.gauge("free_bytes", 7, { disk: "a" });
      expect(value("free_bytes", { disk: "a" })).toBe(7);
    });

    test("durations add up", () => {
      const { metrics, value } = open();
      for (const seconds of [0, 0.25, 4, 100_000]) metrics.duration("backup_seconds", seconds);
      expect(value("backup_seconds")).toBe(100_004.25);
    });

    test("labels are the same in any order", () => {
      const { metrics, value } = open();
      metrics.count("calls_total", 1, { a: "1", b: "2" });
      metrics.count("calls_total", 1, { b: "2", a: "1" });
      expect(value("calls_total", { a: "1", b: "2" })).toBe(2);
    });

    test("nothing that is recorded throws, and nonsense leaves good numbers alone", () => {
      const { metrics, value } = open();
      metrics.count("good_total", 1);
      metrics.count("good_total", Number.NaN);
      metrics.count("good_total", -1);
      metrics.count("good_total", Number.POSITIVE_INFINITY);
      metrics.gauge("good_total", 7);
      metrics.count("bad name", 1);
      metrics.count("", 1);
      metrics.duration("slow_seconds", -1);
      metrics.count("labelled_total", 1, { "bad label": "x" });
      metrics.count("labelled_total", 1, { quote: '"\\\n', empty: "" });
      expect(value("good_total")).toBe(1);
    });
  });
}
