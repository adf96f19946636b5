/** Which calls of AWS are to fail, and how? What a test says, and what is decided for each call. */

/** What happens to a call. */
export type Fault =
  /** Refused as the service refuses when it is too much; `code`: another of its names for that. */
  | { readonly kind: "throttle"; readonly code?: string }
  /** Refused, with the service's own 500 or as said. */
  | { readonly kind: "error"; readonly status?: number; readonly code?: string }
  /** The connection ends; `after`: when the call was carried out, so that only its answer is lost. */
  | { readonly kind: "cut"; readonly when: "before" | "after" }
  /** Carried out that much later; not at all when the caller has gone away by then. */
  | { readonly kind: "delay"; readonly ms: number }
  /** One byte of the answer's body is another one; the headers are those of the right bytes. */
  | { readonly kind: "garble" };

/** Calls and their fate. Plain data: it travels as JSON. */
export interface FaultRule {
  /** As signatures name it: `dynamodb`, `s3`, `ebs`, `ec2`, `states`. */
  readonly service: string;
  /** As the API names them; absent: all of the service. */
  readonly operations?: readonly string[];
  /** A text that stands in the path, the query, or a body of JSON or of a form. */
  readonly about?: string;
  /** Calls that pass first. */
  readonly after?: number;
  /** Calls that fail at most; absent: all. */
  readonly times?: number;
  /** Share of the calls that fail, 0 to 1, drawn by chance that is the same in each run; absent: all. */
  readonly rate?: number;
  readonly fault: Fault;
}

/** A call as rules see it. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  /** Path, query and, when it is small text, body. */
  readonly text: string;
}

/** A rule and what it did. */
export interface RuleState {
  readonly id: number;
  readonly rule: FaultRule;
  /** Calls that it is about. */
  readonly seen: number;
  /** Calls that it made fail. */
  readonly hit: number;
}

/** All rules in force; the first that hits a call decides. */
export class FaultRules {
  #lastId = 0;
  readonly #rules = new Map<number, { rule: FaultRule; seen: number; hit: number; random: () => number }>();

  add(rule: FaultRule): number {
    this.#rules.set(++this.#lastId, { rule, seen: 0, hit: 0, random: drawn(7) });
    return this.#lastId;
  }

  remove(id: number): void {
    this.#rules.delete(id);
  }

  states(): readonly RuleState[] {
    return [...this.#rules].map(([id, { rule, seen, hit }]) => ({ id, rule, seen, hit }));
  }

  /** The fault of this call, which is counted; undefined: it passes. */
  decide(call: Call): Fault | undefined {
    for (const state of this.#rules.values()) {
      const { rule } = state;
      if (rule.service !== call.service || rule.operations?.includes(call.operation) === false) continue;
      if (rule.about !== undefined && !call.text.includes(rule.about)) continue;
      state.seen++;
      const isDrawn = state.random() < (rule.rate ?? 1);
      if (state.seen <= (rule.after ?? 0) || state.hit >= (rule.times ?? Number.POSITIVE_INFINITY) || !isDrawn)
        continue;
      state.hit++;
      return rule.fault;
    }
    return undefined;
  }
}

/** Numbers from 0 to below 1, always the same ones of one seed (mulberry32). */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
