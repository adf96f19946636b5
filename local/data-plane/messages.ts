/** What the pool and its worker threads say to each other. */
import type { CompareUnit, RestoreUnit, TransferUnit, VerifyUnit } from "../../core/ports/data-plane.ts";
import type { JsonObject } from "../../core/ports/record-store.ts";
import type { PlainError } from "./plain-error.ts";

/** The operations that run in worker threads, with their units. */
export interface Units {
  readonly transfer: TransferUnit;
  readonly restore: RestoreUnit;
  readonly compare: CompareUnit;
  readonly verify: VerifyUnit;
}
export type Operation = keyof Units;

/** How a worker gets its objects and blocks: a module that exports `openIo`, and the plain options for it. */
export interface IoModule {
  /** `file:` URL. */
  readonly module: string;
  readonly options: JsonObject;
}

/** Pool to worker: one unit at a time. */
export type ToWorker =
  | { readonly type: "run"; readonly operation: Operation; readonly unit: Units[Operation] }
  | { readonly type: "abort" }
  /** Stop what is running and end the thread: no more messages come. */
  | { readonly type: "end" };

/** Worker to pool. */
export type FromWorker =
  | { readonly type: "progress"; readonly bytes: number }
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "failed"; readonly error: PlainError };
