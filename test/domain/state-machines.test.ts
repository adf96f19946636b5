/** Do statuses follow each other as §23.2 says, and do states and matrix agree on what a state takes? */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { MATRIX, type Request, type Scope } from "../../core/domain/matrix.ts";
import { obstacle, type Standing } from "../../core/domain/obstacle.ts";
import {
  BACKUP,
  checkMove,
  type Machine,
  MEMBER,
  next,
  RESOURCE,
  TASK,
  VAULT,
} from "../../core/domain/state-machines.ts";
import { checkpointStatus, type MemberStatus } from "../../core/domain/statuses.ts";

type Any = Machine<string, string>;
const MACHINES = [VAULT, BACKUP, RESOURCE, MEMBER, TASK] as unknown as readonly Any[];

/** §23.2, and in `ours` what it does not name. */
const RESEARCHED: Readonly<Record<string, { readonly moves: readonly string[]; readonly ours: readonly string[] }>> = {
  vault: {
    moves: ["available deleting", "available frozen", "frozen available", "deleting error", "error deleting"],
    ours: [],
  },
  backup: {
    moves: [
      "protecting available",
      "protecting error",
      "available restoring",
      "restoring available",
      "available deleting",
      "error deleting",
      "deleting error",
    ],
    // It lost disks to a removal that has not ended.
    ours: ["available error"],
  },
  "resource in a vault": {
    moves: [
      "available protecting",
      "protecting available",
      "protecting error",
      "available restoring",
      "restoring available",
      "restoring error",
      "available removing",
      "error protecting",
    ],
    // What is in error can be mended and can leave; `migrating` has no row there.
    ours: ["error restoring", "error removing", "removing error", "migrating available", "migrating error"],
  },
  "member of a checkpoint": {
    moves: ["protecting available", "protecting error", "available deleted"],
    // A failed one that is deleted, and one that comes back from the trash.
    ours: ["error dropped", "deleted available"],
  },
  task: {
    moves: ["waiting running", "running success", "running failed", "running timeout", "waiting skipped"],
    ours: [],
  },
};

describe.each(MACHINES.map((machine) => [machine.of, machine] as const))("a %s", (of, machine) => {
  const states = Object.keys(machine.moves);
  const moves = Object.entries(machine.moves).flatMap(([from, to]) => Object.values(to).map((end) => `${from} ${end}`));

  it("changes as §23.2 says, and in no other way", () => {
    const changes = new Set(moves.filter((move) => new Set(move.split(" ")).size === 2));
    const { moves: known = [], ours = [] } = RESEARCHED[of] ?? {};
    expect([...changes].sort()).toEqual([...known, ...ours].sort());
  });

  it.each(states)("in state %s takes its events; any other one, and any other change, is a defect", (from) => {
    const events = new Set(Object.values(machine.moves).flatMap((to) => Object.keys(to)));
    for (const event of events) {
      const to = machine.moves[from]?.[event];
      if (to === undefined)
        expect(() => next(machine, from, event)).toThrow(`illegal transition: a ${of} that is ${from}`);
      else expect(next(machine, from, event)).toBe(to);
    }
    for (const to of states) {
      const legal = from === to || moves.includes(`${from} ${to}`);
      if (legal) checkMove(machine, from, to);
      else expect(() => checkMove(machine, from, to)).toThrow(`a ${of} does not go from ${from} to ${to}`);
    }
    const appear = () => checkMove(machine, undefined, from);
    const go = () => checkMove(machine, from, undefined);
    if (machine.begins.includes(from)) appear();
    else expect(appear).toThrow("from nothing");
    if (machine.ends.includes(from)) go();
    else expect(go).toThrow("to nothing");
  });
});

describe("states and matrix", () => {
  const agree: readonly (readonly [Any, Scope, Request, string])[] = [
    [RESOURCE as unknown as Any, "resource", "backup", "backup"],
    [RESOURCE as unknown as Any, "resource", "restore", "restore"],
    [RESOURCE as unknown as Any, "resource", "remove", "remove"],
    [BACKUP as unknown as Any, "backup", "restore", "restore"],
    [BACKUP as unknown as Any, "backup", "delete", "delete"],
    [VAULT as unknown as Any, "vault", "delete-vault", "delete"],
    [VAULT as unknown as Any, "vault", "freeze", "freeze"],
  ];
  const standing = (scope: Scope, state: string): Standing =>
    (scope === "resource" ? { resources: [state] } : { [scope]: state }) as Standing;

  test.each(agree)(
    "of a %o agree: what one refuses the other has no move for (%s, %s)",
    (machine, scope, asked, event) => {
      for (const [state, moves] of Object.entries(machine.moves)) {
        const refused = obstacle(asked, standing(scope, state)) !== undefined;
        // Freezing what is frozen changes nothing.
        if (asked === "freeze" && state === "frozen") continue;
        expect([state, refused]).toEqual([state, moves[event] === undefined]);
      }
    },
  );

  it("have rows for statuses that exist", () => {
    const of = { backup: BACKUP, resource: RESOURCE, elsewhere: RESOURCE, vault: VAULT } as const;
    for (const [scope, rows] of Object.entries(MATRIX) as [Scope, object][])
      for (const state of Object.keys(rows)) expect(Object.keys(of[scope].moves)).toContain(state);
  });

  it("look at the backup first, then at the vault, then at resources", () => {
    const all = {
      backup: "restoring",
      vault: "deleting",
      resources: ["migrating"],
      elsewhere: ["protecting"],
    } as const;
    const { backup: _b, ...noBackup } = all;
    const { vault: _v, ...noVault } = noBackup;
    expect([all, noBackup, noVault].map((at) => obstacle("migrate", at)?.code)).toEqual(["6112", "6112", "6112"]);
    expect([all, noBackup, noVault].map((at) => obstacle("restore", at)?.code)).toEqual(["2010", "6202", "6202"]);
    expect(obstacle("delete", { resources: ["available", "protecting"] })).toMatchObject({
      code: "6216",
      newestOnly: true,
    });
    expect(obstacle("scheduled", { resources: ["removing"] })?.code).toBe("6134");
    expect(obstacle("backup", { vault: "available", resources: ["error"], elsewhere: ["protecting"] })).toBeUndefined();
  });
});

describe("a checkpoint", () => {
  const steps = Object.entries(MEMBER.moves).flatMap(([from, moves]) =>
    Object.entries(moves).map(([event, to]) => ({ from: from as MemberStatus, event, to: to as MemberStatus })),
  );

  it("goes from protecting to available or error and stays that until it is gone, whatever becomes of its members (BKP-26)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(), { maxLength: 30 }), (size, picks) => {
        const members: MemberStatus[] = Array.from({ length: size }, () => "protecting");
        let status = checkpointStatus(members);
        for (const pick of picks) {
          const at = pick % size;
          const open = steps.filter(({ from }) => from === members[at]);
          const step = open[pick % Math.max(1, open.length)];
          if (step === undefined) continue;
          members[at] = step.to;
          const now = checkpointStatus(members);
          if (now !== status) expect([status, now]).toEqual(["protecting", expect.stringMatching(/available|error/)]);
          status = now;
        }
      }),
    );
  });

  it("of which every backup failed stays in error when one of them is deleted", () => {
    expect(checkpointStatus(["dropped", "error"])).toBe("error");
    expect(checkpointStatus(["deleted", "error"])).toBe("available");
  });
});
