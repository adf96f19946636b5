/** How is the root volume of a running instance replaced without stopping it? */
import {
  CreateReplaceRootVolumeTaskCommand,
  DescribeReplaceRootVolumeTasksCommand,
  type Instance,
  type ReplaceRootVolumeTask,
} from "@aws-sdk/client-ec2";
import { type Account, filter } from "./account.ts";
import type { Place } from "./places.ts";
import { stepToken } from "./restored.ts";
import { fromTags, TAG, toTags } from "./tags.ts";

/**
 * Only for a running instance (CreateReplaceRootVolumeTask). It restarts, but stays on its host and keeps its addresses and
 * its instance-store data, which stopping would cost (EC2 User Guide, "Replace the root volume without stopping it").
 */
export const canReplaceRoot = (instance: Instance, { device }: Place): boolean =>
  instance.State?.Name === "running" && instance.RootDeviceName === device;

/** The task of this restore, if it has one. `ended` without `succeeded`: the old root is back, or none is attached. */
export async function rootTaskOf({ ec2 }: Account, restoreId: string, instanceId: string) {
  const own: ReplaceRootVolumeTask[] = [];
  for (let NextToken: string | undefined; ; ) {
    const page = await ec2.send(
      new DescribeReplaceRootVolumeTasksCommand({
        Filters: [filter("instance-id", instanceId)],
        ...(NextToken !== undefined && { NextToken }),
      }),
    );
    own.push(...(page.ReplaceRootVolumeTasks ?? []).filter(({ Tags }) => fromTags(Tags)[TAG.restore] === restoreId));
    NextToken = page.NextToken;
    if (!NextToken) break;
  }
  const [task] = own;
  if (task === undefined) return undefined;
  const state = task.TaskState ?? "pending";
  return { ended: state === "succeeded" || state === "failed" || state === "failed-detached", state };
}

/**
 * Starts it with a volume of ours: one from a snapshot must be of the live root's own snapshots, which a snapshot written
 * through EBS direct is not. @returns false when EC2 does not do it for this instance or region: then it must be stopped
 */
export async function replaceRoot(
  { ec2, deployment, log }: Account,
  restoreId: string,
  { instanceId }: Place,
  volumeId: string,
): Promise<boolean> {
  try {
    await ec2.send(
      new CreateReplaceRootVolumeTaskCommand({
        InstanceId: instanceId,
        VolumeId: volumeId,
        DeleteReplacedRootVolume: false,
        ClientToken: stepToken("root", restoreId, volumeId),
        TagSpecifications: [
          {
            ResourceType: "replace-root-volume-task",
            Tags: toTags({ [TAG.deployment]: deployment, [TAG.restore]: restoreId }),
          },
        ],
      }),
    );
    return true;
  } catch (error) {
    const { name, message } = error as Error;
    if (!/^(Invalid|Unsupported|Unknown|Missing|Incorrect|OperationNotPermitted)/.test(name)) throw error;
    log(`instance ${instanceId} is stopped to replace its root volume, EC2 does not do it running: ${name} ${message}`);
    return false;
  }
}
