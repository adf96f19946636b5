/** Does the worker pool queue, stop, survive and end its threads as it says? */
import { afterEach, describe, expect, it } from "vitest";
import { FormatTooNew } from "../../core/engine/errors.ts";
import { SourceChanged, TargetUnusable } from "../../core/ports/blocks.ts";
import { Damaged, Interrupted, SealRefused, SourceDiffers } from "../../core/ports/data-plane.ts";
import { ObjectMissing, RangeUnavailable, StoreFailed, StoreFull } from "../../core/ports/object-store.ts";
import { fromPlain, toPlain } from "../../local/data-plane/plain-error.ts";
import { createWorkerDataPlane } from "../../local/data-plane/pool.ts";
import { BLOCK, diskOf, testDomain } from "../support/engine-disks.ts";
import { type PoolUnderTest, poolPlane } from "../support/planes.ts";

let pool: PoolUnderTest | undefined;

afterEach(async () => {
  await pool?.dispose();
  pool = undefined;
});

const domain = testDomain();

async function unitOn(under: PoolUnderTest, name = "a") {
  const snapshot = await under.capture(name, diskOf(4 * BLOCK, { 0: 1, 1: 2 }));
  return { domain, snapshot, firstLeaf: 0, endLeaf: 1, level: 1, budgetMs: 60_000 };
}

describe("the pool", () => {
  it("queues units beyond its threads and does them all", async () => {
    pool = await poolPlane({ workers: 1 });
    const { plane } = pool;
    const unit = await unitOn(pool);
    const results = await Promise.all([1, 2, 3, 4].map(() => plane.transfer(unit)));
    expect(results.map(({ counts }) => counts.nonZero)).toEqual([1, 2, 3, 4].map(() => 2 * BLOCK));
  });

  it("rejects the unit of a thread that dies, and does the next one in another thread", async () => {
    pool = await poolPlane({ workers: 1 });
    const unit = await unitOn(pool);
    await pool.injectThread("die");
    const [first, second] = [pool.plane.transfer(unit), pool.plane.transfer(unit)];
    await expect(first).rejects.toThrow("the worker thread died");
    await expect(second).rejects.toThrow("the worker thread died");
    await pool.injectThread(undefined);
    expect((await pool.plane.transfer(unit)).endLeaf).toBe(1);
  });

  it("stops a unit that waits for its turn without starting it", async () => {
    pool = await poolPlane({ workers: 1 });
    const unit = await unitOn(pool);
    await pool.injectThread("wait");
    const running = pool.plane.transfer(unit);
    const controller = new AbortController();
    const waiting = pool.plane.transfer(unit, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toBeInstanceOf(Interrupted);
    await pool.injectThread(undefined);
    expect((await running).endLeaf).toBe(1);
  });

  it("ends a thread that hangs when its unit is stopped, and works on", { timeout: 20_000 }, async () => {
    pool = await poolPlane({ workers: 1 });
    const unit = await unitOn(pool);
    await pool.injectThread("hang");
    const controller = new AbortController();
    const hanging = pool.plane.transfer(unit, { signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(hanging).rejects.toBeInstanceOf(Interrupted);
    await pool.injectThread(undefined);
    expect((await pool.plane.transfer(unit)).endLeaf).toBe(1);
  });

  it("works on after its idle threads have ended", async () => {
    pool = await poolPlane({ workers: 2, idleMs: 1 });
    const unit = await unitOn(pool);
    for (let round = 0; round < 3; round++) {
      expect((await pool.plane.transfer(unit)).endLeaf).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20 * round));
    }
  });

  it("interrupts everything when it is closed, and takes nothing more", async () => {
    pool = await poolPlane({ workers: 1 });
    const unit = await unitOn(pool);
    await pool.injectThread("wait");
    const units = [pool.plane.transfer(unit), pool.plane.transfer(unit)];
    const outcomes = Promise.allSettled(units);
    const closing = pool.plane.close();
    await pool.injectThread(undefined);
    await closing;
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "Interrupted" } });
    await expect(pool.plane.transfer(unit)).rejects.toBeInstanceOf(Interrupted);
  });

  it("refuses to be made without threads", async () => {
    pool = await poolPlane();
    const { objects } = pool;
    const blocks = { openSource: () => Promise.reject(new Error()), openTarget: () => Promise.reject(new Error()) };
    const io = { module: "file:///nowhere.ts", options: {} };
    expect(() => createWorkerDataPlane({ workers: 0, objects, blocks, io })).toThrow(RangeError);
  });
});

describe("errors between threads", () => {
  it.each([
    SourceChanged,
    SourceDiffers,
    TargetUnusable,
    Interrupted,
    SealRefused,
    ObjectMissing,
    RangeUnavailable,
    StoreFull,
    StoreFailed,
  ])("keep their class and message: %o", (type) => {
    const copy = fromPlain(structuredClone(toPlain(new type("why"))));
    expect(copy).toBeInstanceOf(type);
    expect(copy.message).toBe("why");
  });

  it("keep the object that is damaged or too new", () => {
    for (const error of [new Damaged("packs/x", "reason"), new FormatTooNew("packs/y", "what")]) {
      const copy = fromPlain(structuredClone(toPlain(error)));
      expect(copy).toMatchObject({ name: error.name, object: error.object, message: error.message });
    }
  });

  it("are plain errors when no port knows them", () => {
    expect(fromPlain(toPlain("text")).message).toBe("text");
    expect(fromPlain(toPlain(new EvalError("odd")))).toMatchObject({ name: "Error", message: "odd" });
  });
});
