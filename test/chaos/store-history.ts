/** Random histories of a store in this process: every command meets faults of the disk, of its source or its target. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BlockAccess } from "../../core/ports/blocks.ts";
import { seeded } from "./seeded.ts";
import { act, type Done, type StoreAct } from "./store-acts.ts";
import { type Compact, collectAll } from "./store-collections.ts";
import { damageRounds } from "./store-damage.ts";
import { DISK_FAULTS, DiskSession, type PlannedFault } from "./store-disk.ts";
import { Comparer, type Content } from "./store-images.ts";
import type { Tally } from "./store-tally.ts";
import { Broken, DAY, StoreWorld } from "./store-world.ts";

/** One history in so many has a disk of two leaves. */
const TWO_LEAVES_ONE_IN = 12;
/** What a command may fail with when something was done to it; anything else is not clear to a user. */
const CLEAR: ReadonlySet<string> = new Set([
  "StoreFailed",
  "StoreFull",
  "StoreRefused",
  "SealRefused",
  "Damaged",
  "ObjectMissing",
  "RangeUnavailable",
  "SourceChanged",
  "TargetUnusable",
  "Interrupted",
  "FolderOwned",
]);

/** How many calls commands of a kind made last, so that faults come while they go on. */
type Lengths = Partial<Record<StoreAct["do"], number>>;

/** @throws Broken with the seed's world left behind */
export async function faultHistory(seed: number, tally: Tally): Promise<void> {
  const random = seeded(seed);
  const world = await StoreWorld.make({ random, tally, twoLeaves: random() < 1 / TWO_LEAVES_ONE_IN });
  await told(world, `faults:${seed}`, async () => {
    const lengths: Lengths = {};
    for (const { name, path } of world.images) await world.calmly({ do: "backup", source: path, name });
    for (let left = 14 + Math.floor(random() * 14); left > 0; left--) await step(world, lengths);
    await world.check();
    await goesOn(world);
    if (random() < 0.6) await damageRounds(world);
  });
}

/** Runs it; a failure says how to see it again. */
export async function told(world: StoreWorld, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const steps = world.log.slice(-40).join("\n  ");
    throw new Broken(
      `history ${name} is broken: ${(error as Error).stack}\nIts last steps:\n  ${steps}\n` +
        `What it left is in ${world.root}; again: npm run test:chaos -- --history ${name}`,
      { cause: error },
    );
  }
  world.tally.histories++;
  world.remove();
}

async function step(world: StoreWorld, lengths: Lengths): Promise<void> {
  const { random } = world;
  const what = await chooseAct(world);
  const reader = random() < 0.15 ? chooseReader(world) : undefined;
  const sessions = [what, reader].map((each) =>
    each === undefined ? undefined : plan(world, lengths[each.do] ?? 150, each),
  );
  await Promise.all([
    attempt(world, what, sessions[0] as Planned, reader, lengths),
    reader && attempt(world, reader, sessions[1] as Planned, what, lengths),
  ]);
  if (sessions.some((planned) => planned?.session.down)) {
    const lost = world.unsynced.lose(random);
    world.say(`power failed, ${lost} unsynced names or files were lost`);
    await world.check();
  } else await world.checkList();
}

/** The next command; the disks change in between. */
export async function chooseAct(world: StoreWorld): Promise<StoreAct> {
  const { random } = world;
  const image = world.pick(world.images) as (typeof world.images)[number];
  const ids = world.idsIn("kept", "shown");
  const dice = random();
  if (dice < 0.14 && ids.length > 2)
    return {
      do: "delete",
      ids: [...new Set([world.pick(ids), ...(random() < 0.2 ? [world.pick(ids)] : [])])] as string[],
    };
  if (dice < 0.24 && ids.length > 0) return chooseReader(world);
  if (dice < 0.32) return { do: "verify", quick: random() < 0.4 };
  if (dice < 0.48) {
    if (random() < 0.6) world.clock += (random() < 0.2 ? 16 : 1.5) * DAY;
    return { do: "gc" };
  }
  if (dice < 0.55) return { do: "compact" };
  if (random() < 0.1) image.copy(world.pick(world.images) ?? image);
  else if (random() < 0.85) image.change();
  const backup = { do: "backup", source: image.path, name: image.name } as const;
  if (random() < 0.15) return { ...backup, parent: "none" };
  if (random() < 0.35) return (await withList(world, backup, image)) ?? backup;
  return backup;
}

/** By change list, against one of the backups of this disk that has its size. */
async function withList(
  world: StoreWorld,
  backup: StoreAct & { do: "backup" },
  image: (typeof world.images)[number],
): Promise<StoreAct | undefined> {
  const listed = new Set(await world.listed());
  const fitting = [...world.known].filter(
    ([id, { name, content, state }]) =>
      state === "kept" && name === image.name && content.size === image.now.size && listed.has(id),
  );
  const [parent, { content }] = fitting.at(-1) ?? ["", { content: undefined }];
  if (content === undefined) return undefined;
  const changed = join(world.root, `changes-${image.name}`);
  writeFileSync(changed, image.changedSince(content).join("\n"));
  return { ...backup, parent, changed };
}

export function chooseReader(world: StoreWorld): StoreAct {
  const id = world.pick(world.idsIn("kept"));
  if (id === undefined || world.random() < 0.3) return { do: "verify", quick: false };
  // What an earlier one could not remove is overwritten by none but the one that may.
  const target = join(world.root, "out", `${id}-${Math.floor(world.random() * 1e9)}`);
  return { do: "restore", id, target, overwrite: world.random() < 0.3 };
}

interface Planned {
  readonly session: DiskSession;
  readonly wrap: (blocks: BlockAccess) => BlockAccess;
  /** Faults of source and target that happened. */
  readonly blocks: string[];
}

function plan(world: StoreWorld, length: number, what: StoreAct): Planned {
  const { random } = world;
  const faults: PlannedFault[] = [];
  if (random() < 0.92)
    for (let left = 2 + Math.floor(random() * 3); left > 0; left--) {
      const fault = world.pick(DISK_FAULTS) ?? "io";
      // A power cut costs a comparison of everything, so it is rarer.
      faults.push({
        fault: fault === "cut" && random() < 0.5 ? "io" : fault,
        from: 1 + Math.floor(random() * 0.9 * length),
      });
    }
  const blocks: string[] = [];
  const at = random() < 0.1 ? 1 + Math.floor(random() * 8) : Number.POSITIVE_INFINITY;
  const late = random() < 0.3;
  world.say(`${JSON.stringify(what)} with ${faults.map(({ fault, from }) => `${fault}@${from}`).join(" ")}`);
  return {
    session: new DiskSession(faults, world.unsynced),
    blocks,
    wrap: (real) => faultyBlocks(real, at, late ? "delay" : "EIO", blocks),
  };
}

/** The n-th read of a source, or write of a target, fails or takes long. */
function faultyBlocks(real: BlockAccess, at: number, how: "EIO" | "delay", fired: string[]): BlockAccess {
  let count = 0;
  const meet = async (what: string): Promise<void> => {
    if (++count !== at) return;
    fired.push(`${how === "EIO" ? "io" : "delay"} of ${what}`);
    if (how === "delay") await delay(3);
    else throw Object.assign(new Error(`EIO: says the test, ${what}`), { code: "EIO" });
  };
  return {
    async openSource(snapshot) {
      const source = await real.openSource(snapshot);
      const survey = source.survey?.bind(source);
      return {
        size: source.size,
        ...(survey && { survey }),
        close: () => source.close(),
        async read(offset, into) {
          await meet("source read");
          await source.read(offset, into);
        },
      };
    },
    async openTarget(reference) {
      const target = await real.openTarget(reference);
      return {
        size: target.size,
        zero: (offset, length) => target.zero(offset, length),
        read: (offset, into) => target.read(offset, into),
        sync: () => target.sync(),
        close: () => target.close(),
        async write(offset, bytes) {
          await meet("target write");
          await target.write(offset, bytes);
        },
      };
    },
  };
}

async function attempt(
  world: StoreWorld,
  what: StoreAct,
  { session, wrap, blocks }: Planned,
  beside: StoreAct | undefined,
  lengths: Lengths,
): Promise<void> {
  const content = what.do === "backup" ? world.image(what.name).now : undefined;
  const wanted = what.do === "restore" ? world.known.get(what.id)?.content : undefined;
  let done: Done | undefined;
  let error: Error | undefined;
  try {
    done = await act(world.place, what, { session, wrap });
  } catch (cause) {
    error = cause as Error;
  }
  world.heard(what, content, done);
  world.say(`  ${what.do}: ${error === undefined ? (done?.id ?? "done") : `${error.name}: ${error.message}`}`);
  const { fired } = session;
  const kinds = fired.map(({ fault, call }) => (fault === "cut" || fault === "stop" ? fault : `${fault} at ${call}`));
  for (const kind of [...kinds, ...blocks]) world.tally.add(kind, error === undefined ? "done" : "refused");
  const hard =
    fired.some(({ fault }) => fault !== "delay" && fault !== "short") || blocks.some((it) => it.startsWith("io"));
  if (error === undefined) lengths[what.do] = session.count;
  else mustBeClear(error, what, hard, beside);
  if (wanted !== undefined && what.do === "restore") judgeTarget(what, wanted, error);
  if (hard || done === undefined) return;
  if (done.verified !== undefined && done.verified.damaged.length > 0)
    throw new Broken(`verify finds damage where there is none: ${JSON.stringify(done.verified.damaged)}`);
  if ((done.missing?.length ?? 0) > 0) throw new Broken(`a collection misses packs: ${done.missing?.join()}`);
  if (done.held !== undefined) throw new Broken(`a collection is held although nothing is wrong: ${done.held}`);
}

export function isClear(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return CLEAR.has(error.name) || ["EIO", "ENOSPC"].includes(code) || error.message.includes("says the test");
}

function mustBeClear(error: Error, what: StoreAct, hard: boolean, beside: StoreAct | undefined): void {
  if (!isClear(error))
    throw new Broken(`${what.do} ended in what no user understands: ${error.stack}`, { cause: error });
  if (hard) return;
  const deleted = what.do === "restore" && beside?.do === "delete" && beside.ids.includes(what.id);
  if (!deleted) throw new Broken(`${what.do} failed without a reason: ${error.stack}`, { cause: error });
}

/** What a restore said is in the file; what it could not finish is not taken for it. */
function judgeTarget(what: StoreAct & { do: "restore" }, content: Content, error: Error | undefined): void {
  const there = existsSync(what.target);
  if (error !== undefined) {
    if (there && !what.overwrite) throw new Broken(`a restore that failed left ${what.target}`, { cause: error });
  } else {
    const comparer = new Comparer(content);
    comparer._write(readFileSync(what.target), "", () => undefined);
    if (comparer.problem !== undefined) throw new Broken(`${what.target} was restored, but ${comparer.problem}`);
  }
  rmSync(what.target, { force: true });
}

/** After all of that the store works as if nothing had been, and nothing was left behind. `compact`: as for `collectAll`. */
export async function goesOn(world: StoreWorld, compact?: Compact): Promise<void> {
  for (const image of world.images) {
    image.change();
    await world.calmly({ do: "backup", source: image.path, name: image.name });
  }
  await collectAll(world, compact);
  await world.check();
  const { verified } = await world.calmly({ do: "verify", quick: false });
  if (verified?.damaged.length !== 0)
    throw new Broken(`the store is damaged in the end: ${JSON.stringify(verified?.damaged)}`);
  for (const folder of [join(world.place.dir, "objects", "tmp"), join(world.place.dir, "runs")]) {
    const left = existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith(".tmp")) : [];
    if (left.length > 0) throw new Broken(`${folder} holds ${left.join(", ")}`);
  }
}
