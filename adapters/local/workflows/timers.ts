/** Waiting that can be called off: sleeps, and abort signals that follow another one without leaking listeners. */

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** setTimeout fires at once above this (2^31 - 1 ms), so longer sleeps are made of several. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The real clock's sleep. */
export const realSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    let left = ms;
    let timer: NodeJS.Timeout;
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const next = () => {
      if (left <= 0) {
        signal.removeEventListener("abort", stop);
        return resolve();
      }
      const part = Math.min(left, LONGEST_TIMER_MS);
      left -= part;
      timer = setTimeout(next, part);
    };
    signal.addEventListener("abort", stop, { once: true });
    next();
  });

/** An abort controller that also aborts with its parent; `release` unhooks it, so a long-lived parent keeps nothing. */
export interface Linked {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  release(): void;
}

/** Makes a {@link Linked} controller under `parent`. */
export function linked(parent: AbortSignal): Linked {
  const controller = new AbortController();
  const follow = () => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent.removeEventListener("abort", follow),
  };
}

/** Settles like `promise`, or rejects with the signal's reason when that comes first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
