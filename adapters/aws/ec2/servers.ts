/** How does an EC2 instance look as a server that can be protected? */
import type { Instance } from "@aws-sdk/client-ec2";
import type { Disk, Server } from "../../../core/ports/resource-provider.ts";
import { fromTags, ownersTags } from "./tags.ts";

/** What a backup of a server may hold (the Server port). */
const MOST_DISKS = 24;

/** Ids of its EBS volumes, the root first, then in device order. Instance-store volumes have no snapshots: they are no disks. */
export const volumesOf = (instance: Instance): readonly string[] =>
  (instance.BlockDeviceMappings ?? [])
    .flatMap(({ DeviceName = "", Ebs }) => (Ebs?.VolumeId === undefined ? [] : [{ DeviceName, id: Ebs.VolumeId }]))
    .sort((a, b) => {
      const root = Number(b.DeviceName === instance.RootDeviceName) - Number(a.DeviceName === instance.RootDeviceName);
      return root || (a.DeviceName < b.DeviceName ? -1 : 1);
    })
    .map(({ id }) => id);

/** A terminated one is still listed for an hour; it is no server any more. */
export const isGone = (instance: Instance): boolean => instance.State?.Name === "terminated";

/** Starting and stopping count as running: somebody may be writing. */
const STATUS: Readonly<Record<string, Server["status"]>> = {
  pending: "ACTIVE",
  running: "ACTIVE",
  stopping: "ACTIVE",
  stopped: "SHUTOFF",
};

/** `disks`: every disk of the account that matters here, by id. */
export function serverOf(
  instance: Instance & { readonly InstanceId: string },
  disks: ReadonlyMap<string, Disk>,
): Server {
  const own = volumesOf(instance).flatMap((id) => disks.get(id) ?? []);
  const state = instance.State?.Name ?? "unknown";
  const reason = trouble(state, own.length);
  return {
    kind: "server",
    id: instance.InstanceId,
    name: fromTags(instance.Tags).Name || instance.InstanceId,
    disks: own,
    status: reason === undefined ? (STATUS[state] ?? "ERROR") : "ERROR",
    ...(reason !== undefined && { reason }),
    stoppable: true,
    tags: ownersTags(instance.Tags),
  };
}

function trouble(state: string, disks: number): string | undefined {
  if (STATUS[state] === undefined) return `the instance is ${state}`;
  if (disks === 0) return "the instance has no EBS volume, only such can be backed up";
  return disks > MOST_DISKS ? `the instance has ${disks} EBS volumes, more than ${MOST_DISKS}` : undefined;
}
