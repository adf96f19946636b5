/**
 * What is recorded of an execution, and under which keys.
 *
 * - `X#<workflow>#<name>` / `A`: the execution: status, input, start and end. ttl: 90 days after its end.
 * - `X#<workflow>#<name>` / `Z`: what it returned (apart from `A`: input and output together may pass an item's 400 KB).
 * - `XOPEN` / `<workflow>#<name>`: there while it has not ended. Read consistently, so that a restart misses none.
 * - `X#<workflow>#<name>` / `J#<hash>`: the journal: one outcome that the machine acted on. Deleted after the end.
 */
import { createHash } from "node:crypto";
import {
  ConditionFailed,
  type Item,
  type JsonObject,
  type JsonValue,
  LimitExceeded,
  type RecordStore,
  TransactionRefused,
  type Write,
} from "../../../core/ports/record-store.ts";
import type { ExecutionStatus, WorkflowName } from "../../../core/ports/workflows.ts";
import { canonical } from "./canonical.ts";
import { AslError, StoreFault } from "./errors.ts";

/** Step Functions keeps an ended execution, and so its name, for 90 days. */
const KEPT_SECONDS = 90 * 86_400;
/** AWS ends an execution after a year. A journal that a crash left behind its ended execution goes then. */
const JOURNAL_SECONDS = 365 * 86_400;

export interface ExecutionKey {
  readonly workflow: WorkflowName;
  readonly name: string;
}

/** How an execution ended. */
export type End =
  | { readonly status: "succeeded"; readonly output: JsonValue }
  | { readonly status: "failed"; readonly error: string; readonly reason: string };

/** What a task, a child or a wait came to. */
export type Outcome =
  | { readonly output: JsonValue }
  | { readonly error: string; readonly reason: string }
  | { readonly until: number };

/** An execution as recorded. `started` and `ended` are epoch milliseconds. */
export interface Execution extends ExecutionKey {
  readonly status: ExecutionStatus;
  readonly input: JsonObject;
  readonly started: number;
  readonly ended?: number;
  readonly end?: End;
}

/** The records of all executions. Everything but `start` turns a failure of the store into {@link StoreFault}. */
export interface Journal {
  /** undefined = an execution of this name exists. */
  start(key: ExecutionKey, input: JsonObject): Promise<Execution | undefined>;
  read(key: ExecutionKey): Promise<Execution | undefined>;
  unfinished(): Promise<readonly ExecutionKey[]>;
  /** The outcome recorded under a step, if there is one. */
  recall(key: ExecutionKey, step: string): Promise<Outcome | undefined>;
  /** Records an outcome; the first one recorded under a step wins, and is what this returns. */
  record(key: ExecutionKey, step: string, state: string, outcome: Outcome): Promise<Outcome>;
  /** Records the end and takes the execution off the list of unfinished ones, in one transaction. */
  end(execution: Execution, end: End): Promise<void>;
  /** Deletes the journal of an execution that has ended. */
  clear(key: ExecutionKey): Promise<void>;
}

/**
 * The name of one step of an execution in its journal.
 *
 * The visit says where in the run we are: the state, inside which map item, for the how-manieth time. Replay is
 * deterministic (every outcome that the machine acted on is recorded, failures too, and nothing else that differs between
 * two runs can be read by a definition), so the same visit comes with the same input. The input is in the name all the
 * same: when a definition or a state before has changed between two runs of the service, the task runs again instead of
 * getting an output made for another input. Two visits with equal input (a loop that polls, two equal map items) are two
 * steps: nothing has to assume that equal input gives equal output.
 */
export function stepName(visit: string, input: JsonValue): string {
  return createHash("sha256")
    .update(`${visit}\n${canonical(input)}`)
    .digest("hex");
}

export function createJournal(records: RecordStore, now: () => number): Journal {
  const pkOf = (key: ExecutionKey) => `X#${key.workflow}#${key.name}`;
  const openKey = (key: ExecutionKey) => ({ pk: "XOPEN", sk: `${key.workflow}#${key.name}` });
  const bodyOf = ({ workflow, name, status, input, started }: Execution) => ({
    workflow,
    name,
    status,
    input,
    started,
  });
  const seconds = () => Math.floor(now() / 1000);

  async function read(key: ExecutionKey): Promise<Execution | undefined> {
    const item = await records.get({ pk: pkOf(key), sk: "A" }, { consistent: true });
    if (item === undefined) return undefined;
    const body = item.body as unknown as Execution & { readonly error?: string; readonly reason?: string };
    const known = { ...bodyOf(body), ...(body.ended === undefined ? {} : { ended: body.ended }) };
    if (body.status === "running") return known;
    if (body.status === "failed") {
      return { ...known, end: { status: "failed", error: body.error ?? "", reason: body.reason ?? "" } };
    }
    const result = await records.get({ pk: pkOf(key), sk: "Z" }, { consistent: true });
    return { ...known, end: { status: "succeeded", output: result?.body.output ?? null } };
  }

  return {
    async start(key, input) {
      const execution: Execution = { ...key, status: "running", input, started: now() };
      try {
        // Two starts of one name race here: one transaction wins, the other one is told "exists".
        await records.transact([
          { op: "put", item: { pk: pkOf(key), sk: "A", v: 1, body: bodyOf(execution) }, if: "absent" },
          { op: "put", item: { ...openKey(key), v: 1, body: { ...key } }, if: "absent" },
        ]);
        return execution;
      } catch (error) {
        if (error instanceof TransactionRefused) return undefined;
        throw error;
      }
    },

    read: (key) => guarded(() => read(key)),

    unfinished: () =>
      guarded(async () => {
        const keys: ExecutionKey[] = [];
        let cursor: string | undefined;
        do {
          const page = await records.query({
            pk: "XOPEN",
            consistent: true,
            limit: 1000,
            ...(cursor === undefined ? {} : { cursor }),
          });
          keys.push(...page.items.map((item) => item.body as unknown as ExecutionKey));
          cursor = page.cursor;
        } while (cursor !== undefined);
        return keys;
      }),

    recall: (key, step) =>
      guarded(async () => outcomeOf(await records.get({ pk: pkOf(key), sk: `J#${step}` }, { consistent: true }))),

    record: (key, step, state, outcome) =>
      guarded(async () => {
        const item: Item = {
          pk: pkOf(key),
          sk: `J#${step}`,
          v: 1,
          ttl: seconds() + JOURNAL_SECONDS,
          body: { state, outcome: outcome as JsonObject },
        };
        try {
          // Races with nobody in a healthy run; should a late attempt have been faster, its outcome is the one to use.
          await records.write({ op: "put", item, if: "absent" });
          return outcome;
        } catch (error) {
          if (error instanceof ConditionFailed) return outcomeOf(error.current) ?? outcome;
          if (error instanceof LimitExceeded) throw new AslError("States.DataLimitExceeded", error.message);
          throw error;
        }
      }),

    end: (execution, end) =>
      guarded(async () => {
        const { output, ...how } = { output: undefined, ...end };
        const ttl = seconds() + KEPT_SECONDS;
        const pk = pkOf(execution);
        const writes: Write[] = [
          // `v: 1` is the running execution: an end is written once and never over another one.
          {
            op: "put",
            item: { pk, sk: "A", v: 2, ttl, body: { ...bodyOf(execution), ...how, ended: now() } },
            if: { v: 1 },
          },
          // `any`: goes with the item above, which is the condition.
          { op: "delete", key: openKey(execution), if: "any" },
        ];
        if (output !== undefined) {
          writes.push({ op: "put", item: { pk, sk: "Z", v: 1, ttl, body: { output } }, if: "any" });
        }
        await records.transact(writes);
      }),

    clear: (key) =>
      guarded(async () => {
        for (;;) {
          const page = await records.query({ pk: pkOf(key), sk: { prefix: "J#" }, consistent: true, limit: 100 });
          // `any`: nobody writes to the journal of an ended execution, and deleting twice is deleting once.
          const writes = page.items.map(({ pk, sk }): Write => ({ op: "delete", key: { pk, sk }, if: "any" }));
          if (writes.length > 0) await records.transact(writes);
          if (page.cursor === undefined) return;
        }
      }),
  };
}

function outcomeOf(item: Item | undefined): Outcome | undefined {
  return item?.body.outcome as Outcome | undefined;
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AslError) throw error;
    throw new StoreFault(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
