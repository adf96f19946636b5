/**
 * Is collection safe, however its actors interleave? One schedule is a list of small integers; it decides which actor makes how
 * many calls, who sleeps, who dies and wakes again, which runs are declared dead, and what the clock says.
 *
 * Real: the engine's transfer, seal, restore, verification, quarantine, avoid-sets, maps, marks, plans, trash and moves
 * (core/engine), on a store that lists page by page. Modelled: runs, results, leases, intents and orphans, step by step as
 * core/app/repository and core/app/backup take them (support-model-writers.ts, support-model-collectors.ts), and sealing, hashing and
 * compressing (support-model-engine.ts). The oracle (support-model-oracle.ts) keeps each disk as it was backed up.
 */
import { MARK_RULES, type MarkRules } from "../../core/engine/collect/mark.ts";
import { type CollectionAsk, collection } from "./support-model-collectors.ts";
import { chance } from "./support-model-engine.ts";
import { checkBackups, checkNothingLeft, type Watched } from "./support-model-oracle.ts";
import { inspect, restore } from "./support-model-readers.ts";
import { Actor } from "./support-model-scheduler.ts";
import { BLOCK, DAY, type Rules, type Run, World } from "./support-model-world.ts";
import { change, failRun, openBackup, remove, work } from "./support-model-writers.ts";

export const ALL_RULES: Rules = { recheck: true, pins: true, waits: true, onlyData: false };

/** What one interleaving was. */
export interface Played {
  readonly actions: number;
  readonly backups: number;
  readonly deletions: number;
  readonly collections: number;
  /** Packs went to the trash before the end was put in order. */
  readonly trashed: boolean;
  readonly moved: boolean;
  readonly crashed: boolean;
  /** Somebody slept, or was dead and woke, while a verdict came out. */
  readonly sleptAcross: boolean;
  /** Backups that stand, and those whose run failed or was declared dead. */
  readonly sealed: number;
  readonly failed: number;
}

interface Lane {
  readonly programs: ((actor: Actor) => Promise<void>)[];
  actor: Actor | undefined;
  /** Moves of the schedule until it goes on. */
  asleep: number;
  /** Verdicts that had come out when it fell asleep. */
  epochs: number | undefined;
  calls: number;
}

const BURSTS = [1, 2, 3, 5, 8, 12, 20, 60];
/** Which lane a move of the schedule lets go on; the rest are events. */
const LANES = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6] as const;

class Play {
  readonly #world: World;
  readonly #rules: Rules;
  readonly #markRules: MarkRules;
  readonly #lanes: Lane[] = [];
  readonly #zombies: { readonly actor: Actor; readonly epochs: number }[] = [];
  readonly #watched: Watched = { epochs: new Set(), condemned: new Map() };
  readonly #count = { backups: 0, deletions: 0, collections: 0, others: 0 };
  #crashed = false;
  #sleptAcross = false;

  constructor(world: World, rules: Rules, markRules: MarkRules) {
    this.#world = world;
    this.#rules = rules;
    this.#markRules = markRules;
  }

  /** Lanes do their programs one after the other, side by side. */
  cast(numbers: readonly number[]): void {
    const at = (index: number): number => numbers[index % numbers.length] as number;
    const a = [0, 1].map((n) => this.#backup(0, at(n)));
    const b = [this.#backup(1, at(2))];
    const first = [3, 4, 5].map((n) => this.#collection(at(n), at(n) % 4 === 3));
    const second = [6, 7].map((n) => this.#collection(at(n), at(n) % 2 === 1));
    const deletions = [8, 9].map((n) => this.#deletion(at(n)));
    const readers = [10, 11, 12].map((n) => this.#reader(at(n)));
    for (const programs of [a, b, first, second, deletions, readers, [this.#twin(at(13))]])
      this.#lanes.push({ programs, actor: undefined, asleep: 0, epochs: undefined, calls: 0 });
  }

  async play(schedule: readonly number[]): Promise<void> {
    for (const move of schedule) {
      for (const lane of this.#lanes) if (lane.asleep > 0) lane.asleep--;
      await this.#move(move & 15, move >> 4);
    }
    for (let n = 0; this.#lanes.some((lane) => !this.#idle(lane)); n++) {
      const lane = this.#lanes[n % this.#lanes.length] as Lane;
      lane.asleep = 0;
      await this.#go(lane, BURSTS[(schedule[n % schedule.length] as number) & 7] as number);
    }
  }

  /** Everything is closed, time passes, and everything is collected; then the dead wake, and once more. */
  async end(): Promise<Played> {
    const world = this.#world;
    const played = this.#played();
    await this.#putInOrder();
    if (this.#zombies.length > 0) {
      const before = world.changedAt;
      for (const { actor } of this.#zombies) await this.#step(actor, 100_000);
      if (world.changedAt !== before) await this.#putInOrder();
    }
    return played;
  }

  async #putInOrder(): Promise<void> {
    const world = this.#world;
    for (const run of world.openRuns()) if (run.kind !== "move") failRun(world, run);
    for (let n = 0; n < 2; n++) {
      const ask = { decide: true, below: undefined, later: DAY };
      await collection(world, undefined, this.#rules, this.#markRules, this.#watched, ask);
    }
    await checkBackups(world);
    await checkNothingLeft(world);
  }

  #played(): Played {
    const { backups, deletions, collections, others } = this.#count;
    const made = [...this.#world.backups.values()];
    return {
      backups,
      deletions,
      collections,
      actions: backups + deletions + collections + others,
      trashed: this.#world.trashedPacks > 0,
      moved: this.#world.maps > 0,
      crashed: this.#crashed,
      sleptAcross: this.#sleptAcross,
      sealed: made.filter(({ state }) => state === "sealed").length,
      failed: made.filter(({ state }) => state === "failed").length,
    };
  }

  async #move(what: number, amount: number): Promise<void> {
    const world = this.#world;
    const lane = this.#lanes[amount % this.#lanes.length] as Lane;
    const to = LANES[what];
    if (to !== undefined) return this.#go(this.#lanes[to] as Lane, BURSTS[amount & 7] as number);
    if (what === 13) {
      // Killed; its run stays open until the tick, and it may wake.
      if (lane.actor === undefined || amount >= 32) return this.#wake(amount);
      this.#zombies.push({ actor: lane.actor, epochs: world.epochs });
      lane.actor = undefined;
      this.#crashed = true;
      return;
    }
    if (what === 14) {
      lane.asleep = 6 + (amount & 31);
      if (lane.actor !== undefined) lane.epochs ??= world.epochs;
      return;
    }
    if (amount % 4 === 3) world.clock += amount & 4 ? 20 * 365 * DAY : amount & 8 ? -400 * DAY : DAY;
    else if (amount % 4 === 2) await checkBackups(world);
    else {
      const open = world.openRuns().filter(({ kind }) => kind !== "move");
      const run = open[amount % Math.max(1, open.length)];
      if (run !== undefined) failRun(world, run);
    }
  }

  async #wake(amount: number): Promise<void> {
    const zombie = this.#zombies[amount % Math.max(1, this.#zombies.length)];
    if (zombie === undefined) return;
    if (zombie.epochs < this.#world.epochs) this.#sleptAcross = true;
    await this.#step(zombie.actor, BURSTS[(amount >> 1) & 7] as number);
  }

  async #go(lane: Lane, calls: number): Promise<void> {
    if (lane.asleep > 0) return;
    if (lane.epochs !== undefined && lane.epochs < this.#world.epochs) this.#sleptAcross = true;
    lane.epochs = undefined;
    if (lane.actor === undefined) {
      const program = lane.programs.shift();
      if (program === undefined) return;
      lane.actor = new Actor(`lane ${this.#lanes.indexOf(lane)}`, program);
    }
    await this.#step(lane.actor, calls);
    if (lane.actor.done) lane.actor = undefined;
  }

  async #step(actor: Actor, calls: number): Promise<void> {
    if (actor.done) return;
    await actor.step(calls);
    if (actor.failure !== undefined) throw actor.failure;
  }

  #idle(lane: Lane): boolean {
    return lane.actor === undefined && lane.programs.length === 0;
  }

  #backup(disk: number, how: number) {
    return async (actor: Actor): Promise<void> => {
      this.#count.backups++;
      const run = await openBackup(this.#world, actor, disk, how);
      if (run.backup !== undefined) await work(this.#world, actor, this.#rules, run, run.backup);
    };
  }

  #collection(how: number, compacts: boolean) {
    const ask: CollectionAsk = {
      decide: !compacts || (how & 16) === 0,
      below: compacts ? ([0.3, 0.7, 1.01] as const)[how % 3] : undefined,
      later: (how & 96) === 0 ? 0 : DAY,
    };
    return async (actor: Actor): Promise<void> => {
      this.#count.collections++;
      await collection(this.#world, actor, this.#rules, this.#markRules, this.#watched, ask);
    };
  }

  #deletion(n: number) {
    return async (actor: Actor): Promise<void> => {
      if (await remove(this.#world, actor, n)) this.#count.deletions++;
    };
  }

  #reader(n: number) {
    return async (actor: Actor): Promise<void> => {
      this.#count.others++;
      await ((n & 1) === 0 ? restore : inspect)(this.#world, actor, n >> 1);
    };
  }

  /** The same run once more: a repeated task, or two that both live. */
  #twin(n: number) {
    return async (actor: Actor): Promise<void> => {
      this.#count.others++;
      await actor.turn();
      const open: readonly Run[] = this.#world.openRuns().filter(({ kind }) => kind === "backup");
      const run = open[n % Math.max(1, open.length)];
      if (run?.backup === undefined) await restore(this.#world, actor, n);
      else await work(this.#world, actor, this.#rules, run, run.backup);
    };
  }
}

/** One interleaving from an array of small integers each: the cast, then the schedule. @throws Violation */
export async function interleave(
  template: Template,
  cast: readonly number[],
  schedule: readonly number[],
  rules: Rules = ALL_RULES,
  markRules: MarkRules = MARK_RULES,
): Promise<Played> {
  const world = template.world.copy();
  chance.drawn = template.drawn;
  const flags = cast[14] ?? 0;
  world.onlyData = rules.onlyData;
  world.baselines = (flags & 1) !== 0;
  world.leaseless = (flags & 2) !== 0;
  world.page = (flags & 4) !== 0 ? 2 : 1000;
  const play = new Play(world, rules, markRules);
  play.cast(cast);
  await play.play(schedule);
  return play.end();
}

/** A world to begin with: backups of two disks, nobody at work. */
export interface Template {
  readonly world: World;
  readonly drawn: number;
}

export async function template(): Promise<Template> {
  const world = new World();
  chance.drawn = 0;
  world.disks.push(new Uint8Array(3 * BLOCK + 20), new Uint8Array(2 * BLOCK + 40));
  for (const disk of world.disks) for (let by = 3; by < 200; by += 37) change(disk, by);
  for (const [disk, how] of [
    [0, 2],
    [1, 5 << 2],
    [0, 77 << 2],
  ] as const) {
    const actor = new Actor("beginning", async (self) => {
      const run = await openBackup(world, self, disk, how);
      if (run.backup !== undefined) await work(world, self, ALL_RULES, run, run.backup);
    });
    await actor.step(100_000);
    if (actor.failure !== undefined || !actor.done) throw new Error("the beginning failed", { cause: actor.failure });
  }
  await checkBackups(world);
  return { world, drawn: chance.drawn };
}
