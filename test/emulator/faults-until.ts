/** How does a test wait for something without knowing how long it takes? */
import { setTimeout as sleep } from "node:timers/promises";

/** Asks until there is an answer. @throws Error naming what was waited for, after `withinMs` */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, withinMs = 180_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${withinMs / 1_000} s for: ${what}`);
    await sleep(200);
  }
}
