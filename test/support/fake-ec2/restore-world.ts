/** An account in memory as a world for the contract of restore targets. */
import { createEbsBlocks } from "../../../adapters/aws/ebs/blocks.ts";
import { createEc2Provider } from "../../../adapters/aws/ec2/provider.ts";
import { createEc2RestoreTargets } from "../../../adapters/aws/ec2/restore-targets.ts";
import { GIB } from "../../../core/domain/values.ts";
import type { RestoreWorld } from "../../contracts/restore-targets.ts";
import { FakeAccount } from "./account.ts";

export interface FakeRestoreWorld extends RestoreWorld {
  readonly account: FakeAccount;
  readonly log: string[];
}

export async function openFakeRestoreWorld(): Promise<FakeRestoreWorld> {
  const account = new FakeAccount();
  const { ec2, ebs, clock: timing } = account;
  const log: string[] = [];
  const make = () =>
    createEc2RestoreTargets({ ec2, ebs, deployment: "test", timing, log: (text) => void log.push(text) });
  const content = new Map([[0, new Uint8Array(512 * 1024).fill(1)]]);
  const firstByte = async (diskId: string) => account.changes.volume(diskId).content.get(0)?.[0] ?? 0;
  return {
    account,
    log,
    targets: make(),
    restarted: make,
    provider: createEc2Provider({ ec2, deployment: "test", timing }),
    blocks: createEbsBlocks({ ebs, timing }),
    size: GIB,
    makeServer: async (count, running) => {
      const disks = Array.from({ length: count }, () => account.addVolume({ content }));
      return { id: account.addInstance(disks, running ? "running" : "stopped"), disks };
    },
    makeDisk: async () => account.addVolume({ content }),
    seenBy: async (serverId) => {
      const root = account.changes.instance(serverId).rootDevice;
      const attached = account.state.attached(serverId).toSorted(([a], [b]) => Number(b === root) - Number(a === root));
      return Promise.all(attached.map(([, volume]) => firstByte(volume.id)));
    },
    firstByte,
    isRunning: async (serverId) => {
      account.clock.advance(60_000);
      account.state.settle();
      return account.changes.instance(serverId).state === "running";
    },
    dispose: async () => undefined,
  };
}
