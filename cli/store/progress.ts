/** How far is the work? One line on a terminal, one JSON event a line for programs, nothing otherwise; always on standard error. */
import { formatBytes } from "../text.ts";

export interface Progress {
  total(bytes: number): void;
  add(bytes: number): void;
  /** Something to say above the line. */
  say(text: string): void;
  /** Clears the line; `done`: the work came to its end. */
  end(done: boolean): void;
}

/** Redrawn at most so often, ms: ten times a second for eyes, twice for programs. */
const DRAW_MS = 100;
const EVENT_MS = 500;
/** The rate is that of the last so many ms. */
const RATE_MS = 4_000;

interface Sink {
  write(text: string): unknown;
}

/** Progress for whoever watches: `clock` in ms, never going back. */
export function createProgress(
  mode: "terminal" | "json" | "none",
  sink: Sink = process.stderr,
  clock: () => number = () => performance.now(),
): Progress {
  let total = 0;
  let done = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  let shown = false;
  let samples: (readonly [at: number, done: number])[] = [];

  function rate(): number {
    const [at, then] = samples[0] ?? [0, 0];
    const [now, later] = samples.at(-1) ?? [0, 0];
    return now > at ? ((later - then) / (now - at)) * 1000 : 0;
  }
  function draw(force: boolean): void {
    const now = clock();
    if (mode === "none" || total === 0 || (!force && now - drawn < (mode === "json" ? EVENT_MS : DRAW_MS))) return;
    drawn = now;
    samples.push([now, done]);
    while (samples.length > 2 && now - (samples[1]?.[0] ?? now) > RATE_MS) samples.shift();
    const bytes = Math.min(done, total);
    if (mode === "json")
      sink.write(`${JSON.stringify({ event: "progress", done: bytes, total, rate: Math.round(rate()) })}\n`);
    else sink.write(`\r${line(bytes, total, rate())}\x1b[K`);
    shown = true;
  }
  function clear(): void {
    if (mode === "terminal" && shown) sink.write("\r\x1b[K");
    shown = false;
  }
  return {
    total(bytes) {
      total = bytes;
      done = 0;
      samples = [[clock(), 0]];
      drawn = clock();
    },
    add(bytes) {
      done += bytes;
      draw(false);
    },
    say(text) {
      clear();
      sink.write(mode === "json" ? `${JSON.stringify({ event: "remark", text })}\n` : `holdfast: ${text}\n`);
    },
    end(finished) {
      if (mode === "json" && finished && total > 0) {
        done = total;
        draw(true);
      }
      clear();
    },
  };
}

function line(done: number, total: number, rate: number): string {
  const percent = Math.floor((done / total) * 100);
  const left = rate > 0 ? `, ${duration((total - done) / rate)} left` : "";
  return `${percent} %  ${formatBytes(done)} of ${formatBytes(total)}, ${(rate / 1024 ** 2).toFixed(0)} MiB/s${left}`;
}

/** 75 → `1 min 15 s`. */
function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
