/** How long is what was looked up remembered? */
import { beforeEach, describe, expect, it } from "vitest";
import { remembering } from "../../core/app/identity/remembered.ts";

let now: number;
let stored: string | undefined;
let lookUps: number;
beforeEach(() => {
  now = 1_000_000;
  stored = "old";
  lookUps = 0;
});
const remember = () =>
  remembering(
    () => now,
    async () => {
      lookUps++;
      return stored;
    },
  );

describe("what was looked up", () => {
  it("is remembered for five minutes of one generation, and not when the clock was set back", async () => {
    const get = remember();
    await get("k", 1);
    now += 299_999;
    await get("k", 1);
    expect(lookUps).toBe(1);
    now += 1;
    await get("k", 1);
    expect(lookUps).toBe(2);
    now -= 1000;
    await get("k", 1);
    expect(lookUps).toBe(3);
  });

  it("is looked up again as soon as accounts were changed, whichever way the generation went", async () => {
    const get = remember();
    await get("k", 1);
    stored = undefined;
    expect(await get("k", 2)).toBeUndefined();
    stored = "new";
    expect(await get("k", 2)).toBe("new");
    stored = "other";
    expect(await get("k", 1)).toBe("other");
  });

  it("is not found after a change that happened while it was looked up", async () => {
    const waiting: ((value: string) => void)[] = [];
    const get = remembering<string>(
      () => now,
      () => new Promise((resolve) => waiting.push(resolve)),
    );
    const slow = get("k", 1);
    const quick = get("k", 2);
    waiting[1]?.("new");
    expect(await quick).toBe("new");
    // Read before the change, kept after it.
    waiting[0]?.("old");
    expect(await slow).toBe("old");
    const next = get("k", 2);
    waiting[2]?.("new");
    expect(await next).toBe("new");
  });

  it("is remembered only when there is something", async () => {
    const get = remember();
    stored = undefined;
    await get("k", 1);
    await get("k", 1);
    expect(lookUps).toBe(2);
  });
});
