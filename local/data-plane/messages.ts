/** What the pool and its worker threads say to each other. */
import type { Operation, Stretch, TransferStretch, Units } from "../../core/engine/hands.ts";
import { decodeSlots, encodeSlots } from "../../core/engine/leaf.ts";
import type { JsonObject } from "../../core/ports/record-store.ts";
import type { PlainError } from "./plain-error.ts";

/** How a worker gets its objects and blocks: a module that exports `openIo`, and the plain options for it. */
export interface IoModule {
  /** `file:` URL. */
  readonly module: string;
  readonly options: JsonObject;
  /** The threads give way to whatever else the process does: it answers requests. */
  readonly background?: boolean;
}

/** What a pair of hands is asked; a thread does one thing at a time. */
export type Ask =
  | { readonly call: "stretch"; readonly stretch: PlainStretch }
  | { readonly call: "leaf"; readonly plain: Uint8Array }
  | { readonly call: "finish" | "sync" | "close" }
  | { readonly call: "write" | "readBack" | "compare" | "check"; readonly stretch: PlainStretch };

/** Pool to worker. */
export type ToWorker =
  | { readonly type: "open"; readonly operation: Operation; readonly unit: Units[Operation] }
  | { readonly type: "ask"; readonly ask: Ask }
  | { readonly type: "abort" }
  /** Stop what is running and end the thread: no more messages come. */
  | { readonly type: "end" };

/** Worker to pool. */
export type FromWorker =
  | { readonly type: "progress"; readonly bytes: number }
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "failed"; readonly error: PlainError };

/** A stretch whose slots are one piece of bytes: a hundred entries would be cloned one by one. */
export interface PlainStretch extends Omit<TransferStretch, "slots"> {
  readonly slots: Uint8Array;
}

export function toPlainStretch({ leaf, first, bytes, slots }: Stretch, known = 0): PlainStretch {
  return { leaf, first, bytes, known, slots: encodeSlots(slots) };
}

export function fromPlainStretch({ slots, ...rest }: PlainStretch): TransferStretch {
  return { ...rest, slots: decodeSlots(slots) };
}
