/**
 * What must a collector know and do about the runs of a repository, and what does it tell?
 *
 * docs/developer/collection.md is the protocol. `core/engine/collect` decides and executes; whoever owns the runs (the service's
 * records, a folder's lock) implements RepositoryRuns. Reports are plain data, so that a dry run prints them as JSON.
 */

/** An open run, as the collector sees it. */
export interface RunSeen {
  /** Never used again once the run is closed. */
  readonly id: string;
  readonly kind: "backup" | "restore" | "move";
  /** Roots that it reads. */
  readonly pins: readonly string[];
}

/** The runs of one repository, and the collector's own standing. Reads are consistent: they see every write before them. */
export interface RepositoryRuns {
  /** Every run that is open: from before its first unit until after its root is written. */
  open(): Promise<readonly RunSeen[]>;
  /** Payloads of everything that the run has published or confirmed; nothing for a run that was closed meanwhile. */
  results(run: RunSeen): AsyncIterable<Uint8Array>;
  /** Opens a run of kind `move`. */
  openMove(): Promise<RunSeen>;
  /** Publishes the one result of a move: its payload names every frame of every new pack. */
  publishMove(run: RunSeen, payload: Uint8Array): Promise<void>;
  /** Closes a move for ever, whoever opened it. One that is closed already is fine. */
  closeMove(run: RunSeen): Promise<void>;
  /** Throws when this collector's lease has gone to another one; else it holds on to it. */
  guard(): Promise<void>;
  /** Avoid-set epoch → runs that the packs condemned at it wait for. */
  waits(): Promise<Waits>;
  /** Notes the runs that were open after the epoch was published. The first note of an epoch stays. */
  noteWaits(epoch: number, runs: readonly string[]): Promise<void>;
  /** No pack waits for this epoch's runs any more. */
  forgetWaits(epoch: number): Promise<void>;
}

export type Waits = ReadonlyMap<number, readonly string[]>;

/**
 * - keep: referred to. young: not referred to, but its unit may be about to publish.
 * - condemn: not referred to; nothing new refers to it from now on. wait: condemned, its verdict is not due.
 * - pardon: condemned, but referred to after all. doom: the verdict; it is deleted and never pardoned. forget: it is gone.
 */
export type Verdict = "keep" | "young" | "condemn" | "wait" | "pardon" | "doom" | "forget";

/** What becomes of one pack, and why. */
export interface PackDecision {
  readonly pack: string;
  /** Bytes of the object; 0 when it is gone. */
  readonly size: number;
  readonly verdict: Verdict;
  readonly reason: string;
  /** 0 to 1: bytes of live frames by bytes of the pack, as near as roots tell. Of packs that are referred to. */
  readonly live?: number;
  /** So little of it is live that compaction empties it. */
  readonly move?: boolean;
}

export interface Tally {
  readonly packs: number;
  readonly bytes: number;
}

export interface CollectAsk {
  /** `decide` marks, and publishes its verdicts unless `dryRun`. `trash` deletes what the newest avoid-set dooms. */
  readonly step: "decide" | "trash";
  /** Milliseconds since 1970. Only youth and the belt of a day look at it. */
  readonly now: number;
  /** Tells what it would decide and changes nothing. */
  readonly dryRun?: boolean;
  /** Packs of less live share are marked for moving; default 0.3. */
  readonly below?: number;
  /** `trash`: stops after the batch in which this passes. Default: none. */
  readonly budgetMs?: number;
  /** `trash`: goes on after this pack, the cursor of the report before. */
  readonly cursor?: string;
}

export interface CollectReport {
  /** The newest avoid-set epoch that this step knows. */
  readonly epoch: number;
  /** Of every pack that was found or avoided, in order of ids; of `decide`. */
  readonly decisions: readonly PackDecision[];
  readonly totals: Readonly<Record<Verdict, Tally>>;
  /** Packs that compaction would empty. */
  readonly movable: Tally;
  /** Packs that something refers to and that do not exist: damage. At most 100 are named. */
  readonly missing: readonly string[];
  /** Why nothing was decided although something may be garbage. */
  readonly held?: string;
  /** Objects moved to the trash: packs, and superseded avoid-sets, maps and hooks. */
  readonly trashed: number;
  /** Where `trash` must go on; absent when it is done. */
  readonly cursor?: string;
}

export interface CompactAsk {
  readonly now: number;
  /** Names what it would move and changes nothing. */
  readonly dryRun?: boolean;
  /** Packs of less live share are emptied; default 0.3. */
  readonly below?: number;
  /** Stops at the first pack after so many bytes were copied; at most 4 GiB. */
  readonly budgetBytes: number;
  /** Stops at the first pack after so long. Default: none. */
  readonly budgetMs?: number;
}

export interface CompactReport {
  /** Packs that are or would be emptied, fewest live bytes first; `left` of them wait for the next call. */
  readonly candidates: readonly PackDecision[];
  readonly left: number;
  /** Packs that were emptied: their frames are found elsewhere now. */
  readonly emptied: number;
  readonly frames: number;
  /** Bytes of the new packs. */
  readonly written: number;
  /** The map that says so; absent when nothing was moved. */
  readonly mapEpoch?: number;
  /** Packs that could not be read, each with the reason; they stay as they are. */
  readonly damaged: readonly { readonly object: string; readonly reason: string }[];
  /** Why nothing was moved although there was something to move: the new packs, if any, are garbage. */
  readonly held?: string;
}
