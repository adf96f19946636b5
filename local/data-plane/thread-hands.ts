/** Hands in worker threads, as the coordinator of a unit sees them. */
import type { CompareHand, HandOf, Operation, RestoreHand, TransferHand, VerifyHand } from "../../core/engine/hands.ts";
import { decodeSlots } from "../../core/engine/leaf.ts";
import type { WrittenPack } from "../../core/engine/pack-stream.ts";
import type { FramePlace } from "../../core/engine/places.ts";
import { toPlainStretch } from "./messages.ts";
import type { WorkerThread } from "./worker-thread.ts";

/** A hand whose unit was opened in the thread; `release` gives the thread back. */
type Make<H> = (thread: WorkerThread, close: () => Promise<void>) => H;

const transfer: Make<TransferHand> = (thread, close) => ({
  async stretch(ask) {
    const done = (await thread.ask({ call: "stretch", stretch: toPlainStretch(ask, ask.known) })) as Counts & {
      readonly slots: Uint8Array | undefined;
    };
    return { ...done, slots: done.slots && decodeSlots(done.slots) };
  },
  leaf: (plain) => thread.ask({ call: "leaf", plain }) as Promise<FramePlace>,
  async finish() {
    const written = (await thread.ask({ call: "finish" })) as readonly WrittenPack[];
    return written.map((pack) => ({ ...pack, tag: Buffer.from(pack.tag) }));
  },
  close,
});

const restore: Make<RestoreHand> = (thread, close) => ({
  write: (ask) => thread.ask({ call: "write", stretch: toPlainStretch(ask) }) as ReturnType<RestoreHand["write"]>,
  sync: () => thread.ask({ call: "sync" }) as Promise<void>,
  readBack: (ask) => thread.ask({ call: "readBack", stretch: toPlainStretch(ask) }) as Promise<number>,
  close,
});

const compare: Make<CompareHand> = (thread, close) => ({
  compare: (ask) => thread.ask({ call: "compare", stretch: toPlainStretch(ask) }) as Promise<number>,
  close,
});

const verify: Make<VerifyHand> = (thread, close) => ({
  check: (ask) => thread.ask({ call: "check", stretch: toPlainStretch(ask) }) as ReturnType<VerifyHand["check"]>,
  close,
});

interface Counts {
  readonly read: number;
  readonly nonZero: number;
  readonly changed: number;
}

const MAKERS: { readonly [O in Operation]: Make<HandOf[O]> } = { transfer, restore, compare, verify };

/** The hand of a thread in which a unit was opened. Closing asks the thread to close it, once, and then calls `release`. */
export function handOf<O extends Operation>(operation: O, thread: WorkerThread, release: () => void): HandOf[O] {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      // A thread that died took its source, target and packs along.
      if (thread.alive) await thread.ask({ call: "close" });
    } finally {
      release();
    }
  };
  return MAKERS[operation](thread, () => (closing ??= close()));
}
