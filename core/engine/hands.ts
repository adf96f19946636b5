/** Who does the block work of a unit: one or more pairs of hands, in this thread or in others. */
import type { CompareUnit, RestoreUnit, TransferUnit, UnitHooks, VerifyUnit } from "../ports/data-plane.ts";
import type { Slot } from "./leaf.ts";
import type { WrittenPack } from "./pack-stream.ts";
import type { FramePlace } from "./places.ts";

/** The operations that have block work, with their units. */
export interface Units {
  readonly transfer: TransferUnit;
  readonly restore: RestoreUnit;
  readonly compare: CompareUnit;
  readonly verify: VerifyUnit;
}
export type Operation = keyof Units;

/** Blocks of one leaf that are worked at a time. */
export interface Stretch {
  readonly leaf: number;
  /** The first block, counted from the leaf's first. */
  readonly first: number;
  /** Bytes of disk: full blocks, and what is left for the last one. */
  readonly bytes: number;
  /** One a block; for a transfer what the parent has there, which may be less. */
  readonly slots: readonly Slot[];
}

export interface TransferStretch extends Stretch {
  /** How many of the blocks, from the first one, the parent is known to have: there a missing slot means zeros. */
  readonly known: number;
}

/** What a transfer made of a stretch. */
export interface TransferredStretch {
  /** Undefined when every slot is the parent's, as it was given. */
  readonly slots: readonly Slot[] | undefined;
  readonly read: number;
  readonly nonZero: number;
  readonly changed: number;
}

/** Every pair of hands is closed in the end; closing after a failure gives up what is half done. */
interface Closable {
  close(): Promise<void>;
}
export interface TransferHand extends Closable {
  stretch(ask: TransferStretch): Promise<TransferredStretch>;
  /** Stores a leaf. */
  leaf(plain: Buffer): Promise<FramePlace>;
  /** Puts what is left; all packs of this hand, once every one of them is durable. */
  finish(): Promise<readonly WrittenPack[]>;
}
export interface RestoreHand extends Closable {
  write(ask: Stretch): Promise<{ readonly written: number; readonly zeroed: number }>;
  /** What was written survives power loss. */
  sync(): Promise<void>;
  /** Compares with what the target gives back. @returns bytes */
  readBack(ask: Stretch): Promise<number>;
}
export interface CompareHand extends Closable {
  /** @returns bytes found equal @throws SourceDiffers */
  compare(ask: Stretch): Promise<number>;
}
export interface VerifyHand extends Closable {
  /** Decodes and hashes. @returns the objects found damaged, each once, with the first reason */
  check(ask: Stretch): Promise<readonly { readonly object: string; readonly reason: string }[]>;
}

/** The hands of each operation. */
export interface HandOf {
  readonly transfer: TransferHand;
  readonly restore: RestoreHand;
  readonly compare: CompareHand;
  readonly verify: VerifyHand;
}

/** Where hands come from: a host lends as many as are free, at least one. */
export interface Hands {
  /** Each one has opened the unit's source or target for itself. @throws what opening throws, Interrupted */
  open<O extends Operation>(operation: O, unit: Units[O], hooks: UnitHooks): Promise<readonly HandOf[O][]>;
}

/** Each pair of hands takes the next thing until there is none. After a failure nobody takes another; the first one is thrown. */
export async function workWith<H, T>(
  hands: readonly H[],
  next: () => T | undefined | Promise<T | undefined>,
  each: (hand: H, item: T) => Promise<void>,
): Promise<void> {
  let failed = false;
  await askAll(hands, async (hand) => {
    try {
      for (let item = await next(); item !== undefined && !failed; item = await next()) await each(hand, item);
    } catch (error) {
      failed = true;
      throw error;
    }
  });
}

/** Asks all hands the same and waits for every answer; of several failures the first is thrown. */
export async function askAll<H, R>(hands: readonly H[], ask: (hand: H) => Promise<R>): Promise<readonly R[]> {
  const failures: unknown[] = [];
  const answers = await Promise.all(
    hands.map((hand) => ask(hand).catch((error: unknown) => void failures.push(error))),
  );
  if (failures.length > 0) throw failures[0];
  return answers as readonly R[];
}

/** Closes all hands; of several failures the first is thrown. */
export async function closeHands(hands: readonly Closable[]): Promise<void> {
  await askAll(hands, (hand) => hand.close());
}
