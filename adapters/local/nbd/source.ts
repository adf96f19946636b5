/** How is an NBD export read: what is known of its blocks, and their bytes? */
import {
  type BlockHint,
  type BlockSource,
  ProviderUnavailable,
  type SnapshotRef,
  SourceChanged,
} from "../../../core/ports/blocks.ts";
import { BlockMap } from "./block-map.ts";
import { connectNbd, listContexts, type NbdConnection, type NbdOptions } from "./connection.ts";
import { NbdError } from "./errors.ts";
import { ALLOCATION, DIRTY_BITMAP } from "./protocol.ts";
import { ReadAhead } from "./read-ahead.ts";
import { BLOCK_BYTES, checkRange, exportIn } from "./references.ts";

/**
 * Opens an export for reading. With `snapshot.since`, blocks that are clean in the bitmap of the reference are `same`: that the
 * bitmap started at that very capture is the promise of whoever made the reference.
 * @throws SourceChanged when the export is gone or has another size; ProviderUnavailable when its server cannot be reached, is
 * silent or hangs up (also from `survey` and `read`); NbdError for what a second attempt would not change
 */
export async function openNbdSource(snapshot: SnapshotRef, options: NbdOptions): Promise<BlockSource> {
  const { address, bitmap } = exportIn(snapshot);
  const dirty = bitmap === undefined || snapshot.since === undefined ? undefined : `${DIRTY_BITMAP}${bitmap}`;
  const contexts = dirty === undefined ? [ALLOCATION] : [ALLOCATION, dirty];
  const connection = await connectNbd(address, contexts, options).catch(told);
  const { facts } = connection;
  const why =
    facts.size !== snapshot.size
      ? new SourceChanged(`${address.url} has ${facts.size} bytes, not ${snapshot.size} as when it was captured`)
      : facts.size % facts.minimumBytes !== 0
        ? new NbdError("refused", unevenSize(address.url, connection))
        : undefined;
  if (why === undefined && (dirty === undefined || facts.contexts.has(dirty))) return new NbdSource(connection, dirty);
  // Closed before the bitmaps are listed: the server may take one client only.
  await connection.close();
  if (why !== undefined) throw why;
  const offered = (await listContexts(address, DIRTY_BITMAP, options)).map((name) => name.slice(DIRTY_BITMAP.length));
  const others = offered.length === 0 ? "none" : offered.join(", ");
  throw new NbdError(
    "refused",
    `${address.url}: the server has no dirty bitmap "${bitmap}" for us (it has: ${others})`,
  );
}

/** Why the end of an export cannot be reached. */
export function unevenSize(url: string, { facts }: NbdConnection): string {
  return `${url} has ${facts.size} bytes, which is no multiple of the server's smallest block of ${facts.minimumBytes}`;
}

/** What an error means to the engine. */
export function told(error: unknown): never {
  if (!(error instanceof NbdError)) throw error;
  if (error.trouble === "unknown-export") throw new SourceChanged(error.message, { cause: error });
  if (error.trouble === "unreachable" || error.trouble === "lost" || error.trouble === "silent")
    throw new ProviderUnavailable(error.message, { cause: error });
  throw error;
}

class NbdSource implements BlockSource {
  readonly size: number;
  readonly #connection: NbdConnection;
  readonly #map: BlockMap;
  readonly #ahead: ReadAhead;

  constructor(connection: NbdConnection, bitmap: string | undefined) {
    this.size = connection.facts.size;
    this.#connection = connection;
    this.#map = new BlockMap(connection, bitmap);
    this.#ahead = new ReadAhead(connection);
  }

  async survey(first: number, count: number): Promise<readonly BlockHint[]> {
    const hints = await this.#map.hints(first, count).catch(told);
    this.#ahead.announce(this.#dataRanges(first, hints));
    return hints;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    checkRange(this.#connection.url, this.size, this.#connection.facts.minimumBytes, offset, into.length);
    await this.#ahead.read(offset, into).catch(told);
  }

  async close(): Promise<void> {
    this.#ahead.stop();
    await this.#connection.close();
  }

  #dataRanges(first: number, hints: readonly BlockHint[]): [number, number][] {
    const ranges: [number, number][] = [];
    for (const [index, hint] of hints.entries()) {
      if (hint !== "data") continue;
      const start = (first + index) * BLOCK_BYTES;
      const end = Math.min(this.size, start + BLOCK_BYTES);
      const last = ranges.at(-1);
      if (last?.[1] === start) last[1] = end;
      else ranges.push([start, end]);
    }
    return ranges;
  }
}
