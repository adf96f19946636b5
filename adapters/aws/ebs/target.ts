/** How is a restored disk written: the blocks of a new EBS snapshot that is not completed yet? */
import { hash } from "node:crypto";
import { type EBSClient, PutSnapshotBlockCommand } from "@aws-sdk/client-ebs";
import { type BlockTarget, ProviderUnavailable, type TargetRef, TargetUnusable } from "../../../core/ports/blocks.ts";
import { isNamed, patiently } from "./patience.ts";
import { BLOCK_BYTES, checkProvider, checkRange } from "./references.ts";
import type { Timing } from "./timing.ts";

export interface TargetOptions {
  readonly ebs: Pick<EBSClient, "send">;
  readonly timing: Timing;
  /** Blocks that are written at the same time, each 512 KiB of memory. */
  readonly window: number;
}

/**
 * Opens the pending snapshot that RestoreTargets.prepare started. Blocks are written in parallel: an error shows at a later
 * write or at `sync`. Writing a block again replaces it, so a repeated unit does no harm.
 * @throws TargetUnusable when the reference names no snapshot; from `write` and `sync` when the snapshot is gone
 */
export function openEbsTarget(target: TargetRef, options: TargetOptions): BlockTarget {
  checkProvider(target);
  const { snapshotId } = target.detail;
  if (typeof snapshotId !== "string" || target.mode !== "fresh")
    throw new TargetUnusable(
      `disk ${target.diskId}: EBS restores into a snapshot that was prepared, and there is none`,
    );
  return new EbsTarget(target, snapshotId, options);
}

class EbsTarget implements BlockTarget {
  readonly size: number;
  readonly #what: string;
  readonly #snapshotId: string;
  readonly #options: TargetOptions;
  readonly #ended = new AbortController();
  readonly #writing = new Set<Promise<void>>();
  #failed: { readonly error: unknown } | undefined;

  constructor(target: TargetRef, snapshotId: string, options: TargetOptions) {
    this.size = target.size;
    this.#what = `disk ${target.diskId} (${snapshotId})`;
    this.#snapshotId = snapshotId;
    this.#options = options;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    checkRange(this.#what, this.size, offset, bytes.length);
    if (offset % BLOCK_BYTES !== 0) throw new RangeError(`${this.#what}: block writes begin at multiples of 512 KiB`);
    for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
      this.#check();
      while (this.#writing.size >= this.#options.window) await Promise.race(this.#writing);
      this.#check();
      // A copy, because the caller uses its buffer again. A short last piece is followed by zeros: volumes are whole GiB.
      const block = new Uint8Array(BLOCK_BYTES);
      block.set(bytes.subarray(from, from + BLOCK_BYTES));
      this.#start((offset + from) / BLOCK_BYTES, block);
    }
  }

  /** Nothing to do: what is not written to a new snapshot reads as zeros. */
  zero(offset: number, length: number): void {
    checkRange(this.#what, this.size, offset, length);
  }

  read(): never {
    throw new Error(`${this.#what} cannot be read before its restore is finished`);
  }

  async sync(): Promise<void> {
    while (this.#writing.size > 0) await Promise.race(this.#writing);
    this.#check();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#writing);
  }

  #check(): void {
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  #start(index: number, block: Uint8Array): void {
    const writing = this.#put(index, block)
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #put(index: number, block: Uint8Array): Promise<void> {
    const { ebs, timing } = this.#options;
    const { signal } = this.#ended;
    const command = {
      SnapshotId: this.#snapshotId,
      BlockIndex: index,
      BlockData: block,
      DataLength: BLOCK_BYTES,
      Checksum: hash("sha256", block, "base64"),
      ChecksumAlgorithm: "SHA256",
    } as const;
    try {
      await patiently(timing, signal, () => ebs.send(new PutSnapshotBlockCommand(command), { abortSignal: signal }));
    } catch (error) {
      const what = `block ${index} of ${this.#what} cannot be written`;
      const gone = isNamed(error, "ResourceNotFoundException");
      if (gone) throw new TargetUnusable(`${what}: the snapshot is gone`, { cause: error });
      const told = `${what}: ${(error as Error).message}`;
      throw error instanceof ProviderUnavailable
        ? new ProviderUnavailable(told, { cause: error })
        : new Error(told, { cause: error });
    }
  }
}
