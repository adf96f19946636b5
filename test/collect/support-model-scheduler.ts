/** Who goes on, and how far? Actors stop before each of their calls to a store; only the schedule lets them go on. */

/** An actor that never stops, never parks and never ends: a fault of the model itself. */
class Stuck extends Error {
  override readonly name = "Stuck";
}

const TURNS = 500;

/** One program of real code. Its calls take turns; whoever never gets another is dead, and never knows. */
export class Actor {
  readonly name: string;
  readonly #program: (actor: Actor) => Promise<void>;
  readonly #parked: (() => void)[] = [];
  #left = 0;
  #begun = false;
  done = false;
  failure: unknown;

  constructor(name: string, program: (actor: Actor) => Promise<void>) {
    this.name = name;
    this.#program = program;
  }

  /** To be awaited before each call to a store: undefined while the actor may go on. */
  turn(): Promise<void> | undefined {
    if (this.#left > 0) {
      this.#left--;
      return undefined;
    }
    return new Promise((resolve) => this.#parked.push(resolve));
  }

  /** Lets the actor make so many calls, or come to its end. */
  async step(calls: number): Promise<void> {
    this.#left = calls;
    if (!this.#begun) this.#begin();
    for (let turns = 0; !this.done; ) {
      if (this.#parked.length > 0) {
        if (this.#left <= 0) return;
        this.#left--;
        this.#parked.shift()?.();
      } else if (turns++ > 0) {
        // The engine itself gives way to the event loop now and then.
        if (turns > TURNS) throw new Stuck(this.name);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await drained();
    }
  }

  #begin(): void {
    this.#begun = true;
    this.#program(this)
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.done = true;
      });
  }
}

/** Everything that can go on without a turn has gone on: ticks come when no promise is left to be settled. */
const drained = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
