/** RestoreTargets on EBS: a new snapshot is filled, becomes a new volume, and that takes the live volume's place. */
import type { EBSClient } from "@aws-sdk/client-ebs";
import type { RestoreTargets } from "../../../core/ports/restore-targets.ts";
import { REAL_TIMING } from "../ebs/timing.ts";
import { abandonRestore } from "./abandon.ts";
import type { RestoreAccount } from "./account.ts";
import { discardHeld, heldTargets } from "./held-targets.ts";
import type { Ec2Options } from "./provider.ts";
import { replacementVolumes } from "./replacement-volumes.ts";
import { completeSnapshots, startSnapshots } from "./restore-snapshots.ts";
import { placedOf, swapVolumes } from "./swap.ts";

export interface Ec2RestoreOptions extends Ec2Options {
  /** Starts and completes the snapshots that are written to. */
  readonly ebs: Pick<EBSClient, "send">;
}

/** Keeps nothing in memory: every step looks at what is there, so each can be repeated and taken up by another process. */
export function createEc2RestoreTargets(options: Ec2RestoreOptions): RestoreTargets {
  const { ec2, ebs, deployment, timing = REAL_TIMING, log = () => undefined } = options;
  const account: RestoreAccount = { ec2, ebs, deployment, timing, log };
  return {
    prepare: (restoring) => startSnapshots(account, restoring),
    finish: (restoring) => completeSnapshots(account, restoring),
    replacements: (restoring) => replacementVolumes(account, restoring),
    swap: (restoring) => swapVolumes(account, restoring),
    inPlace: ({ replacements }) => placedOf(account, replacements),
    abandon: (restoring) => abandonRestore(account, restoring),
    held: () => heldTargets(account),
    discard: (held) => discardHeld(account, held),
  };
}
