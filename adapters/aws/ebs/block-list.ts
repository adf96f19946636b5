/** Which blocks of a snapshot are listed, found with as few List calls as the API allows? */
import type { Clock } from "../../../core/domain/values.ts";
import { isNamed, reasonOf } from "./patience.ts";

/** The biggest page of ListSnapshotBlocks and ListChangedBlocks (EBS direct API Reference: 100 to 10,000). */
const MOST_PER_PAGE = 10_000;

/** Page tokens live 60 minutes (EBS User Guide, "Read snapshots with EBS direct APIs"). */
const PAGE_TOKEN_MS = 50 * 60_000;

/** Blocks behind the newest question whose tokens are kept: they were asked about, but may not have been read yet. */
const KEPT_BEHIND = 2_048;

export interface ListedBlock {
  readonly index: number;
  /** Undefined: the block was there in the earlier snapshot and is deallocated in this one. */
  readonly token: string | undefined;
}

export interface BlockPage {
  /** In ascending order; may be empty though there is a next page. */
  readonly blocks: readonly ListedBlock[];
  readonly nextToken?: string | undefined;
}

/** Asks for one page: from `nextToken` when there is one, else from block `first`. */
export type ListPage = (from: {
  readonly first: number;
  readonly most: number;
  readonly nextToken?: string;
}) => Promise<BlockPage>;

/**
 * A window over the list, moving forwards: the rest of a page is kept for the next questions, so that walking over a disk
 * costs one call for 10,000 listed blocks however small the steps are. Holds two pages at most.
 */
export class BlockList {
  readonly #listPage: ListPage;
  readonly #now: Clock;
  readonly #firstPage: number;
  readonly #tokens = new Map<number, string | undefined>();
  /** What is known: blocks from #from up to #until that are not in #tokens are not listed. */
  #from = 0;
  #until = 0;
  #next: { readonly token: string; readonly at: number } | undefined;

  /** `firstPage`: entries of the first page after a jump. */
  constructor(listPage: ListPage, now: Clock, firstPage = MOST_PER_PAGE) {
    this.#listPage = listPage;
    this.#now = now;
    this.#firstPage = firstPage;
  }

  /** Makes the list known for the blocks from `first` up to `end`. */
  async cover(first: number, end: number): Promise<void> {
    if (first < this.#from || first > this.#until) {
      this.#tokens.clear();
      this.#from = first;
      this.#until = first;
      this.#next = undefined;
    }
    this.#forget(first - KEPT_BEHIND);
    let most = this.#until === first && this.#next === undefined ? this.#firstPage : MOST_PER_PAGE;
    for (; this.#until < end; most = MOST_PER_PAGE) await this.#page(most);
  }

  /** Only of covered blocks: is it listed, and with which token? */
  listed(index: number): { readonly token: string | undefined } | undefined {
    return this.#tokens.has(index) ? { token: this.#tokens.get(index) } : undefined;
  }

  covers(index: number): boolean {
    return index >= this.#from && index < this.#until;
  }

  async #page(most: number): Promise<void> {
    const usable = this.#next !== undefined && this.#now() - this.#next.at < PAGE_TOKEN_MS;
    const first = this.#until;
    const page = await this.#listPage({
      first,
      most,
      ...(usable && this.#next !== undefined && { nextToken: this.#next.token }),
    }).catch((error: unknown) => {
      if (!usable || !isNamed(error, "ValidationException") || reasonOf(error) !== "INVALID_PAGE_TOKEN") throw error;
      return this.#listPage({ first, most });
    });
    for (const { index, token } of page.blocks) {
      if (index < this.#until) throw new Error(`the list goes back from block ${this.#until} to ${index}`);
      this.#tokens.set(index, token);
      this.#until = index + 1;
    }
    this.#next = page.nextToken === undefined ? undefined : { token: page.nextToken, at: this.#now() };
    if (this.#next === undefined) this.#until = Number.POSITIVE_INFINITY;
  }

  #forget(before: number): void {
    if (before <= this.#from) return;
    for (const index of this.#tokens.keys()) {
      if (index >= before) break;
      this.#tokens.delete(index);
    }
    this.#from = before;
  }
}
