/** The record store of a process that can die at any call, and that tells an observer of every write that happened. */
import type { RecordStore, Write } from "../../core/ports/record-store.ts";

/** Where a process dies: at its `at`-th call from now, reads included. */
export interface Death {
  readonly at: number;
  /** The call happens, and its answer is lost. */
  readonly lost: boolean;
}

export interface MortalStore extends RecordStore {
  /** Plans the death of this process; undefined = it lives on. */
  arm(death: Death | undefined): void;
  /** It dies now. */
  kill(): void;
  readonly dead: boolean;
}

export class ProcessDied extends Error {
  override readonly name = "ProcessDied";
}

/**
 * @param observe told of writes that were committed, each exactly once, in the order of their commits
 * @param spoil what a broken rule makes of writes: tests of the checks leave something out, or change it
 */
export function mortalStore(
  store: RecordStore,
  observe: (writes: readonly Write[]) => void,
  spoil: (writes: readonly Write[]) => readonly Write[] = (writes) => writes,
): MortalStore {
  let death: Death | undefined;
  let calls = 0;
  let dead = false;

  async function call<T>(work: () => Promise<T>): Promise<T> {
    if (dead) throw new ProcessDied("the process is dead");
    const now = death;
    const dying = now !== undefined && ++calls >= now.at;
    if (dying) dead = true;
    if (dying && !now.lost) throw new ProcessDied("the process died before a call");
    const result = await work();
    if (dead) throw new ProcessDied("the process died before an answer came");
    return result;
  }

  return {
    arm(planned) {
      death = planned;
      calls = 0;
    },
    kill() {
      dead = true;
    },
    get dead() {
      return dead;
    },
    get: (key, options) => call(() => store.get(key, options)),
    getMany: (keys, options) => call(() => store.getMany(keys, options)),
    query: (query) => call(() => store.query(query)),
    count: (index, pk) => call(() => store.count(index, pk)),
    write: (write) =>
      call(async () => {
        const [spoilt] = spoil([write]);
        if (spoilt === undefined || spoilt.op === "check") return;
        await store.write(spoilt);
        observe([spoilt]);
      }),
    transact: (writes) =>
      call(async () => {
        const spoilt = spoil(writes);
        if (spoilt.length === 0) return;
        await store.transact(spoilt);
        observe(spoilt);
      }),
  };
}
