/** What becomes of each pack, and why? Facts in, decisions out: nothing here looks at a clock, a store or a record. */
import type { PackDecision, Waits } from "../../ports/collection.ts";
import type { Avoided, AvoidSet } from "../avoid-set.ts";
import type { ListedPack } from "./mark.ts";
import type { LivePack } from "./marks.ts";

const DAY_MS = 24 * 3600 * 1000;

/**
 * A condemned pack goes a day after at the earliest. A belt, not the proof: it leaves a person time to stop a collection that
 * condemns what it should not.
 */
export const BELT_MS = DAY_MS;

/** A pack that nothing refers to is left alone so long: condemning that of a unit about to publish costs another attempt. */
export const YOUNG_MS = DAY_MS;

/** Below this share compaction empties a pack: what is stored stays near 1.3 times what lives (docs/adr/0009). */
export const MOVE_BELOW = 0.5;

/** What a collection has seen. */
export interface PlanFacts {
  readonly now: number;
  /** In order of ids. */
  readonly packs: readonly ListedPack[];
  /** Marks by place. */
  readonly live: ReadonlyMap<string, LivePack>;
  readonly avoid: AvoidSet;
  /** Runs that were open when the packs were marked. */
  readonly open: readonly string[];
  readonly waits: Waits;
  readonly below: number;
}

export interface Plan {
  /** In order of ids. */
  readonly decisions: readonly PackDecision[];
  /** The epoch to publish; absent when nothing changes. */
  readonly next?: Pick<AvoidSet, "epoch" | "packs">;
  /** Epochs at which packs were condemned and whose runs nobody has noted: the collector died before it could. */
  readonly unnoted: readonly number[];
  /** Doomed packs that something refers to: never possible by the protocol, so nobody may go on. */
  readonly contradictions: readonly string[];
}

/** Pure. @param facts of one mark, with the avoid-set that was read before it */
export function plan(facts: PlanFacts): Plan {
  const judge = new Judge(facts);
  const listed = new Set(facts.packs.map(({ pack }) => pack));
  const gone = [...facts.avoid.packs.keys()].filter((pack) => !listed.has(pack));
  const decisions = [
    ...facts.packs.map((pack) => judge.listed(pack)),
    ...gone.map((pack): PackDecision => ({ pack, size: 0, verdict: "forget", reason: "it is gone" })),
  ].sort((a, b) => (a.pack < b.pack ? -1 : 1));
  const changed = judge.changed || gone.length > 0 || facts.avoid.unreadable;
  const { unnoted, contradictions } = judge;
  return {
    decisions,
    ...(changed && { next: { epoch: judge.epoch, packs: judge.next } }),
    unnoted: [...unnoted],
    contradictions,
  };
}

class Judge {
  readonly #facts: PlanFacts;
  readonly #open: ReadonlySet<string>;
  readonly epoch: number;
  readonly next = new Map<string, Avoided>();
  readonly unnoted = new Set<number>();
  readonly contradictions: string[] = [];
  changed = false;

  constructor(facts: PlanFacts) {
    this.#facts = facts;
    this.#open = new Set(facts.open);
    this.epoch = facts.avoid.epoch + 1;
  }

  listed(pack: ListedPack): PackDecision {
    const live = this.#facts.live.get(pack.pack);
    const before = this.#facts.avoid.packs.get(pack.pack);
    if (before?.doomed === true) return this.#doomed(pack, before, live !== undefined);
    if (live !== undefined) return this.#referredTo(pack, live, before);
    if (before?.condemned === true) return this.#condemned(pack, before);
    return this.#unreferred(pack, before);
  }

  #doomed({ pack, size }: ListedPack, before: Avoided, live: boolean): PackDecision {
    this.next.set(pack, before);
    if (live) this.contradictions.push(pack);
    const reason = `doomed at epoch ${before.since}, to be deleted`;
    return { pack, size, verdict: "doom", reason: live ? `${reason}, although something refers to it` : reason };
  }

  #referredTo({ pack, size }: ListedPack, live: LivePack, before: Avoided | undefined): PackDecision {
    const share = size === 0 ? 1 : Math.min(1, live.bytes / size);
    const text = `${Math.round(share * 100)} % of it is live, ${live.count} of ${live.frames} frames`;
    if (before?.quarantined === true) this.next.set(pack, { ...before, condemned: false });
    if (before?.condemned === true) {
      this.changed = true;
      const reason = `referred to after it was condemned at epoch ${before.since}: ${text}`;
      return { pack, size, verdict: "pardon", reason, live: share };
    }
    const avoided = before !== undefined;
    const move = !avoided && share < this.#facts.below;
    const reason = avoided ? `damaged, and ${text}` : move ? `${text}: to be moved` : text;
    return { pack, size, verdict: "keep", reason, live: share, ...(move && { move }) };
  }

  #unreferred({ pack, size, modifiedAt }: ListedPack, before: Avoided | undefined): PackDecision {
    const { now, avoid } = this.#facts;
    // Without a readable avoid-set nobody knows what was doomed: everything that nothing refers to is condemned afresh.
    const young = modifiedAt !== undefined && Math.abs(now - modifiedAt) < YOUNG_MS && !avoid.unreadable;
    if (young) {
      if (before !== undefined) this.next.set(pack, before);
      return { pack, size, verdict: "young", reason: "nothing refers to it, but it is younger than a day" };
    }
    this.changed = true;
    const quarantined = before?.quarantined === true;
    this.next.set(pack, { condemned: true, quarantined, doomed: false, since: this.epoch, at: now });
    return { pack, size, verdict: "condemn", reason: "nothing refers to it" };
  }

  #condemned({ pack, size }: ListedPack, before: Avoided): PackDecision {
    const { now, waits } = this.#facts;
    const noted = waits.get(before.since);
    if (noted === undefined) this.unnoted.add(before.since);
    // Whoever was open when the epoch was published is closed, or is open now.
    const blocking = (noted ?? this.#facts.open).filter((run) => this.#open.has(run));
    // A clock that was ahead and was set back: the belt begins again.
    const at = Math.min(before.at, now);
    if (at !== before.at) this.changed = true;
    const wait = (reason: string): PackDecision => {
      this.next.set(pack, { ...before, at });
      return { pack, size, verdict: "wait", reason: `condemned at epoch ${before.since}; ${reason}` };
    };
    const [first, ...more] = blocking;
    if (first !== undefined) return wait(`waits for run ${first}${more.length > 0 ? ` and ${more.length} more` : ""}`);
    if (now - at < BELT_MS) return wait(`waits until ${new Date(at + BELT_MS).toISOString()}`);
    this.changed = true;
    this.next.set(pack, { ...before, doomed: true, since: this.epoch, at: now });
    const reason = `nothing refers to it, and every run that was open at epoch ${before.since} is closed`;
    return { pack, size, verdict: "doom", reason };
  }
}
