/** How do writes that arrive together share one fsync? */
import type { DatabaseSync } from "node:sqlite";
import { Throttled } from "../../../core/ports/record-store.ts";

/** Writes in one commit at most: more would keep the event loop from answering requests. */
const GROUP = 256;
/** SQLite's result code for "another connection holds the lock", in the low byte of `errcode`. */
const SQLITE_BUSY = 5;

export interface CommitQueue {
  /** Runs the work inside a transaction; settles only after that was committed. Work that throws changes nothing. */
  run<T>(work: () => T): Promise<T>;
  /** Commits all that waits, at once. */
  drain(): void;
}

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Collects the work of one turn of the event loop into one transaction, a savepoint each, in the order of arrival. */
export function createCommitQueue(db: DatabaseSync): CommitQueue {
  const waiting: Job[] = [];
  let planned: NodeJS.Immediate | undefined;

  function plan(): void {
    if (waiting.length > 0) planned ??= setImmediate(flush);
  }
  function flush(): void {
    planned = undefined;
    commit(db, waiting.splice(0, GROUP));
    plan();
  }
  return {
    run<T>(work: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: (value) => resolve(value as T), reject });
        plan();
      });
    },
    drain() {
      if (planned !== undefined) clearImmediate(planned);
      planned = undefined;
      while (waiting.length > 0) commit(db, waiting.splice(0, GROUP));
    },
  };
}

function commit(db: DatabaseSync, jobs: readonly Job[]): void {
  let outcomes: readonly Outcome[];
  try {
    db.exec("BEGIN IMMEDIATE");
    outcomes = jobs.map((job) => attempt(db, job));
    db.exec("COMMIT");
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK");
    // Refusals too: they may rest on a write of this group that now never happened.
    const error = describe(cause);
    for (const job of jobs) job.reject(error);
    return;
  }
  jobs.forEach((job, i) => {
    const outcome = outcomes[i] as Outcome;
    if ("error" in outcome) job.reject(outcome.error);
    else job.resolve(outcome.value);
  });
}

function attempt(db: DatabaseSync, job: Job): Outcome {
  db.exec("SAVEPOINT job");
  try {
    const value = job.work();
    db.exec("RELEASE job");
    return { value };
  } catch (error) {
    // A full disk or an I/O error may have rolled back everything: then the whole group failed.
    if (!db.isTransaction) throw error;
    db.exec("ROLLBACK TO job; RELEASE job");
    return { error };
  }
}

function describe(cause: unknown): Error {
  const { errcode, message } = cause as { readonly errcode?: number; readonly message: string };
  if (errcode !== undefined && (errcode & 0xff) === SQLITE_BUSY) {
    return new Throttled("another process holds the record file, nothing was written", { cause });
  }
  return new Error(`cannot write records: ${message}`, { cause });
}
