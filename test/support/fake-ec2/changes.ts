/** Calls that change volumes and instances, with the states they go through. */
import { ec2Error } from "./errors.ts";
import type { FakeInstance, FakeState, FakeTask, FakeVolume } from "./state.ts";

interface TagSpecification {
  readonly Tags?: { Key?: string; Value?: string }[];
}

/** What is asked of a root replacement (API_CreateReplaceRootVolumeTask): done, refused at once, or failed after a while. */
export type RootReplacement = "works" | "unknown" | "fails";

export class FakeChanges {
  readonly #state: FakeState;
  rootReplacement: RootReplacement = "works";

  constructor(state: FakeState) {
    this.#state = state;
  }

  volume(id = ""): FakeVolume {
    const volume = this.#state.volumes.get(id);
    if (volume === undefined) throw ec2Error("InvalidVolume.NotFound", `The volume '${id}' does not exist.`);
    return volume;
  }

  instance(id = ""): FakeInstance {
    const instance = this.#state.instances.get(id);
    if (instance === undefined) throw ec2Error("InvalidInstanceID.NotFound", `The instance '${id}' does not exist.`);
    return instance;
  }

  tag(id: string, specifications: readonly TagSpecification[] = []): void {
    for (const { Tags = [] } of specifications)
      for (const { Key = "", Value = "" } of Tags) this.#state.tagsOf(id).set(Key, Value);
  }

  createTags({ Resources = [], Tags = [] }: { Resources?: string[]; Tags?: { Key?: string; Value?: string }[] }) {
    for (const id of Resources) {
      const known = [this.#state.volumes, this.#state.instances, this.#state.snapshots].some((kind) => kind.has(id));
      if (!known) throw ec2Error("InvalidID", `The ID '${id}' is not valid`);
      // EC2 User Guide, "Tag restrictions".
      const keys = new Set([...this.#state.tagsOf(id).keys(), ...Tags.map(({ Key = "" }) => Key)]);
      if (keys.size > 50) throw ec2Error("TagLimitExceeded", "more than 50 tags");
      this.tag(id, [{ Tags }]);
    }
    return {};
  }

  deleteTags({ Resources = [], Tags = [] }: { Resources?: string[]; Tags?: { Key?: string }[] }) {
    for (const id of Resources) for (const { Key = "" } of Tags) this.#state.tagsOf(id).delete(Key);
    return {};
  }

  /** API_CreateVolume: the size may not be smaller than the snapshot's, Iops and Throughput only for some types. */
  createVolume(input: {
    SnapshotId?: string;
    Size?: number;
    AvailabilityZone?: string;
    VolumeType?: string;
    Iops?: number;
    Throughput?: number;
    ClientToken?: string;
    TagSpecifications?: TagSpecification[];
  }): FakeVolume {
    const { SnapshotId, AvailabilityZone = "", VolumeType = "gp2", ClientToken } = input;
    const known = [...this.#state.volumes.values()].find((v) => ClientToken && v.clientToken === ClientToken);
    if (known !== undefined) return known;
    const snapshot = SnapshotId === undefined ? undefined : this.#state.snapshots.get(SnapshotId);
    if (SnapshotId !== undefined && snapshot === undefined)
      throw ec2Error("InvalidSnapshot.NotFound", `The snapshot '${SnapshotId}' does not exist.`);
    if (snapshot !== undefined && snapshot.state !== "completed")
      throw ec2Error("IncorrectState", `Snapshot is in invalid state - ${snapshot.state}`);
    const sizeGib = input.Size ?? snapshot?.sizeGib ?? 0;
    if (sizeGib < (snapshot?.sizeGib ?? 1)) throw ec2Error("InvalidParameterValue", "Volume is smaller than snapshot");
    if (input.Throughput !== undefined && VolumeType !== "gp3")
      throw ec2Error("InvalidParameterCombination", `Throughput is not supported for ${VolumeType}`);
    if (input.Iops !== undefined && !["gp3", "io1", "io2"].includes(VolumeType))
      throw ec2Error("InvalidParameterCombination", `Iops is not supported for ${VolumeType}`);
    const volume: FakeVolume = {
      id: this.#state.newId("vol"),
      sizeGib,
      zone: AvailabilityZone,
      type: VolumeType,
      iops: input.Iops,
      throughput: input.Throughput,
      encrypted: snapshot?.encrypted ?? false,
      kmsKeyId: undefined,
      createdAt: this.#state.clock.now(),
      clientToken: ClientToken,
      state: "creating",
      content: snapshot?.content ?? new Map(),
      attachments: [],
      lastSnapshotAt: 0,
    };
    this.#state.volumes.set(volume.id, volume);
    this.tag(volume.id, input.TagSpecifications);
    this.#state.later(8_000, () => {
      volume.state = "available";
    });
    return volume;
  }

  deleteVolume({ VolumeId }: { VolumeId?: string }) {
    const volume = this.volume(VolumeId);
    if (volume.attachments.length > 0) throw ec2Error("VolumeInUse", `Volume ${volume.id} is currently attached`);
    if (volume.state === "creating") throw ec2Error("IncorrectState", `The volume '${volume.id}' is 'creating'`);
    this.#state.volumes.delete(volume.id);
    return {};
  }

  /** API_AttachVolume: same zone, available, the device is free; a root device only on a stopped instance. */
  attachVolume({ VolumeId, InstanceId, Device = "" }: { VolumeId?: string; InstanceId?: string; Device?: string }) {
    const [volume, instance] = [this.volume(VolumeId), this.instance(InstanceId)];
    if (volume.attachments.length > 0) throw ec2Error("VolumeInUse", `${volume.id} is already attached`);
    if (volume.state !== "available") throw ec2Error("IncorrectState", `${volume.id} is ${volume.state}`);
    if (volume.zone !== instance.zone) throw ec2Error("InvalidVolume.ZoneMismatch", "not in the same zone");
    if (this.#state.attached(instance.id).some(([device]) => device === Device))
      throw ec2Error("InvalidParameterValue", `Attachment point ${Device} is already in use`);
    if (!["running", "stopped"].includes(instance.state))
      throw ec2Error("IncorrectState", `Instance '${instance.id}' is not 'running' or 'stopped'`);
    const attachment = { instanceId: instance.id, device: Device, state: "attaching", deleteOnTermination: false };
    volume.attachments = [attachment];
    volume.state = "in-use";
    this.#state.later(3_000, () => {
      attachment.state = "attached";
    });
    return {};
  }

  /** API_DetachVolume: "If the volume is the root device of an instance, it can't be detached while it runs". */
  detachVolume({ VolumeId }: { VolumeId?: string }) {
    const volume = this.volume(VolumeId);
    const [attachment] = volume.attachments;
    if (attachment === undefined || attachment.state !== "attached")
      throw ec2Error("IncorrectState", `Volume '${volume.id}' is in the '${attachment?.state ?? "available"}' state.`);
    const instance = this.instance(attachment.instanceId);
    if (instance.state !== "stopped" && attachment.device === instance.rootDevice)
      throw ec2Error("OperationNotPermitted", "Unable to detach root volume from a running instance");
    attachment.state = "detaching";
    this.#state.later(4_000, () => {
      volume.attachments = [];
      volume.state = "available";
    });
    return {};
  }

  stopInstances({ InstanceIds = [] }: { InstanceIds?: string[] }) {
    for (const instance of InstanceIds.map((id) => this.instance(id))) {
      if (instance.state === "stopped" || instance.state === "stopping") continue;
      if (instance.state !== "running") throw ec2Error("IncorrectInstanceState", `${instance.id} is ${instance.state}`);
      this.#turn(instance, "stopping", "stopped", 25_000);
      instance.stops++;
    }
    return {};
  }

  startInstances({ InstanceIds = [] }: { InstanceIds?: string[] }) {
    for (const instance of InstanceIds.map((id) => this.instance(id))) {
      if (instance.state === "running" || instance.state === "pending") continue;
      if (instance.state !== "stopped") throw ec2Error("IncorrectInstanceState", `${instance.id} is ${instance.state}`);
      if (!this.#state.attached(instance.id).some(([device]) => device === instance.rootDevice))
        throw ec2Error("IncorrectInstanceState", "Instance does not have a volume attached at root");
      this.#turn(instance, "pending", "running", 12_000);
      instance.starts++;
    }
    return {};
  }

  modifyInstance(input: {
    InstanceId?: string;
    BlockDeviceMappings?: { DeviceName?: string; Ebs?: { DeleteOnTermination?: boolean } }[];
  }) {
    for (const { DeviceName, Ebs } of input.BlockDeviceMappings ?? []) {
      const found = this.#state.attached(input.InstanceId ?? "").find(([device]) => device === DeviceName);
      const attachment = found?.[1].attachments[0];
      if (attachment === undefined) throw ec2Error("InvalidInstanceAttributeValue", `No device at ${DeviceName}`);
      attachment.deleteOnTermination = Ebs?.DeleteOnTermination ?? false;
    }
    return {};
  }

  /** API_CreateReplaceRootVolumeTask, VolumeId: available, same zone, not attached; the instance runs. */
  replaceRoot(input: {
    InstanceId?: string;
    VolumeId?: string;
    SnapshotId?: string;
    TagSpecifications?: TagSpecification[];
  }) {
    if (this.rootReplacement === "unknown")
      throw ec2Error("UnknownParameter", "The parameter VolumeId is not recognized");
    const [instance, volume] = [this.instance(input.InstanceId), this.volume(input.VolumeId)];
    if (input.SnapshotId !== undefined) throw ec2Error("InvalidParameterValue", "not of the root volume's lineage");
    if (instance.state !== "running") throw ec2Error("IncorrectInstanceState", "the instance must be running");
    if (volume.state !== "available" || volume.zone !== instance.zone) throw ec2Error("IncorrectState", "volume unfit");
    const task: FakeTask = {
      instanceId: instance.id,
      tags: (input.TagSpecifications ?? []).flatMap(({ Tags = [] }) => Tags),
      state: "in-progress",
    };
    this.#state.tasks.push(task);
    const old = this.#state.attached(instance.id).find(([device]) => device === instance.rootDevice)?.[1];
    this.#state.later(40_000, () => {
      if (this.rootReplacement === "fails" || old === undefined) {
        task.state = "failed";
        return;
      }
      old.attachments = [];
      old.state = "available";
      const state = { instanceId: instance.id, device: instance.rootDevice, state: "attached" };
      volume.attachments = [{ ...state, deleteOnTermination: false }];
      volume.state = "in-use";
      task.state = "succeeded";
    });
    return {};
  }

  rootTasks({ Filters = [] }: { Filters?: { Values?: string[] }[] }) {
    const ids = Filters[0]?.Values ?? [];
    const found = this.#state.tasks.filter(({ instanceId }) => ids.includes(instanceId));
    return {
      ReplaceRootVolumeTasks: found.map((t) => ({ InstanceId: t.instanceId, TaskState: t.state, Tags: t.tags })),
    };
  }

  #turn(instance: FakeInstance, by: string, to: string, ms: number): void {
    instance.state = by;
    this.#state.later(ms, () => {
      instance.state = to;
    });
  }
}
