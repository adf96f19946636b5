/** Histories of a store whose commands run in processes that are killed: at a call of the file system, or after a random time; alone or two at once. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { seeded } from "./seeded.ts";
import type { Done, StoreAct } from "./store-acts.ts";
import type { ToChild } from "./store-child.ts";
import { collectAll } from "./store-collections.ts";
import { chooseAct, chooseReader, goesOn, told } from "./store-history.ts";
import { Comparer, type Content } from "./store-images.ts";
import type { Tally } from "./store-tally.ts";
import { Broken, DAY, StoreWorld } from "./store-world.ts";

/** How a command in a child ended. */
interface Ended {
  readonly done?: Done;
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string };
  /** It was killed, and was not heard. */
  readonly killed: boolean;
  readonly ms: number;
}

/** Processes that are started before they are needed: starting one takes longer than most commands. */
export class ChildPool {
  readonly #waiting: Promise<ChildProcess>[] = [];
  readonly #all = new Set<ChildProcess>();

  constructor(ahead = 2) {
    for (let left = ahead; left > 0; left--) this.#start();
  }
  #start(): void {
    const child = fork(new URL("store-child.ts", import.meta.url), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#all.add(child);
    child.once("exit", () => this.#all.delete(child));
    this.#waiting.push(once(child, "message").then(() => child));
  }
  async take(): Promise<ChildProcess> {
    const next = this.#waiting.shift();
    this.#start();
    return next as Promise<ChildProcess>;
  }
  /** One that was not killed can be used again. */
  giveBack(child: ChildProcess): void {
    if (child.connected && child.exitCode === null && child.signalCode === null)
      this.#waiting.unshift(Promise.resolve(child));
  }
  async close(): Promise<void> {
    const ends = [...this.#all].map(async (child) => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    });
    await Promise.all(ends);
  }
}

type When = { readonly afterMs: number } | { readonly atCall: number } | undefined;

async function inChild(pool: ChildPool, message: Omit<ToChild, "faults">, when: When): Promise<Ended> {
  const child = await pool.take();
  const faults = when !== undefined && "atCall" in when ? [{ fault: "die" as const, from: when.atCall }] : [];
  const began = performance.now();
  let answer: Omit<Ended, "ms" | "killed"> | undefined;
  const exit = once(child, "exit");
  const heard = new Promise<void>((resolve) => {
    child.once("message", (text) => {
      answer = text as typeof answer;
      resolve();
    });
  });
  child.send({ ...message, faults } satisfies ToChild);
  let timer: NodeJS.Timeout | undefined;
  if (when !== undefined && "afterMs" in when) timer = setTimeout(() => child.kill("SIGKILL"), when.afterMs);
  await Promise.race([heard, exit]);
  clearTimeout(timer);
  const ms = performance.now() - began;
  if (child.signalCode !== null || child.killed) await exit;
  else pool.giveBack(child);
  return { ...answer, killed: answer === undefined, ms };
}

/** How long commands took, and how many calls they made: the range from which moments of kills are drawn. */
interface Range {
  ms: number;
}

/** @throws Broken */
export async function killHistory(seed: number, tally: Tally, pool: ChildPool): Promise<void> {
  const random = seeded(seed);
  const world = await StoreWorld.make({ random, tally, twoLeaves: random() < 0.05 });
  await told(world, `kills:${seed}`, async () => {
    const range: Range = { ms: 150 };
    for (const { name, path } of world.images) await world.calmly({ do: "backup", source: path, name });
    for (let left = 8 + Math.floor(random() * 6); left > 0; left--) await step(world, pool, range);
    if (random() < 0.5) await collectAll(world);
    await goesOn(world);
  });
}

async function step(world: StoreWorld, pool: ChildPool, range: Range): Promise<void> {
  const { random } = world;
  const what = await chooseAct(world);
  const other = random() < 0.3 ? (random() < 0.6 ? chooseReader(world) : besides(world, what)) : undefined;
  const acts = other === undefined ? [what] : [what, other];
  const place = world.place;
  const before = acts.map((each) => (each.do === "backup" ? world.image(each.name).now : undefined));
  const wanted = acts.map((each) => (each.do === "restore" ? world.known.get(each.id)?.content : undefined));
  const moments = acts.map((_, at): When => {
    const dice = random();
    // Both live on now and then, so that what two at once do is seen to its end.
    if (at === 1 && dice < 0.5) return undefined;
    if (dice < 0.1) return undefined;
    return dice < 0.55 ? { afterMs: random() * range.ms } : { atCall: 1 + Math.floor(random() ** 1.5 * 140) };
  });
  for (const [at, each] of acts.entries()) world.say(`${JSON.stringify(each)} killed ${JSON.stringify(moments[at])}`);
  const ends = await Promise.all(acts.map((each, at) => inChild(pool, { place, what: each }, moments[at])));
  for (const [at, each] of acts.entries()) {
    const ended = ends[at] as Ended;
    world.say(`  ${each.do}: ${ended.killed ? "killed" : (ended.error?.message ?? ended.done?.id ?? "done")}`);
    world.heard(each, before[at], ended.done);
    judge(world, each, acts[1 - at], wanted[at], ended, moments[at]);
    if (!ended.killed && ended.error === undefined && each.do === "backup") range.ms = (range.ms + ended.ms) / 2;
  }
  if (ends.some(({ killed }) => killed)) await world.check();
  else await world.checkList();
}

/** A second writer, of another disk. */
function besides(world: StoreWorld, what: StoreAct): StoreAct {
  const image = world.images.find(({ name }) => what.do !== "backup" || name !== what.name) ?? world.image("one");
  if (world.random() < 0.3) {
    world.clock += DAY;
    return { do: "gc" };
  }
  return { do: "backup", source: image.path, name: image.name };
}

function judge(
  world: StoreWorld,
  what: StoreAct,
  beside: StoreAct | undefined,
  wanted: Content | undefined,
  { killed, error, done }: Ended,
  when: When,
): void {
  const how = when === undefined ? undefined : `kill ${"atCall" in when ? "at a call" : "after a time"}, ${what.do}`;
  if (killed) world.tally.add(how ?? "kill", "killed");
  if (error !== undefined) {
    const taken = error.name === "FolderOwned" && beside !== undefined;
    const deleted = what.do === "restore" && beside?.do === "delete" && beside.ids.includes(what.id);
    if (!taken && !deleted) throw new Broken(`${what.do} failed although it was not killed: ${error.stack}`);
    world.tally.add(`second process, ${what.do}`, "refused");
  }
  if (done?.verified !== undefined && done.verified.damaged.length > 0)
    throw new Broken(`verify finds damage where there is none: ${JSON.stringify(done.verified.damaged)}`);
  if ((done?.missing?.length ?? 0) > 0) throw new Broken(`a collection misses packs: ${done?.missing?.join()}`);
  if (what.do !== "restore") return;
  if (done !== undefined && wanted !== undefined) {
    const comparer = new Comparer(wanted);
    comparer._write(readFileSync(what.target), "", () => undefined);
    if (comparer.problem !== undefined) throw new Broken(`${what.target} was restored, but ${comparer.problem}`);
  }
  if (existsSync(what.target)) rmSync(what.target);
}
