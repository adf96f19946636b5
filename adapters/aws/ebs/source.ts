/** How is an EBS snapshot read: what is known of its blocks, and their bytes? */
import { hash } from "node:crypto";
import {
  type EBSClient,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
} from "@aws-sdk/client-ebs";
import { GIB } from "../../../core/domain/values.ts";
import { type BlockHint, type BlockSource, type SnapshotRef, SourceChanged } from "../../../core/ports/blocks.ts";
import { BlockList, type ListPage } from "./block-list.ts";
import { Garbled, isNamed, patiently, reasonOf } from "./patience.ts";
import { ReadAhead } from "./read-ahead.ts";
import { BLOCK_BYTES, checkProvider, checkRange } from "./references.ts";
import type { Timing } from "./timing.ts";

/** The smallest page: one block that nobody asked about before is looked up with it. */
const SMALL_PAGE = 100;

export interface SourceOptions {
  readonly ebs: Pick<EBSClient, "send">;
  readonly timing: Timing;
  /** Blocks that are fetched ahead, each 512 KiB of memory. */
  readonly window: number;
  /** Told what is not an error and still worth knowing. */
  readonly log: (message: string) => void;
}

/**
 * Opens a completed snapshot. Costs no call by itself: `survey` lists (one call for 10,000 listed blocks), `read` gets one
 * block a call, ahead of the reader for what the survey called `data`, and compares each with its SHA-256.
 * @throws SourceChanged from `survey` and `read` when the snapshot is gone
 */
export function openEbsSource(snapshot: SnapshotRef, options: SourceOptions): BlockSource {
  checkProvider(snapshot);
  return new EbsSource(snapshot, options);
}

class EbsSource implements BlockSource {
  readonly size: number;
  readonly #what: string;
  readonly #snapshot: SnapshotRef;
  readonly #options: SourceOptions;
  readonly #ended = new AbortController();
  readonly #ahead: ReadAhead;
  /** All blocks that hold data. */
  readonly #all: BlockList;
  /** What is walked by `survey`: changes while there is something to compare with, else data. */
  #survey: { readonly list: BlockList; readonly unlisted: "same" | "zero" };
  #lookups: Promise<unknown> = Promise.resolve();
  #last: { readonly index: number; readonly bytes: Uint8Array } | undefined;

  constructor(snapshot: SnapshotRef, options: SourceOptions) {
    const { now } = options.timing;
    this.size = snapshot.size;
    this.#what = `disk ${snapshot.diskId} (${snapshot.snapshotId})`;
    this.#snapshot = snapshot;
    this.#options = options;
    this.#ahead = new ReadAhead((index) => this.#fetch(index), options.window);
    this.#all = new BlockList(this.#dataPage, now, SMALL_PAGE);
    this.#survey =
      snapshot.since === undefined
        ? { list: new BlockList(this.#dataPage, now), unlisted: "zero" }
        : { list: new BlockList(this.#changedPage(snapshot.since.snapshotId), now), unlisted: "same" };
  }

  async survey(first: number, count: number): Promise<readonly BlockHint[]> {
    await this.#cover(first, first + count);
    const { list, unlisted } = this.#survey;
    const hints = Array.from({ length: count }, (_, i): BlockHint => {
      const listed = list.listed(first + i);
      if (listed === undefined) return unlisted;
      return listed.token === undefined ? "zero" : "data";
    });
    this.#ahead.announce(hints.flatMap((hint, i) => (hint === "data" ? [first + i] : [])));
    return hints;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#what, this.size, offset, into.length);
    for (let at = offset; at < offset + into.length; ) {
      const index = Math.floor(at / BLOCK_BYTES);
      const end = Math.min((index + 1) * BLOCK_BYTES, offset + into.length);
      const bytes = await this.#block(index);
      into.set(bytes.subarray(at - index * BLOCK_BYTES, end - index * BLOCK_BYTES), at - offset);
      at = end;
    }
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#ahead.settled();
  }

  async #block(index: number): Promise<Uint8Array> {
    if (this.#last?.index !== index) this.#last = { index, bytes: await this.#ahead.take(index) };
    return this.#last.bytes;
  }

  async #fetch(index: number): Promise<Uint8Array> {
    try {
      const token = await this.#token(index);
      return token === undefined ? ZEROS : await this.#get(index, token);
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** The token of a block; undefined when the snapshot has no such block: it reads as zeros. */
  async #token(index: number): Promise<string | undefined> {
    const { list, unlisted } = this.#survey;
    const listed = list.covers(index) ? list.listed(index) : undefined;
    if (listed !== undefined) return listed.token;
    if (list.covers(index) && unlisted === "zero") return undefined;
    // `same`, or nobody asked about it: the list of all blocks knows. One look-up at a time, they move one window.
    const found = this.#lookups.then(async () => {
      await this.#all.cover(index, index + 1);
      return this.#all.listed(index)?.token;
    });
    this.#lookups = found.catch(() => undefined);
    return found;
  }

  /** Makes the survey's list known; changes that cannot be told become a list of everything. */
  async #cover(first: number, end: number): Promise<void> {
    const { since } = this.#snapshot;
    try {
      return await this.#survey.list.cover(first, end);
    } catch (error) {
      // The earlier snapshot is gone, of another volume or lineage (ValidationException, UNRELATED_SNAPSHOTS), or not ours any
      // more: somebody took its tag off. Were it the one that is read, the next call would be denied too.
      const refused = isNamed(error, "ResourceNotFoundException", "ValidationException", "AccessDeniedException");
      if (this.#survey.unlisted !== "same" || !refused) throw this.#told(error);
      const why = `${reasonOf(error)} ${(error as Error).message}`.trim();
      this.#options.log(`${this.#what}: what changed since ${since?.snapshotId} cannot be told, all is read: ${why}`);
      this.#survey = { list: new BlockList(this.#dataPage, this.#options.timing.now), unlisted: "zero" };
    }
    await this.#survey.list.cover(first, end).catch((error: unknown) => {
      throw this.#told(error);
    });
  }

  readonly #dataPage: ListPage = async ({ first, most, nextToken }) => {
    const answer = await this.#patiently(() =>
      this.#options.ebs.send(
        new ListSnapshotBlocksCommand({
          SnapshotId: this.#snapshot.snapshotId,
          MaxResults: most,
          ...(nextToken === undefined ? { StartingBlockIndex: first } : { NextToken: nextToken }),
        }),
        { abortSignal: this.#ended.signal },
      ),
    );
    this.#checkSize(answer);
    const blocks = (answer.Blocks ?? []).map(({ BlockIndex, BlockToken }) => ({
      index: indexOf(BlockIndex),
      token: BlockToken,
    }));
    return { blocks, nextToken: answer.NextToken };
  };

  #changedPage(since: string): ListPage {
    return async ({ first, most, nextToken }) => {
      const answer = await this.#patiently(() =>
        this.#options.ebs.send(
          new ListChangedBlocksCommand({
            FirstSnapshotId: since,
            SecondSnapshotId: this.#snapshot.snapshotId,
            MaxResults: most,
            ...(nextToken === undefined ? { StartingBlockIndex: first } : { NextToken: nextToken }),
          }),
          { abortSignal: this.#ended.signal },
        ),
      );
      this.#checkSize(answer);
      const blocks = (answer.ChangedBlocks ?? []).map(({ BlockIndex, SecondBlockToken }) => ({
        index: indexOf(BlockIndex),
        token: SecondBlockToken,
      }));
      return { blocks, nextToken: answer.NextToken };
    };
  }

  #checkSize(answer: { readonly VolumeSize?: number | undefined; readonly BlockSize?: number | undefined }): void {
    if (answer.BlockSize !== undefined && answer.BlockSize !== BLOCK_BYTES)
      throw new Error(`${this.#what} has blocks of ${answer.BlockSize} bytes instead of ${BLOCK_BYTES}`);
    const bytes = (answer.VolumeSize ?? 0) * GIB;
    if (answer.VolumeSize !== undefined && bytes !== this.size)
      throw new SourceChanged(`${this.#what} has ${bytes} bytes, not ${this.size} as when it was captured`);
  }

  #get(index: number, token: string): Promise<Uint8Array> {
    const what = `block ${index} of ${this.#what}`;
    return this.#patiently(async () => {
      const answer = await this.#options.ebs.send(
        new GetSnapshotBlockCommand({ SnapshotId: this.#snapshot.snapshotId, BlockIndex: index, BlockToken: token }),
        { abortSignal: this.#ended.signal },
      );
      const bytes = await answer.BlockData?.transformToByteArray().catch((error: unknown) => {
        throw new Garbled(`${what} was cut off: ${(error as Error).message}`, { cause: error });
      });
      if (bytes?.length !== BLOCK_BYTES) throw new Garbled(`${what} has ${bytes?.length} bytes`);
      if (hash("sha256", bytes, "base64") !== answer.Checksum)
        throw new Garbled(`${what} is not what its checksum ${answer.Checksum} says`);
      return bytes;
    });
  }

  /** What an error means to the engine. */
  #told(error: unknown): unknown {
    if (!isNamed(error, "ResourceNotFoundException")) return error;
    return new SourceChanged(`${this.#what} is gone: ${(error as Error).message}`, { cause: error });
  }

  #patiently<T>(request: () => Promise<T>): Promise<T> {
    return patiently(this.#options.timing, this.#ended.signal, request);
  }
}

const ZEROS = new Uint8Array(BLOCK_BYTES);

function indexOf(index: number | undefined): number {
  if (index === undefined) throw new Error("EBS listed a block without its index");
  return index;
}
