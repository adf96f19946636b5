/** Who writes down that something changes? Every change: before it happens, or in the very transaction that makes it. */
import { ConditionFailed, type Key, type Write } from "../../ports/record-store.ts";
import { type Trace, traceKey } from "../records/audit.ts";
import { insertAt, replaceAt } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { openHour } from "./open-hours.ts";

type TraceServices = Pick<Services, "records" | "now" | "newId" | "log">;

/** What a trace says from the beginning. */
export type TraceAbout = Pick<Trace, "projectId" | "event" | "kind" | "resource" | "user" | "requestId" | "sourceIp">;
/** What is known once it is over. */
export type TraceEnd = Pick<Trace, "status" | "code"> & {
  readonly outcome: NonNullable<Trace["outcome"]>;
  /** What was not known at the beginning: the id of what was created, its name. */
  readonly resource?: { readonly id?: string | undefined; readonly name?: string | undefined };
};

/** A change that is traced and not over yet. */
export interface OpenTrace {
  readonly key: Key;
  readonly trace: Trace;
}

/**
 * Writes down that a change is about to be tried. Whoever then dies has left a trace without outcome, which is sealed as
 * `unknown`: no change is without a trace, whenever the process ends.
 */
export async function beginTrace(s: TraceServices, about: TraceAbout): Promise<OpenTrace> {
  const open = await place(s, about);
  // A new id: loses to nobody.
  await s.records.write(insertAt({ key: open.key }, open.trace));
  return open;
}

/** Adds how it ended. The change has happened by now: a store that fails here costs a log line, not the answer. */
export async function endTrace(s: TraceServices, { key, trace }: OpenTrace, end: TraceEnd): Promise<void> {
  try {
    // Loses to the tick, which has sealed the hour with this outcome unknown.
    await s.records.write(replaceAt({ key }, { ...ended(s, trace, end), v: 1 }));
  } catch (error) {
    const text =
      error instanceof ConditionFailed ? "a change took longer than its trace was open" : "outcome not traced";
    s.log({ level: "error", text, trace: trace.id, outcome: end.outcome, error: String(error) });
  }
}

/**
 * The write that traces what happens without a request (an expiry, a scheduled run): for the transaction that makes the
 * change, so that there is both or neither.
 */
export async function traceWrite(s: TraceServices, about: TraceAbout, end: TraceEnd): Promise<Write> {
  const { key, trace } = await place(s, about);
  return insertAt({ key }, ended(s, trace, end));
}

/** The same by itself, for changes that are no transaction: called before the change, a crash leaves at most a trace too many. */
export async function recordTrace(s: TraceServices, about: TraceAbout, end: TraceEnd): Promise<void> {
  const { key, trace } = await place(s, about);
  // A new id: loses to nobody.
  await s.records.write(insertAt({ key }, ended(s, trace, end)));
}

async function place(s: TraceServices, about: TraceAbout): Promise<OpenTrace> {
  const at = s.now();
  const id = `${String(at).padStart(13, "0")}-${s.newId().replaceAll("-", "").slice(-12)}`;
  const label = await openHour(s, about.projectId, at);
  return { key: traceKey(about.projectId, label, at, id), trace: { ...about, schema: 1, id, at } };
}

function ended(s: TraceServices, trace: Trace, { resource, ...end }: TraceEnd): Trace {
  const { id = trace.resource.id, name = trace.resource.name } = resource ?? {};
  return { ...trace, ...end, resource: { ...trace.resource, id, name }, endedAt: s.now() };
}
