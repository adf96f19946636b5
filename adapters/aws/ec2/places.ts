/** Where does a volume stand: on which instance, under which device name, and does it end with the instance? */
import {
  AttachVolumeCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DetachVolumeCommand,
  ModifyInstanceAttributeCommand,
  type Volume,
} from "@aws-sdk/client-ec2";
import type { Account } from "./account.ts";
import { attachmentsOf } from "./disks.ts";
import { fromTags, TAG, type Tags, toTags } from "./tags.ts";

export interface Place {
  readonly instanceId: string;
  readonly device: string;
  readonly deleteOnTermination: boolean;
}

/** Undefined: it is attached to nothing. */
export function placeOf(volume: Volume): (Place & { readonly state: string }) | undefined {
  const [attachment] = attachmentsOf(volume);
  const { InstanceId, Device, DeleteOnTermination = false, State = "attached" } = attachment ?? {};
  if (InstanceId === undefined || Device === undefined) return undefined;
  return { instanceId: InstanceId, device: Device, deleteOnTermination: DeleteOnTermination, state: State };
}

/** The place a new volume goes to, as it was written down before the old one left it. */
export function plannedPlace(volume: Volume): Place | undefined {
  const [instanceId, device, ends] = (fromTags(volume.Tags)[TAG.place] ?? "").split(" ");
  return instanceId && device ? { instanceId, device, deleteOnTermination: ends === "ends" } : undefined;
}

export const planPlace = (account: Account, volumeId: string, { instanceId, device, deleteOnTermination }: Place) =>
  tag(account, volumeId, { [TAG.place]: `${instanceId} ${device} ${deleteOnTermination ? "ends" : "stays"}` });

export async function tag({ ec2 }: Account, id: string, tags: Tags): Promise<void> {
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: toTags(tags) }));
}

export async function untag({ ec2 }: Account, id: string, ...keys: readonly string[]): Promise<void> {
  await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: keys.map((Key) => ({ Key })) }));
}

export async function detach({ ec2 }: Account, volumeId: string, { instanceId }: Place): Promise<void> {
  await ec2.send(new DetachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId }));
}

export async function attach({ ec2 }: Account, volumeId: string, { instanceId, device }: Place): Promise<void> {
  await ec2.send(new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }));
}

/** Attached volumes do not end with the instance by default; one that replaces a volume that did, does. */
export async function keepEnding({ ec2 }: Account, { instanceId, device, deleteOnTermination }: Place): Promise<void> {
  await ec2.send(
    new ModifyInstanceAttributeCommand({
      InstanceId: instanceId,
      BlockDeviceMappings: [{ DeviceName: device, Ebs: { DeleteOnTermination: deleteOnTermination } }],
    }),
  );
}
