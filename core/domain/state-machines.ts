/**
 * Which statuses follow which (cbr-behaviour §23.2), as data: state × event → state. Every status that is stored comes out of
 * `next`, and `checkMove` stands before every write: a move that is not here is a defect, never a record. What a request meets in
 * a state that does not take it is refused by the matrix (matrix.ts).
 */
import type { BackupStatus, BindingStatus, MemberStatus, TaskStatus, VaultStatus } from "./statuses.ts";

/** The states of one kind of thing. */
export interface Machine<S extends string, E extends string> {
  readonly of: string;
  /** In which states it appears. */
  readonly begins: readonly S[];
  readonly moves: { readonly [state in S]: { readonly [event in E]?: S } };
  /** In which states it may go. */
  readonly ends: readonly S[];
}

/** `lock` is never seen here: an expansion is one write. A frozen vault is released before it is deleted (CAP-37). */
export const VAULT: Machine<VaultStatus, "freeze" | "release" | "delete" | "fail"> = {
  of: "vault",
  begins: ["available"],
  moves: {
    available: { freeze: "frozen", delete: "deleting" },
    frozen: { release: "available" },
    deleting: { fail: "error" },
    error: { delete: "deleting" },
  },
  ends: ["deleting"],
};

/**
 * `waiting_*` is never seen: what begins, begins in the request's own transaction. A backup appears `available` when it comes back
 * from the trash. `break`: it lost disks to a removal that has not ended. It goes from any stable state with its resource or vault.
 */
export const BACKUP: Machine<BackupStatus, "seal" | "fail" | "restore" | "finish" | "delete" | "break"> = {
  of: "backup",
  begins: ["protecting", "available"],
  moves: {
    protecting: { seal: "available", fail: "error" },
    available: { restore: "restoring", delete: "deleting", break: "error" },
    restoring: { finish: "available" },
    deleting: { fail: "error", break: "deleting" },
    error: { delete: "deleting", break: "error" },
  },
  ends: ["available", "deleting", "error"],
};

/**
 * A resource in a vault (protect_status). It leaves one vault, and appears in the other one as `migrating`, in one transaction;
 * there it becomes again what it was.
 */
export const RESOURCE: Machine<
  BindingStatus,
  "backup" | "restore" | "remove" | "seal" | "fail" | "mend" | "breakOff" | "arrive" | "arriveBroken"
> = {
  of: "resource in a vault",
  begins: ["available", "migrating"],
  moves: {
    available: { backup: "protecting", restore: "restoring", remove: "removing" },
    protecting: { seal: "available", fail: "error" },
    restoring: { mend: "available", breakOff: "error" },
    removing: { fail: "error" },
    migrating: { arrive: "available", arriveBroken: "error" },
    error: { backup: "protecting", restore: "restoring", remove: "removing" },
  },
  ends: ["removing", "available", "error"],
};

/** A backup seen from its checkpoint, whose own status is folded from these. `return`: it comes back from the trash. */
export const MEMBER: Machine<MemberStatus, "seal" | "fail" | "delete" | "return"> = {
  of: "member of a checkpoint",
  begins: ["protecting"],
  moves: {
    protecting: { seal: "available", fail: "error" },
    available: { delete: "deleted" },
    error: { delete: "dropped" },
    deleted: { return: "available" },
    dropped: {},
  },
  ends: [],
};

/** Task or operation log (TSK-06). Recorded when the work begins, so `waiting` is over by then; a skipped one never began. */
export const TASK: Machine<TaskStatus, "start" | "skip" | "success" | "failed" | "timeout"> = {
  of: "task",
  begins: ["running", "skipped"],
  moves: {
    waiting: { start: "running", skip: "skipped" },
    running: { success: "success", failed: "failed", timeout: "timeout" },
    success: {},
    failed: {},
    timeout: {},
    skipped: {},
  },
  ends: [],
};

/** A defect; or what was read at two instants does not fit together, then who reads it again finds it legal (core/app/retry.ts). */
export class IllegalTransition extends Error {
  override readonly name = "IllegalTransition";
}

/** What a status is after an event. @throws IllegalTransition when nothing leads on from there */
export function next<S extends string, E extends string>(machine: Machine<S, E>, state: S, event: E): S {
  const to = machine.moves[state][event];
  if (to === undefined)
    throw new IllegalTransition(`illegal transition: a ${machine.of} that is ${state} does not take "${event}"`);
  return to;
}

/**
 * May something that was `from` be written as `to`? Undefined: it was not there, it goes. Staying what it is, is no move.
 * @throws IllegalTransition
 */
export function checkMove<S extends string>(machine: Machine<S, string>, from: S | undefined, to: S | undefined): void {
  if (from === to) return;
  const legal =
    from === undefined
      ? to !== undefined && machine.begins.includes(to)
      : to === undefined
        ? machine.ends.includes(from)
        : Object.values(machine.moves[from]).includes(to);
  if (!legal)
    throw new IllegalTransition(
      `illegal transition: a ${machine.of} does not go from ${from ?? "nothing"} to ${to ?? "nothing"}`,
    );
}
