/** Does the largest run fit the limits of Step Functions? Reckoned from the definitions, so that a change which breaks it is red. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CHILD_RESOURCE, parseDefinition, type State, type States } from "../../adapters/local/workflows/definition.ts";
import { leavesOf, MOST_GROUPS, planGroups } from "../../core/domain/plan.ts";
import type { WorkflowName } from "../../core/ports/workflows.ts";

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const HISTORY_EVENTS = 25_000;
const PAYLOAD_BYTES = 262_144;
const DEFINITION_BYTES = 1024 * 1024;
const OPEN_MAP_RUNS = 1_000;
const OPEN_EXECUTIONS = 1_000_000;

const TIB = 1024 ** 4;
const HOUR = 3600;
/** The largest vault: 256 resources (VLT-04) of one 64 TiB volume each, the largest that EBS has (io2 Block Express). */
const MEMBERS = 256;
const DISK = 64 * TIB;
/** confirm-source.ts: captures of one run at most. */
const ATTEMPTS = 3;
/** capture-ready.ts and the waits of the definitions: a round of four minutes in the task and half a minute between. */
const READY_ROUNDS = Math.ceil((48 * HOUR) / 270);
/** open-restore.ts: all waits of a restore together; the rounds of its three loops are shared out among them. */
const RESTORE_ROUNDS = Math.ceil((72 * HOUR) / 255);
const FINISH_ROUNDS = Math.ceil(RESTORE_ROUNDS / 2);
const SWAP_ROUNDS = Math.ceil(RESTORE_ROUNDS / 4);
/** Rounds of a removal: 125,000 backups of one vault, 50 a round (run-removal.ts): a backup an hour of 256 resources for 20 days. */
const REMOVAL_ROUNDS = 2_500;

/** Rounds of a collection (run-collection.ts). */
const TRASH_ROUNDS = 100;
const MOVE_ROUNDS = 200;

const text = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../workflows/${name}.asl.json`, import.meta.url)), "utf8");
const machineOf = (name: WorkflowName): States => parseDefinition(name, JSON.parse(text(name)));

const groups = planGroups([DISK]);
const unitsOfGroup = Math.max(...groups.map(({ firstLeaf, endLeaf }) => endLeaf - firstLeaf));

/** How often each state is entered at most, per execution or per item of its map; 1 unless named. */
const VISITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "backup-member": {
    Capture: ATTEMPTS,
    Groups: ATTEMPTS,
    Confirm: ATTEMPTS,
    WasUnchanged: ATTEMPTS,
    Ready: READY_ROUNDS + ATTEMPTS,
    IsReady: READY_ROUNDS + ATTEMPTS,
    WaitForCapture: READY_ROUNDS,
  },
  // Every unit stops after the one leaf that it must do.
  "backup-group": { Transfer: unitsOfGroup, GoesOn: unitsOfGroup },
  "restore-group": { Write: unitsOfGroup, GoesOn: unitsOfGroup },
  "compare-group": { Compare: unitsOfGroup, GoesOn: unitsOfGroup },
  restore: {
    Finish: FINISH_ROUNDS,
    IsFinished: FINISH_ROUNDS,
    WaitForFinish: FINISH_ROUNDS,
    Replace: SWAP_ROUNDS,
    IsReplaced: SWAP_ROUNDS,
    WaitForReplace: SWAP_ROUNDS,
    Swap: SWAP_ROUNDS,
    IsSwapped: SWAP_ROUNDS,
    WaitForSwap: SWAP_ROUNDS,
  },
  "remove-resource": { Batch: REMOVAL_ROUNDS, GoesOn: REMOVAL_ROUNDS, Pause: REMOVAL_ROUNDS },
  "delete-vault": { Batch: REMOVAL_ROUNDS, GoesOn: REMOVAL_ROUNDS, Pause: REMOVAL_ROUNDS },
  collect: { Trash: TRASH_ROUNDS, TrashGoesOn: TRASH_ROUNDS, Move: MOVE_ROUNDS, MoveGoesOn: MOVE_ROUNDS },
};

/** Items of each map: members of a run, groups of a disk. */
const ITEMS: Readonly<Record<string, number>> = {
  "backup.Members": MEMBERS,
  "backup-member.Groups": MOST_GROUPS,
  "restore.Groups": MOST_GROUPS,
  "restore.Compares": MOST_GROUPS,
};

/** States whose every visit may fail as often as their Retry allows; the waiting rounds of the others do not all fail too. */
const POLLS = new Set(["Ready", "Finish", "Replace", "Swap", "Batch"]);

/**
 * Events of one visit (API reference, HistoryEvent): entered and exited; a Lambda task is scheduled, started and ends; a
 * child execution is scheduled, started, submitted and ends; each retry is scheduled, started and fails again.
 */
function events(name: string, workflow: string, state: State): number {
  switch (state.Type) {
    case "Task": {
      const once = state.Resource === CHILD_RESOURCE ? 6 : 5;
      return once + (POLLS.has(name) ? 0 : 3 * ownRetries(state));
    }
    case "Map":
      return 5 + (ITEMS[`${workflow}.${name}`] ?? 0) * (3 + total(state.ItemProcessor, workflow, {}));
    default:
      return 2;
  }
}

/** The most retries of one visit; those that wait for their turn are bounded by time (`turns`), not by number. */
function ownRetries(state: Extract<State, { Type: "Task" }>): number {
  const counted = (state.Retry ?? []).filter((r) => !r.ErrorEquals.includes("Lambda.TooManyRequestsException"));
  return counted.reduce((sum, r) => sum + (r.MaxAttempts ?? 3), 0);
}

function total(machine: States, workflow: string, visits: Readonly<Record<string, number>>): number {
  return Object.entries(machine.States).reduce(
    (sum, [name, state]) => sum + (visits[name] ?? 1) * events(name, workflow, state),
    0,
  );
}

/** Events of waiting for a turn, for as long as the parent waits for the group: full jitter halves the longest pause. */
function turns(machine: States, seconds: number): number {
  const pauses = Object.values(machine.States).flatMap((state) =>
    state.Type === "Task"
      ? (state.Retry ?? []).filter((r) => r.ErrorEquals.includes("Lambda.TooManyRequestsException"))
      : [],
  );
  const shortest = Math.min(...pauses.map((r) => (r.MaxDelaySeconds ?? 0) / (r.JitterStrategy === "FULL" ? 2 : 1)));
  return pauses.length === 0 ? 0 : 3 * Math.ceil(seconds / shortest);
}

const NAMES: readonly WorkflowName[] = [
  "backup",
  "backup-member",
  "backup-group",
  "restore",
  "restore-group",
  "compare-group",
  "delete-backup",
  "delete-vault",
  "remove-resource",
  "collect",
];

/** Machines whose tasks queue for reserved concurrency for as long as their parent waits for them: a week. */
const QUEUEING: ReadonlySet<string> = new Set(["backup-group", "restore-group", "compare-group"]);
const WEEK = 7 * 24 * HOUR;

describe.each(NAMES)("the largest run of %s", (name) => {
  const machine = machineOf(name);

  it(`stays below ${HISTORY_EVENTS} events`, () => {
    const visited = VISITS[name] ?? {};
    for (const state of Object.keys(visited)) expect(Object.keys(machine.States), `${name}.${state}`).toContain(state);
    const reckoned = 2 + total(machine, name, visited) + (QUEUEING.has(name) ? turns(machine, WEEK) : 0);
    expect(reckoned).toBeGreaterThan(10);
    expect(reckoned).toBeLessThan(HISTORY_EVENTS);
  });

  it("knows every loop: a state that can be reached from itself is counted", () => {
    const visited = VISITS[name] ?? {};
    for (const [state, targets] of reachable(machine))
      if (targets.has(state)) expect(visited[state], `${name}.${state} is in a loop`).toBeGreaterThan(0);
  });

  it("has a map for each number of items that is reckoned with, and no other", () => {
    for (const [state, each] of Object.entries(machine.States))
      if (each.Type === "Map") expect(ITEMS[`${name}.${state}`], `${name}.${state}`).toBeGreaterThan(0);
  });

  it("is a definition that Step Functions takes", () => {
    // Each placeholder becomes an ARN, which is longer.
    expect(text(name).replaceAll(/\$\{[^}]+\}/g, "x".repeat(200)).length).toBeLessThan(DEFINITION_BYTES);
  });
});

describe("what is handed on", () => {
  const id = "00000000-0000-4000-8000-000000000000";
  const size = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
  /** An error's cause as AWS cuts it, with everything escaped once more by a parent's copy. */
  const error = { Error: "x".repeat(256), Cause: '"'.repeat(32_768) };

  it("fits 256 KiB for 256 members", () => {
    const prepared = { members: Array.from({ length: MEMBERS }, () => id) };
    expect(size({ checkpointId: id, prepared, error })).toBeLessThan(PAYLOAD_BYTES);
    expect(size(Array.from({ length: MEMBERS }, () => ({})))).toBeLessThan(PAYLOAD_BYTES);
  });

  it("fits 256 KiB for a member of 64 TiB and a restore of it", () => {
    const numbered = { groups: groups.map((_, i) => i) };
    expect(groups.length).toBeGreaterThan(100);
    const member = { backupId: id, run: { open: true, fence: 1e9 }, attempt: { number: 2, unchanged: false } };
    expect(size({ ...member, plan: numbered, capture: { ready: true }, error })).toBeLessThan(PAYLOAD_BYTES);
    const finished = { done: true, ...numbered };
    expect(size({ backupId: id, taskId: id, plan: numbered, finished, error })).toBeLessThan(PAYLOAD_BYTES);
  });

  it("is a name of at most 80 characters for every child", () => {
    expect(`${id}-${1e9}-${ATTEMPTS}-${MOST_GROUPS}`.length).toBeLessThanOrEqual(80);
    expect(`${id}-compare-${MOST_GROUPS}`.length).toBeLessThanOrEqual(80);
  });
});

describe("20 vaults at one minute", () => {
  const concurrency = (name: WorkflowName, state: string): number => {
    const found = machineOf(name).States[state];
    return found?.Type === "Map" ? (found.MaxConcurrency ?? 0) : 0;
  };
  const members = concurrency("backup", "Members");
  const perMember = concurrency("backup-member", "Groups");

  it("open no more Map Runs than an account has", () => {
    // Only distributed maps are Map Runs; one per member at work is what there could be if the groups' map became one.
    const distributed = NAMES.filter((name) => /"DISTRIBUTED"/.test(text(name))).length;
    expect(20 * members * distributed).toBeLessThanOrEqual(OPEN_MAP_RUNS);
    expect(distributed).toBe(0);
  });

  it("open no more executions than an account has, with bounded members and groups", () => {
    expect(members).toBeGreaterThan(0);
    expect(members).toBeLessThanOrEqual(16);
    expect(perMember).toBeGreaterThan(0);
    expect(20 * (1 + members * (1 + perMember))).toBeLessThan(OPEN_EXECUTIONS / 100);
  });
});

it("a disk of 64 TiB is cut into as many leaves as it has, whatever the groups", () => {
  expect(groups.reduce((sum, g) => sum + g.endLeaf - g.firstLeaf, 0)).toBe(leavesOf(DISK));
});

/** For each state the states that can follow it, by any way. */
function reachable(machine: States): ReadonlyMap<string, ReadonlySet<string>> {
  const next = new Map<string, readonly string[]>();
  for (const [name, state] of Object.entries(machine.States)) {
    const targets: (string | undefined)[] = [];
    if ("Next" in state) targets.push(state.Next);
    if ("Catch" in state) targets.push(...(state.Catch ?? []).map((c) => c.Next));
    if (state.Type === "Choice") targets.push(state.Default, ...state.Choices.map((c) => c.Next));
    next.set(
      name,
      targets.filter((t): t is string => t !== undefined),
    );
  }
  return new Map(
    [...next.keys()].map((from) => {
      const seen = new Set<string>();
      const queue = [...(next.get(from) ?? [])];
      for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
        if (seen.has(state)) continue;
        seen.add(state);
        queue.push(...(next.get(state) ?? []));
      }
      return [from, seen];
    }),
  );
}
