/** What is there, and what is referred to? Looked at in the one order in which nothing can slip through. */
import type { RepositoryRuns, RunSeen } from "../../ports/collection.ts";
import { ObjectMissing, type ObjectStore } from "../../ports/object-store.ts";
import type { DomainCrypto } from "../domain-crypto.ts";
import { packName } from "../pack-format.ts";
import { inParallel } from "../parallel.ts";
import { decodePayload } from "../payload.ts";
import { NOTHING_MOVED, type Relocations, readRelocations } from "../relocations.ts";
import { readRoot } from "../root-store.ts";
import { type LivePack, Marks } from "./marks.ts";

const PACKS = packName("");
const ROOTS = "roots/";
/** Roots that are read and decoded at a time: up to 16 MiB each. */
const ROOTS_AT_ONCE = 4;

/** A pack as the listing shows it. */
export interface ListedPack {
  readonly pack: string;
  readonly size: number;
  readonly modifiedAt?: number;
}

/** What one look has seen. */
export interface Seen {
  readonly packs: readonly ListedPack[];
  readonly open: readonly RunSeen[];
  readonly map: Relocations;
  readonly live: ReadonlyMap<string, LivePack>;
}

/** Who looks, and at what. */
export interface Looking {
  readonly objects: ObjectStore;
  readonly crypto: DomainCrypto;
  readonly runs: RepositoryRuns;
}

type Step = "packs" | "runs" | "results" | "roots" | "map";

/** What a mark rests on. Only the tests that show what each of these is good for give others. */
export interface MarkRules {
  readonly order: readonly Step[];
  /** The map by which references are looked up. */
  readonly through: (newest: Relocations) => Relocations;
}

/**
 * Packs first: one that is written later is no candidate. Runs before roots: a run that is not open any more has written its
 * root before the roots are listed. The map last: frames that a move of before has taken away are found in it.
 */
export const MARK_RULES: MarkRules = {
  order: ["packs", "runs", "results", "roots", "map"],
  through: (newest) => newest,
};

/** Looks at everything once. Any error means that nothing is known. @throws Damaged, SealRefused, StoreFailed */
export async function mark(looking: Looking, rules: MarkRules = MARK_RULES): Promise<Seen> {
  const look = new Look(looking);
  for (const step of rules.order) await look[step]();
  const { packs, open, newest } = look.seen;
  // An unreadable map says of no reference where it is: the caller decides nothing by these marks.
  return { packs, open, map: newest, live: look.marks.through(rules.through(newest)) };
}

class Look {
  readonly #objects: ObjectStore;
  readonly #crypto: DomainCrypto;
  readonly #runs: RepositoryRuns;
  readonly marks = new Marks();
  readonly seen = {
    packs: [] as ListedPack[],
    open: [] as readonly RunSeen[],
    newest: NOTHING_MOVED,
  };

  constructor({ objects, crypto, runs }: Looking) {
    this.#objects = objects;
    this.#crypto = crypto;
    this.#runs = runs;
  }

  async packs(): Promise<void> {
    for await (const { name, ...found } of this.#objects.list(PACKS)) {
      const pack = name.slice(PACKS.length);
      if (/^[0-9a-f]{32}$/.test(pack)) this.seen.packs.push({ pack, ...found });
    }
  }

  async runs(): Promise<void> {
    this.seen.open = await this.#runs.open();
  }

  async results(): Promise<void> {
    for (const run of this.seen.open)
      for await (const payload of this.#runs.results(run))
        for (const facts of decodePayload(payload).packs) this.marks.add(facts);
  }

  async roots(): Promise<void> {
    const listed: string[] = [];
    for await (const { name } of this.#objects.list(ROOTS)) listed.push(name.slice(ROOTS.length));
    await inParallel(listed, ROOTS_AT_ONCE, async (rootId) => {
      const root = await readRoot(this.#objects, this.#crypto, rootId).catch((error: unknown) => {
        // Let go of since the listing: its intent was there and nothing pinned it.
        if (error instanceof ObjectMissing) return undefined;
        throw error;
      });
      for (const facts of root?.packs ?? []) this.marks.add(facts);
    });
  }

  async map(): Promise<void> {
    this.seen.newest = await readRelocations(this.#objects, this.#crypto);
  }
}
