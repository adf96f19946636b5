/** The bytes of NBD exports: BlockAccess for what other programs serve, and the references to it. */
import { type BlockAccess, type SnapshotRef, type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import { BlockMap } from "./block-map.ts";
import { connectNbd, DEFAULT_PATIENCE_MS, type NbdConnection, type NbdOptions } from "./connection.ts";
import { NbdError } from "./errors.ts";
import { ALLOCATION } from "./protocol.ts";
import { BLOCK_BYTES, NBD_PROVIDER } from "./references.ts";
import { openNbdSource, told } from "./source.ts";
import { openNbdTarget, unusable } from "./target.ts";
import { parseNbdUrl } from "./url.ts";

const DEFAULTS: NbdOptions = { patienceMs: DEFAULT_PATIENCE_MS };
/** `qemu-img create` writes the first sectors of a raw image; a partitioner the last ones. */
const EMPTY_LOOKS = 8;
const HINTS_AT_ONCE = 1024;

/**
 * The access to NBD exports. Each source or target is one connection.
 * Sources throw SourceChanged when the export is gone or has another size, ProviderUnavailable when the server cannot be reached, is silent
 * or hangs up, and NbdError for what a second attempt would not change.
 */
export function createNbdBlocks(options: NbdOptions = DEFAULTS): BlockAccess {
  return {
    openSource: (snapshot) => openNbdSource(snapshot, options),
    openTarget: (target) => openNbdTarget(target, options),
  };
}

/** What is captured: an export that somebody else keeps as it is until it is read. */
export interface NbdCapture {
  readonly url: string;
  readonly diskId: string;
  readonly snapshotId: string;
  /** The earlier capture at whose instant the dirty bitmap `bitmap` of this export began; both or none. */
  readonly since?: { readonly snapshotId: string; readonly bitmap: string } | undefined;
}

/** Looks at an export and answers the reference to it. @throws NbdUrlInvalid; ProviderUnavailable, SourceChanged, NbdError */
export async function nbdSnapshot(capture: NbdCapture, options = DEFAULTS): Promise<SnapshotRef> {
  const { diskId, snapshotId, since } = capture;
  const size = await looking(capture.url, options, ({ facts }) => facts.size).catch(told);
  return {
    provider: NBD_PROVIDER,
    diskId,
    snapshotId,
    size,
    ...(since !== undefined && { since: { snapshotId: since.snapshotId } }),
    detail: detailOf(capture.url, since?.bitmap),
  };
}

/**
 * Looks at an export that is to be written and answers the reference to it: mode `fresh` when all of it reads as
 * zeros, else `overwrite`. @throws NbdUrlInvalid; TargetUnusable
 */
export async function nbdTarget(url: string, diskId: string, options = DEFAULTS): Promise<TargetRef> {
  const look = async (connection: NbdConnection): Promise<TargetRef> => {
    const { size } = connection.facts;
    const why = unusable(connection, size);
    if (why !== undefined) throw new TargetUnusable(why);
    const mode = (await isEmpty(connection)) ? "fresh" : "overwrite";
    return { provider: NBD_PROVIDER, diskId, mode, size, detail: detailOf(url) };
  };
  return looking(url, options, look).catch((error: unknown) => {
    if (error instanceof NbdError) throw new TargetUnusable(error.message, { cause: error });
    throw error;
  });
}

async function looking<T>(url: string, options: NbdOptions, look: (at: NbdConnection) => T | Promise<T>): Promise<T> {
  const connection = await connectNbd(parseNbdUrl(url), [ALLOCATION], options);
  try {
    return await look(connection);
  } finally {
    await connection.close();
  }
}

/** Does all of it read as zeros? As the server says; of what it says to be data a little is looked at, new images have that. */
async function isEmpty(connection: NbdConnection): Promise<boolean> {
  const { size } = connection.facts;
  const map = new BlockMap(connection, undefined);
  const blocks = Math.ceil(size / BLOCK_BYTES);
  const bytes = Buffer.alloc(BLOCK_BYTES);
  let looks = EMPTY_LOOKS;
  for (let first = 0; first < blocks; first += HINTS_AT_ONCE) {
    const hints = await map.hints(first, Math.min(HINTS_AT_ONCE, blocks - first));
    for (const [index, hint] of hints.entries()) {
      if (hint !== "data") continue;
      if (looks-- === 0) return false;
      const offset = (first + index) * BLOCK_BYTES;
      const block = bytes.subarray(0, Math.min(BLOCK_BYTES, size - offset));
      await connection.read(offset, block);
      if (block.some((byte) => byte !== 0)) return false;
    }
  }
  return true;
}

function detailOf(url: string, bitmap?: string): SnapshotRef["detail"] {
  const address = parseNbdUrl(url);
  return { url: address.url, export: address.exportName, ...(bitmap !== undefined && { bitmap }) };
}
