/** How does an EBS volume look as a disk that can be protected? */
import type { Instance, Volume, VolumeAttachment } from "@aws-sdk/client-ec2";
import { GIB } from "../../../core/domain/values.ts";
import type { Disk } from "../../../core/ports/resource-provider.ts";
import { fromTags, ownersTags } from "./tags.ts";

/** Attachments that hold the volume, also while they come or go; the same order every time. */
export const attachmentsOf = (volume: Volume): readonly VolumeAttachment[] =>
  (volume.Attachments ?? [])
    .filter(({ State, InstanceId }) => State !== "detached" && InstanceId !== undefined)
    .sort((a, b) => ((a.InstanceId ?? "") < (b.InstanceId ?? "") ? -1 : 1));

/** The size that every volume has: EBS sizes are whole GiB. */
export const bytesOf = (volume: { readonly Size?: number | undefined }): number => (volume.Size ?? 0) * GIB;

/** A snapshot can be taken of these (EC2 API Reference, CreateSnapshot: other states are IncorrectState). */
export const isCapturable = ({ State }: Volume): boolean => State === "available" || State === "in-use";

const TROUBLE: Readonly<Record<string, string>> = {
  creating: "the volume is still being created: try again in a minute",
  deleting: "the volume is being deleted",
  deleted: "the volume was deleted",
  error: "EC2 reports the volume as failed: its data is lost; replace it by a new one",
};

/**
 * `instances` holds those that the volume is attached to. A volume of a stopped instance is `available`: nobody writes to
 * it. One that is in use can be captured all the same, which is what its promise says.
 */
export function diskOf(volume: Volume & { readonly VolumeId: string }, instances: ReadonlyMap<string, Instance>): Disk {
  const id = volume.VolumeId;
  const attachments = attachmentsOf(volume);
  const [attachment] = attachments;
  const serverId = attachment?.InstanceId;
  const state = volume.State ?? "unknown";
  const used = attachments.some(({ InstanceId }) => instances.get(InstanceId ?? "")?.State?.Name !== "stopped");
  const fit = isCapturable(volume);
  return {
    kind: "disk",
    id,
    name: fromTags(volume.Tags).Name || id,
    size: bytesOf(volume),
    system: serverId !== undefined && instances.get(serverId)?.RootDeviceName === attachment?.Device,
    serverId,
    status: !fit ? "error" : used ? "in-use" : "available",
    ...(!fit && { reason: TROUBLE[state] ?? `EC2 reports the volume as ${state}` }),
    // CreateSnapshots: all volumes of an instance at one instant (EC2 User Guide, "Multi-volume snapshots").
    promise: "atomic-group",
    ...(volume.MultiAttachEnabled === true && { shared: true }),
    tags: ownersTags(volume.Tags),
    detail: {
      availabilityZone: volume.AvailabilityZone ?? null,
      volumeType: volume.VolumeType ?? null,
      encrypted: volume.Encrypted ?? false,
      device: attachment?.Device ?? null,
    },
  };
}
