/** An account in memory as a world for the contract of resource providers. */
import { createEc2Provider } from "../../../adapters/aws/ec2/provider.ts";
import { GIB } from "../../../core/domain/values.ts";
import type { ProviderKind, ResourceWorld } from "../../contracts/resource-provider.ts";
import { FakeAccount } from "./account.ts";

/** Volumes are whole GiB; EC2 forgets what was deleted. */
export const EC2_KIND: ProviderKind = {
  sizes: { odd: 3 * GIB, small: GIB },
  captures: "snapshot",
  restores: "fresh",
  remembersVanished: false,
};

export async function openFakeEc2World(): Promise<ResourceWorld & { readonly account: FakeAccount }> {
  const account = new FakeAccount();
  const { ec2, clock: timing, state } = account;
  const make = () => createEc2Provider({ ec2, deployment: "test", timing });
  return {
    account,
    provider: make(),
    restarted: make,
    makeDisk: async (size) => account.addVolume({ sizeGib: size / GIB }),
    makeServer: async (diskIds) => account.addInstance(diskIds, "stopped"),
    change: async (diskId) => {
      account.changes.volume(diskId).content = new Map([[0, new Uint8Array(512 * 1024).fill(7)]]);
    },
    vanish: async (diskId) => void state.volumes.delete(diskId),
    use: async (diskId) => {
      const { attachments } = account.changes.volume(diskId);
      const instance = account.changes.instance(attachments[0]?.instanceId ?? account.addInstance([diskId]));
      instance.state = "running";
      return async () => {
        instance.state = "stopped";
      };
    },
    watch: async () => {
      throw new Error("nobody can read an EBS volume without being its instance");
    },
    dispose: async () => undefined,
  };
}
