/** Is progress told often enough, not too often, and truly? */
import { describe, expect, test } from "vitest";
import { createProgress } from "../../cli/store/progress.ts";

const MIB = 1024 ** 2;

function watched(mode: "terminal" | "json" | "none") {
  const lines: string[] = [];
  let now = 0;
  const progress = createProgress(mode, { write: (text) => lines.push(text) }, () => now);
  return { lines, progress, pass: (ms: number) => (now += ms) };
}

describe("on a terminal", () => {
  test("one line is redrawn at most ten times a second: percent, rate and time left", () => {
    const { lines, progress, pass } = watched("terminal");
    progress.total(1000 * MIB);
    for (let i = 0; i < 1000; i++) {
      pass(1);
      progress.add(0.5 * MIB);
    }
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines.at(-1)).toBe("\r50 %  500 MiB of 1000 MiB, 500 MiB/s, 1 s left\x1b[K");
    progress.end(true);
    expect(lines.at(-1)).toBe("\r\x1b[K");
  });

  test("the rate is that of the last seconds, and long times are told in hours", () => {
    const { lines, progress, pass } = watched("terminal");
    progress.total(1000 * MIB);
    pass(100);
    progress.add(500 * MIB);
    for (let i = 0; i < 600; i++) {
      pass(100);
      progress.add(0.01 * MIB);
    }
    expect(lines.at(-1)).toContain("0 MiB/s, 1 h");
  });

  test("a remark stands on a line of its own", () => {
    const { lines, progress, pass } = watched("terminal");
    progress.total(10);
    pass(200);
    progress.add(1);
    progress.say("look");
    expect(lines.slice(-2)).toEqual(["\r\x1b[K", "holdfast: look\n"]);
  });
});

describe("with --json", () => {
  test("one event a line, at most two a second, and a last one when all is done", () => {
    const { lines, progress, pass } = watched("json");
    progress.total(100);
    for (let i = 0; i < 20; i++) {
      pass(100);
      progress.add(4);
    }
    progress.end(true);
    const events = lines.map((line) => JSON.parse(line));
    expect(events.length).toBeLessThanOrEqual(5);
    expect(events[0]).toEqual({ event: "progress", done: 20, total: 100, rate: 40 });
    expect(events.at(-1)).toMatchObject({ done: 100, total: 100 });
  });

  test("never says more than all, and nothing of an end that was none", () => {
    const { lines, progress, pass } = watched("json");
    progress.total(10);
    pass(600);
    progress.add(20);
    progress.end(false);
    expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ done: 10, total: 10 })]);
  });
});

test("for nobody nothing is written", () => {
  const { lines, progress, pass } = watched("none");
  progress.total(10);
  pass(1000);
  progress.add(5);
  progress.end(true);
  expect(lines).toEqual([]);
});
