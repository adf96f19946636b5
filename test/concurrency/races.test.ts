/** Of two requests that meet, does the second one find what the matrix says of the first, however they interleave? (CCY-02) */
import { afterEach, describe, expect, test } from "vitest";
import { NOT_BUILT } from "../../core/domain/matrix.ts";
import { obstacle, type Standing } from "../../core/domain/obstacle.ts";
import { ASK, type Outcome } from "./asks.ts";
import { REQUEST_TITLES } from "./titles.ts";
import { createWorld, settled, type World } from "./world.ts";

let world: World | undefined;
afterEach(() => world?.close());

/** What each leaves behind for whoever comes after it: about s1, its only backup, and the vault. */
const LEAVES = {
  backup: { resources: ["protecting"] },
  restore: { backup: "restoring", resources: ["restoring"] },
  delete: { backup: "deleting" },
  remove: { resources: ["removing"] },
  "delete-vault": { vault: "deleting" },
  freeze: { vault: "frozen" },
  change: {},
  undelete: {},
} as const satisfies Record<string, Standing>;
type Racer = keyof typeof LEAVES;
const RACERS = Object.keys(LEAVES) as Racer[];
const ABOUT_A_BACKUP: readonly Racer[] = ["restore", "delete"];

/** What `asked` gets when `first` was there before it. */
function met(first: Racer, asked: Racer): Outcome {
  const { backup, ...rest } = LEAVES[first] as Standing;
  const standing = backup !== undefined && ABOUT_A_BACKUP.includes(asked) ? { backup, ...rest } : rest;
  return obstacle(asked, standing)?.code ?? NOT_BUILT[asked]?.code ?? "ok";
}

const pairs = RACERS.flatMap((a, n) => RACERS.slice(n).map((b) => [a, b] as const)).filter(
  // Twice the same of these is no conflict: the second one changes nothing.
  ([a, b]) => a !== b || !["freeze", "change"].includes(a),
);

/** Deterministic, so that a failure can be run again. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const ROUNDS = 2;

describe("two at once", () => {
  test.each(pairs)("%s and %s: one order of the two explains both answers (CCY-02)", async (a, b) => {
    for (let round = 0; round < ROUNDS; round++) {
      world?.close();
      const manners = { indexLagWrites: 0, conflictRate: 0.3, throttleRate: 0.1, random: chance(round + 1) };
      world = await createWorld({ trashed: a === "undelete" || b === "undelete", options: { manners } });
      const [backup = ""] = world.backups;
      world.hold();
      const outcomes = await Promise.all([ASK[a](world, backup), ASK[b](world, backup)]);
      const twice = a === b && a === "undelete" ? "6201" : met(a, b);
      const orders = [
        ["ok", twice],
        [a === b ? twice : met(b, a), "ok"],
      ];
      expect(orders, `${REQUEST_TITLES[a]} / ${REQUEST_TITLES[b]}, round ${round}`).toContainEqual(outcomes);
      await world.release();
      expect(await settled(world)).toEqual([]);
    }
  });
});
