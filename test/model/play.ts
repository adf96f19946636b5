/** Plays a sequence of actions on a world, and looks at everything after each of them. */
import fc from "fast-check";
import { seeded } from "../chaos/seeded.ts";
import { Model } from "./model.ts";
import { type Choice, guestWrites, type Outcome, provide, REQUESTS } from "./requests.ts";
import type { WorldOptions } from "./world.ts";

type Request = keyof typeof REQUESTS;

const MINUTE = 60_000;
const DAY = 24 * 3600_000;
/** A clock is corrected by less: what a larger step back does is a test of its own. */
const MOST_BACK_MS = 100 * MINUTE;

/** What is not asked through the API. */
const OTHERS = {
  "guest writes": async (m: Model, choice: Choice): Promise<Outcome> => {
    guestWrites(m, choice);
    return "done";
  },
  "minutes pass": async (m: Model, { a, b }: Choice) => pass(m, (1 + a * 5 + b) * MINUTE),
  "days pass": async (m: Model, { a, b }: Choice) => pass(m, (1 + (a % 6)) * DAY + b * 47 * MINUTE),
  "clock set back": async (m: Model, { a }: Choice): Promise<Outcome> => {
    const { clock } = m.world;
    if (m.latest - clock.now >= MOST_BACK_MS / 2) return "idle";
    clock.now -= (1 + a * 4) * MINUTE;
    return "done";
  },
  tick: async (m: Model) => ticks(m, 1),
  "two ticks at once": async (m: Model) => ticks(m, 2),
  "work is held back": async (m: Model): Promise<Outcome> => {
    if (m.world.held) return "idle";
    m.world.hold();
    return "done";
  },
  "work goes on": async (m: Model): Promise<Outcome> => {
    if (!m.world.held) return "idle";
    m.world.letGo();
    return "done";
  },
  "packs cannot be written": async (m: Model, { a }: Choice): Promise<Outcome> => {
    let left = 1 + (a % 4);
    m.world.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/packs/") && left-- > 0) throw new Error("the store says no");
    };
    return "done";
  },
  restart: async (m: Model): Promise<Outcome> => {
    await m.world.restart({ dies: false });
    return "done";
  },
} as const;

/** All of them come to their end, also when one has died: nothing of a process outlives it. */
async function both<T>(works: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

async function pass(m: Model, ms: number): Promise<Outcome> {
  m.world.clock.now += ms;
  m.latest = Math.max(m.latest, m.world.clock.now);
  return "done";
}

async function ticks(m: Model, many: number): Promise<Outcome> {
  const reports = await both(Array.from({ length: many }, () => m.world.tick()));
  return reports.some(({ started, ended, running }) => started + ended + running > 0) ? "done" : "idle";
}

type Simple = { readonly do: Request | keyof typeof OTHERS } & Choice;

/** One step of a sequence: plain data, so that a failing sequence can be read and played again. */
export type Action =
  | Simple
  | { readonly do: "together"; readonly these: readonly [Simple, Simple] }
  /** The process dies while it does this: at its so-manyeth store call, or task. */
  | {
      readonly do: "crash";
      readonly during: Simple | { readonly do: "together"; readonly these: readonly [Simple, Simple] };
      readonly at: number;
      readonly where: "call" | "answer" | "task" | "effect";
    };

const WEIGHTS: Partial<Record<Simple["do"], number>> = {
  "guest writes": 5,
  "create vault": 4,
  bind: 4,
  "create policy": 3,
  "associate policy": 5,
  "back up": 12,
  "delete backup": 5,
  undelete: 5,
  restore: 4,
  "minutes pass": 5,
  "days pass": 3,
  tick: 10,
  "two ticks at once": 3,
  "work is held back": 2,
  "work goes on": 4,
  "delete vault": 1,
  "delete policy": 1,
  "create crowded vault": 1,
  "update all vaults": 1,
};
const STANDARD_WEIGHT = 2;

const number = fc.nat(11);
const choices = { a: number, b: number, c: number };
const simple = (names: readonly Simple["do"][]): fc.Arbitrary<Simple> =>
  fc.oneof(
    ...names.map((name) => ({
      weight: WEIGHTS[name] ?? STANDARD_WEIGHT,
      arbitrary: fc.record({ do: fc.constant(name), ...choices }),
    })),
  );
const REQUEST_NAMES = Object.keys(REQUESTS) as Request[];
const ALL = [...REQUEST_NAMES, ...(Object.keys(OTHERS) as (keyof typeof OTHERS)[])];
const pair = fc.tuple(simple([...REQUEST_NAMES, "tick", "guest writes"]), simple([...REQUEST_NAMES, "tick"]));
const together = fc.record({ do: fc.constant("together" as const), these: pair });
const crash = fc.record({
  do: fc.constant("crash" as const),
  during: fc.oneof(
    { weight: 4, arbitrary: simple([...REQUEST_NAMES, "tick", "tick", "two ticks at once"]) },
    { weight: 1, arbitrary: together },
  ),
  at: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 160 })),
  where: fc.constantFrom("call", "answer", "task", "effect"),
});

const LONGEST = 30;
/** Sequences of actions. */
export const sequences: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof({ weight: 12, arbitrary: simple(ALL) }, { weight: 2, arbitrary: together }, { weight: 3, arbitrary: crash }),
  { minLength: 1, maxLength: LONGEST, size: "max" },
);

/** How often each action was tried, and how often it had an effect. */
export class Tally {
  readonly tried = new Map<string, number>();
  readonly done = new Map<string, number>();
  /** What came of it all by itself: steps of states, ends of tasks. */
  readonly facts = new Map<string, number>();
  sequences = 0;

  count(name: string, outcome: Outcome): void {
    add(this.tried, name, 1);
    if (outcome === "done") add(this.done, name, 1);
  }

  /** Actions that were never more than tried, or not even that. */
  get never(): readonly string[] {
    return [...ALL, "together", ...["call", "answer", "task", "effect"].map((w) => `crash at ${w}`)].filter(
      (name) => (this.done.get(name) ?? 0) === 0,
    );
  }

  get text(): string {
    const rows = [...this.tried].sort(([a], [b]) => (a < b ? -1 : 1));
    const facts = [...this.facts].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      `${this.sequences} sequences; each action: had an effect / was tried`,
      ...rows.map(([name, tried]) => `  ${name.padEnd(26)} ${this.done.get(name) ?? 0} / ${tried}`),
      "what came of it",
      ...facts.map(([name, count]) => `  ${name.padEnd(40)} ${count}`),
    ].join("\n");
  }
}

const add = (map: Map<string, number>, name: string, n: number): void => void map.set(name, (map.get(name) ?? 0) + n);

function act(m: Model, action: Simple): Promise<Outcome> {
  const { do: name } = action;
  return name in REQUESTS ? REQUESTS[name as Request](m, action) : OTHERS[name as keyof typeof OTHERS](m, action);
}

/** Plays it, and stops at the first thing that is wrong. @returns what that is, in words; nothing when all is well */
export async function play(
  actions: readonly Action[],
  options: WorldOptions,
  tally: Tally,
): Promise<readonly string[]> {
  const model = await Model.open(options);
  const { world } = model;
  provide(world);
  try {
    await model.look();
    for (const [n, action] of [...beginning(options.seed), ...actions, ...SETTLING].entries()) {
      const died = await step(model, action, actions.includes(action) ? tally : new Tally());
      await world.idle();
      const ticked = isTick(action) || died;
      if (ticked) {
        // The next one: rows of points that nobody saw are due work of the tick, or the change, that finds them missing.
        await model.look();
        await pass(model, 1_000);
        await world.tick();
        await world.idle();
      }
      if (!world.held) world.objects.before = () => undefined;
      await model.look();
      const found = model.problems({ ticked, died });
      if (found.length > 0) return [`after step ${n + 1}, ${JSON.stringify(action)}:`, ...found];
    }
    return await backupsAreWhole(model);
  } finally {
    tally.sequences++;
    for (const [name, count] of world.watch.taken) add(tally.facts, name, count);
    for (const [name, count] of model.promises.ended) add(tally.facts, `task ${name}`, count);
    await world.end();
  }
}

const isTick = (action: Action): boolean => action.do === "tick" || action.do === "two ticks at once";

/** Something to act on, another one for each seed: policies, vaults, and a backup or two. */
function beginning(seed: number): readonly Simple[] {
  const random = seeded(seed);
  const some = (name: Simple["do"]): Simple => {
    const [a = 0, b = 0, c = 0] = Array.from({ length: 3 }, () => Math.floor(random() * 12));
    return { do: name, a, b, c };
  };
  if (seed % 4 === 0) return [...DATED, some("create vault"), some("create policy"), some("back up")];
  const names = [
    ...(["create policy", "create policy", "create vault", "create vault", "create vault"] as const),
    ...(["bind", "associate policy", "associate policy", "back up", "guest writes", "back up"] as const),
  ];
  return names.map(some);
}

/** Backups that expire while nobody ticks: a clock that has jumped is for a person to judge. */
const DATED: readonly Simple[] = [
  { do: "create policy", a: 3, b: 2, c: 1 },
  { do: "create vault", a: 0, b: 0, c: 0 },
  { do: "tick", a: 0, b: 0, c: 0 },
  ...[1, 2].map((c): Simple => ({ do: "back up", a: 0, b: 1, c: 2 * c })),
  { do: "days pass", a: 2, b: 0, c: 0 },
  { do: "tick", a: 0, b: 0, c: 0 },
];

/** What is left to do by itself is done, and then looked at once more. */
const SETTLING: readonly Simple[] = (
  ["work goes on", "minutes pass", "tick", "minutes pass", "tick", "tick"] as const
).map((name) => ({ do: name, a: 11, b: 0, c: 0 }));

/** @returns whether a process died */
async function step(m: Model, action: Action, tally: Tally): Promise<boolean> {
  const { world } = m;
  if (action.do === "crash") {
    const { at, where } = action;
    if (where === "call" || where === "answer") world.dieAtCall({ at, lost: where === "answer" });
    else world.dieAtTask(1 + (at % 5), where === "task" ? "before" : "effect");
    await attempt(m, action.during).catch((error: unknown) => {
      if (!world.dead) throw error;
    });
    // Whoever holds back what is to die sees no death.
    if (where === "task" || where === "effect") world.letGo();
    await world.idle();
    const died = world.dead;
    world.spare();
    if (died) await world.restart({ dies: true });
    tally.count(`crash at ${where}`, died ? "done" : "idle");
    return died;
  }
  for (const [name, outcome] of await attempt(m, action)) tally.count(name, outcome);
  return false;
}

async function attempt(m: Model, action: Exclude<Action, { do: "crash" }>): Promise<readonly [string, Outcome][]> {
  if (action.do !== "together") return [[action.do, await act(m, action)]];
  const outcomes = await both(action.these.map((one) => act(m, one)));
  return [
    ["together", outcomes.every((o) => o === "done") ? "done" : "idle"],
    ...outcomes.map((outcome, i): [string, Outcome] => [action.these[i]?.do ?? "", outcome]),
  ];
}

/** Every backup that can be restored, or can come back, is what was captured: read through the data plane, bit by bit. */
async function backupsAreWhole({ world }: Model): Promise<readonly string[]> {
  const { dataPlane, keyring } = world.services;
  const rows = world.rows();
  const problems: string[] = [];
  for (const { body: part } of rows.parts) {
    const backup =
      rows.backups.find(({ body }) => body.id === part.backupId)?.body ??
      rows.trash.find(({ body }) => body.backup.id === part.backupId)?.body.backup;
    const { damaged } = await dataPlane.verify({
      domain: await keyring.open(backup.domainId),
      rootId: part.id,
      firstLeaf: 0,
      endLeaf: 1,
      depth: "data",
      budgetMs: 10_000,
    });
    for (const { object, reason } of damaged) problems.push(`backup ${part.backupId}: ${object} ${reason}`);
  }
  return problems;
}
