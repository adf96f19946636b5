/** Errors as plain data: structured cloning forgets the class of an error, and callers decide by it. */
import { FormatTooNew } from "../../core/engine/errors.ts";
import { SourceChanged, TargetUnusable } from "../../core/ports/blocks.ts";
import { ChangeListWrong, Damaged, Interrupted, SealRefused, SourceDiffers } from "../../core/ports/data-plane.ts";
import { ObjectMissing, RangeUnavailable, StoreFailed, StoreFull } from "../../core/ports/object-store.ts";

/** An error on its way between threads. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of Damaged and FormatTooNew. */
  readonly object: string | undefined;
}

const BY_NAME: Readonly<Record<string, new (message: string) => Error>> = {
  ChangeListWrong,
  SourceChanged,
  SourceDiffers,
  TargetUnusable,
  Interrupted,
  SealRefused,
  ObjectMissing,
  RangeUnavailable,
  StoreFailed,
  StoreFull,
  RangeError,
  TypeError,
};

/** Keeps name, message, stack and the damaged object; the causes are told in the message. */
export function toPlain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined, object: undefined };
  const object = error instanceof Damaged || error instanceof FormatTooNew ? error.object : undefined;
  return { name: error.name, message: error.message, stack: error.stack, object };
}

/** An error of the same class, message and stack; plain Error for classes that no port names. */
export function fromPlain(plain: PlainError): Error {
  const error = rebuild(plain);
  error.message = plain.message;
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}

function rebuild({ name, message, object }: PlainError): Error {
  if (name === "Damaged" && object !== undefined) return new Damaged(object, message);
  if (name === "FormatTooNew" && object !== undefined) return new FormatTooNew(object, message);
  const known = BY_NAME[name];
  return known === undefined ? new Error(message) : new known(message);
}
