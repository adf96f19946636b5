/** A quota of requests a second, as services keep it: a bucket of one second's worth that fills up steadily. */

export class Quota {
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #at: number;
  allowed = 0;
  refused = 0;

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = perSecond;
    this.#at = now();
  }

  /** One more request: may it pass? */
  take(): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) {
      this.refused++;
      return false;
    }
    this.#left--;
    this.allowed++;
    return true;
  }
}
