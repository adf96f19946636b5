/** At which moment shall a service process kill itself, and what does it leave written about that moment? */

/** A step inside a task, seen from outside: the n-th of its kind in all threads of that kind since the task (or, without a task, the arming) began. */
export interface CallMoment {
  /** COMMIT of the record file, or a call on the object folder. */
  readonly call: "commit" | "link" | "rename" | "unlink";
  readonly nth: number;
  readonly when: "before" | "after";
  /** Where the call is made: transfers and restores run in worker threads. Default: main. */
  readonly thread?: "main" | "worker";
}

/**
 * One kill. Without `task` the count begins when the plan is armed (an API request); `in` is measured in milliseconds after
 * the task has begun, or in calls.
 */
export interface KillPlan {
  readonly id: string;
  /** Name of the task, as in `${backup-member.seal}`; a child workflow is CHILD. */
  readonly task?: string;
  /** Which visit of the task since the arming; default 1. */
  readonly visit?: number;
  readonly at: "before" | "effect" | "recorded" | { readonly ms: number } | CallMoment;
}

/** How the hooks call the task state of a parent that waits for its child workflow. */
export const CHILD = "arn:aws:states:::states:startExecution.sync:2";

/** What stood in the record file when the process died: nothing of a transaction that was not committed. */
export interface JournalState {
  /** Executions that have not ended. */
  readonly open: readonly string[];
  /** States whose outcome is in the journal of such an execution, with how often. */
  readonly entries: Readonly<Record<string, number>>;
  readonly unitsPublished: number;
  readonly unitsConfirmed: number;
  readonly openRuns: number;
}

/** Written just before the kill. */
export interface Moment {
  readonly plan: KillPlan;
  readonly thread: "main" | "worker";
  /** Had the task begun, and not returned yet? (Only known to the main thread.) */
  readonly inside: boolean;
  /** Milliseconds since the task began, or since the plan was first seen. */
  readonly afterMs: number;
  readonly journal: JournalState;
}

/** The journal in one line of a table. */
export function journalText({ open, entries, unitsPublished, unitsConfirmed, openRuns }: JournalState): string {
  const states = Object.entries(entries).map(([state, n]) => (n === 1 ? state : `${state} x${n}`));
  const units =
    unitsPublished + unitsConfirmed > 0 ? `, units ${unitsPublished} published ${unitsConfirmed} confirmed` : "";
  return `${open.length} open, ${openRuns} run${openRuns === 1 ? "" : "s"}; [${states.join(" ")}]${units}`;
}
