/** What is backed up: a raw image that nobody writes to meanwhile, or an NBD export that its server keeps still. */
import { randomUUID } from "node:crypto";
import { basename, resolve } from "node:path";

import { describeOpener } from "../../adapters/local/images/openers.ts";
import { createProcesses } from "../../adapters/local/images/processes.ts";
import { IMAGE_PROVIDER } from "../../adapters/local/images/references.ts";
import { difference, FileTrouble, type Stamp, settledStamps, stampOf } from "../../adapters/local/images/stamps.ts";
import { type SnapshotRef, SourceChanged } from "../../core/ports/blocks.ts";
import { imageFormat } from "./image-format.ts";
import { StoreRefused } from "./store-folder.ts";

/** A source as it was found. */
export interface FoundSource {
  readonly snapshot: SnapshotRef;
  /** How it is called from now on: an absolute path, or the URL in one spelling. */
  readonly source: string;
  /** What a person might have meant otherwise. */
  readonly remark: string | undefined;
  /** Rejects when it turns out that somebody may write to it; the look takes a moment, and work need not wait for it. */
  readonly unfit: Promise<void>;
  /** Asked when everything was read: is it still what it was? @throws SourceChanged */
  check(): Promise<void>;
}

export interface SourceOptions {
  /** NBD: the dirty bitmap that began at the parent's instant. */
  readonly bitmap?: { readonly name: string; readonly since: string } | undefined;
}

/** Looks at a source. @throws StoreRefused, SourceChanged, NbdError, ProviderUnavailable */
export async function findSource(given: string, options: SourceOptions = {}): Promise<FoundSource> {
  if (/^nbds?(\+[a-z]+)?:/i.test(given)) return findExport(given, options);
  if (options.bitmap !== undefined) throw new StoreRefused("--bitmap goes with an NBD source: a file has no bitmaps");
  return findImage(resolve(given));
}

/** The name under which a source's backups are kept when nobody gives one. */
export function sourceName(given: string): string {
  return /^nbds?(\+[a-z]+)?:/i.test(given) ? given : resolve(given);
}

async function findImage(path: string): Promise<FoundSource> {
  const stamp = await settled(path);
  if (stamp.size === 0) throw new StoreRefused(`${path} is empty: there is nothing to back up`);
  const writers = noWriter(path, stamp);
  // Whoever waits for it gets the error; until then it must not end the process.
  writers.catch(() => undefined);
  const format = imageFormat(path, stamp.size);
  return {
    snapshot: {
      provider: IMAGE_PROVIDER,
      diskId: basename(path),
      snapshotId: randomUUID(),
      size: stamp.size,
      detail: { ...stamp },
    },
    source: path,
    remark:
      format === undefined
        ? undefined
        : `${path} is a ${format} image: its bytes are backed up as they are, not the disk in it (qemu-nbd serves that one)`,
    unfit: writers,
    async check() {
      await writers;
      const changed = difference(stamp, await trouble(stampOf(path)));
      if (changed !== undefined)
        throw new SourceChanged(`${path} was changed while it was backed up: ${changed}. Nothing was kept; try again`);
    },
  };
}

/** A stamp that shows every later write. @throws StoreRefused */
async function settled(path: string): Promise<Stamp> {
  const found = await trouble(settledStamps([path]));
  if (!found.settled) throw new SourceChanged(`${path} is being written to: ${found.difference}`);
  return found.stamps[0] as Stamp;
}

async function trouble<T>(looking: Promise<T>): Promise<T> {
  try {
    return await looking;
  } catch (cause) {
    if (!(cause instanceof FileTrouble)) throw cause;
    const more = cause.kind === "not-a-file" ? ": serve it with qemu-nbd --read-only and name its NBD URL" : "";
    throw new StoreRefused(cause.message.replace("the user that runs the service", "you") + more, { cause });
  }
}

/**
 * What is mapped for writing may change without a stamp that tells. A lock alone (a server that only reads has one too) counts when
 * not every process could be looked into. @throws SourceChanged when somebody may write
 */
async function noWriter(path: string, { dev, ino }: Stamp): Promise<void> {
  const { byFile, gap } = await createProcesses().openersOf([{ path, dev: BigInt(dev), ino: BigInt(ino) }]);
  const writer = byFile[0]?.find(({ mayWrite, how }) => mayWrite && (how !== "lock" || gap !== undefined));
  if (writer !== undefined)
    throw new SourceChanged(`${describeOpener(writer)}: ${path}; stop it, or back up a snapshot or an NBD export`);
}

async function findExport(given: string, { bitmap }: SourceOptions): Promise<FoundSource> {
  // Loaded when needed only: most sources are files.
  const { nbdSnapshot } = await import("../../adapters/local/nbd/blocks.ts");
  const { parseNbdUrl } = await import("../../adapters/local/nbd/url.ts");
  const { url } = parseNbdUrl(given);
  const since = bitmap && { snapshotId: bitmap.since, bitmap: bitmap.name };
  const snapshot = await nbdSnapshot({ url, diskId: url, snapshotId: randomUUID(), since });
  if (snapshot.size === 0) throw new StoreRefused(`${url} is empty: there is nothing to back up`);
  // That an export stays as it is is its server's promise (a snapshot, or a read-only server).
  const nothing = async (): Promise<void> => undefined;
  return { snapshot, source: url, remark: undefined, unfit: nothing(), check: nothing };
}
