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
 * Looks at an export that is to be written and answers the reference to it: mode `fresh` when the server says that all of it reads as
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

async function isEmpty(connection: NbdConnection): Promise<boolean> {
  const map = new BlockMap(connection, undefined);
  const blocks = Math.ceil(connection.facts.size / BLOCK_BYTES);
  const step = 1024;
  for (let first = 0; first < blocks; first += step) {
    const hints = await map.hints(first, Math.min(step, blocks - first));
    if (hints.includes("data")) return false;
  }
  return true;
}

function detailOf(url: string, bitmap?: string): SnapshotRef["detail"] {
  const address = parseNbdUrl(url);
  return { url: address.url, export: address.exportName, ...(bitmap !== undefined && { bitmap }) };
}
