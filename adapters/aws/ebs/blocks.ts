/** BlockAccess for EBS: snapshots are read and written block by block through EBS direct. */
import type { EBSClient } from "@aws-sdk/client-ebs";
import type { BlockAccess } from "../../../core/ports/blocks.ts";
import { openEbsSource } from "./source.ts";
import { openEbsTarget } from "./target.ts";
import { REAL_TIMING, type Timing } from "./timing.ts";

/** 16 MiB. One request takes tens of milliseconds, so this many keep one unit of transfer busy. */
const WINDOW_BLOCKS = 32;

export interface EbsBlocksOptions {
  readonly ebs: Pick<EBSClient, "send">;
  /** Told what is not an error and still worth knowing: a change list that could not be used. */
  readonly log?: (message: string) => void;
  /** Blocks that are on their way at the same time, for each open source or target. */
  readonly window?: number;
  readonly timing?: Timing;
}

/** Needs no EC2 client: functions that only move blocks stay small. */
export function createEbsBlocks(options: EbsBlocksOptions): BlockAccess {
  const { ebs, log = () => undefined, window = WINDOW_BLOCKS, timing = REAL_TIMING } = options;
  return {
    openSource: async (snapshot) => openEbsSource(snapshot, { ebs, timing, window, log }),
    openTarget: async (target) => openEbsTarget(target, { ebs, timing, window }),
  };
}
