/** One process of the long run: histories of stores side by side, until it is told to stop. */
import { fullHistory } from "./store-full.ts";
import { faultHistory } from "./store-history.ts";
import { ChildPool, killHistory } from "./store-kills.ts";
import { type Counted, Tally } from "./store-tally.ts";

export interface ToRunner {
  /** The first history's; each has the next. */
  readonly seed: number;
  readonly minutes: number;
  /** Kills wanted of this process. */
  readonly kills: number;
}
export interface FromRunner {
  /** What has come since the last message. */
  readonly counts?: Counted;
  readonly failure?: string;
}

/** Histories in one process: most of the time each waits for the disk. */
const SIDE_BY_SIDE = 3;
const FULL_HISTORIES = 4;

/** One history again, named `KIND:SEED`. */
export async function oneHistory(name: string, tally: Tally): Promise<void> {
  const [kind, number] = name.split(":");
  const seed = Number(number);
  if (kind === "faults") return faultHistory(seed, tally);
  if (kind === "full") {
    if (!(await fullHistory(seed, tally))) throw new Error("no small file system can be mounted here");
    return;
  }
  if (kind !== "kills" || !Number.isSafeInteger(seed)) throw new Error("name a history: faults:N, kills:N or full:N");
  const pool = new ChildPool();
  await killHistory(seed, tally, pool).finally(() => pool.close());
}

let stopped = false;

async function run({ seed, minutes, kills }: ToRunner): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  let next = seed;
  const goOn = (): boolean => !stopped && performance.now() < end;
  const history = async (work: (seed: number, tally: Tally) => Promise<unknown>): Promise<Tally> => {
    const tally = new Tally();
    try {
      await work(next++, tally);
    } catch (error) {
      process.send?.({ failure: (error as Error).message } satisfies FromRunner);
    }
    process.send?.({ counts: tally } satisfies FromRunner);
    return tally;
  };
  const pool = new ChildPool();
  const killLane = async (): Promise<void> => {
    for (let killed = 0; killed < kills && goOn(); )
      killed += (await history((at, tally) => killHistory(at, tally, pool))).killed;
  };
  const fullLane = async (): Promise<void> => {
    for (let left = FULL_HISTORIES; left > 0 && goOn(); left--) await history(fullHistory);
  };
  const faultLane = async (): Promise<void> => {
    while (goOn()) await history(faultHistory);
  };
  await Promise.all([killLane(), fullLane(), ...Array.from({ length: SIDE_BY_SIDE }, faultLane)]);
  await pool.close();
}

process.on("message", (message: ToRunner | { readonly stop: true }) => {
  if ("stop" in message) stopped = true;
  else run(message).then(() => process.disconnect());
});
