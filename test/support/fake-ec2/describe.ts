/** Describe calls: filters, pages without an order, and the shapes of the EC2 API. */
import type { Filter, Tag } from "@aws-sdk/client-ec2";
import { ec2Error } from "./errors.ts";
import type { FakeInstance, FakeSnapshot, FakeState, FakeVolume } from "./state.ts";

interface Paged {
  readonly Filters?: Filter[];
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** Values of one filter (EC2 User Guide, "Filter resources": 200). */
const FILTER_VALUES = 200;

export class FakeDescribe {
  readonly #state: FakeState;
  readonly #pageOf: number;

  /** `pageOf`: EC2 may give fewer than MaxResults; small pages find callers that do not go on. */
  constructor(state: FakeState, pageOf: number) {
    this.#state = state;
    this.#pageOf = pageOf;
  }

  volumes(input: Paged) {
    const { page, NextToken } = this.#page(input, [...this.#state.volumes.values()], "volume-id");
    return { Volumes: page.map((volume) => this.volume(volume)), NextToken };
  }

  instances(input: Paged) {
    const { page, NextToken } = this.#page(input, [...this.#state.instances.values()], "instance-id");
    return { Reservations: page.map((instance) => ({ Instances: [this.#instance(instance)] })), NextToken };
  }

  snapshots(input: Paged & { readonly OwnerIds?: string[] }) {
    if (input.OwnerIds?.[0] !== "self") throw ec2Error("TooMany", "all public snapshots were asked for");
    const { page, NextToken } = this.#page(input, [...this.#state.snapshots.values()], "snapshot-id");
    return { Snapshots: page.map((snapshot) => this.snapshot(snapshot)), NextToken };
  }

  volume(volume: FakeVolume) {
    return {
      VolumeId: volume.id,
      Size: volume.sizeGib,
      State: volume.state,
      AvailabilityZone: volume.zone,
      VolumeType: volume.type,
      Iops: volume.iops,
      Throughput: volume.throughput,
      Encrypted: volume.encrypted,
      KmsKeyId: volume.kmsKeyId,
      MultiAttachEnabled: false,
      CreateTime: new Date(volume.createdAt),
      Tags: this.#tags(volume.id),
      Attachments: volume.attachments.map((a) => ({
        InstanceId: a.instanceId,
        VolumeId: volume.id,
        Device: a.device,
        State: a.state,
        DeleteOnTermination: a.deleteOnTermination,
      })),
    };
  }

  snapshot(snapshot: FakeSnapshot) {
    return {
      SnapshotId: snapshot.id,
      VolumeId: snapshot.volumeId,
      VolumeSize: snapshot.sizeGib,
      StartTime: new Date(snapshot.startedAt),
      State: snapshot.state,
      StateMessage: snapshot.message,
      Encrypted: snapshot.encrypted,
      Tags: this.#tags(snapshot.id),
    };
  }

  #instance(instance: FakeInstance) {
    return {
      InstanceId: instance.id,
      State: { Name: instance.state },
      RootDeviceName: instance.rootDevice,
      Tags: this.#tags(instance.id),
      BlockDeviceMappings: this.#state.attached(instance.id).map(([DeviceName, volume]) => ({
        DeviceName,
        Ebs: { VolumeId: volume.id, Status: volume.attachments[0]?.state },
      })),
    };
  }

  #tags(id: string): Tag[] {
    return [...this.#state.tagsOf(id)].map(([Key, Value]) => ({ Key, Value }));
  }

  #page<T extends { readonly id: string }>({ Filters = [], MaxResults, NextToken }: Paged, all: T[], idName: string) {
    for (const { Values = [] } of Filters)
      if (Values.length > FILTER_VALUES) throw ec2Error("FilterLimitExceeded", `${Values.length} values in one filter`);
    if (MaxResults !== undefined && (MaxResults < 5 || MaxResults > 1_000))
      throw ec2Error("InvalidParameterValue", `MaxResults ${MaxResults}`);
    const found = all.filter(({ id }) => Filters.every((filter) => this.#matches(id, filter, idName)));
    const start = Number(NextToken ?? 0);
    const end = start + Math.min(this.#pageOf, MaxResults ?? this.#pageOf);
    return { page: found.slice(start, end), NextToken: end < found.length ? String(end) : undefined };
  }

  #matches(id: string, { Name = "", Values = [] }: Filter, idName: string): boolean {
    const tags = this.#state.tagsOf(id);
    if (Name === idName) return Values.includes(id);
    if (Name === "tag-key") return Values.some((key) => tags.has(key));
    if (Name.startsWith("tag:")) return Values.includes(tags.get(Name.slice(4)) ?? "\0");
    throw ec2Error("InvalidParameterValue", `The filter '${Name}' is invalid`);
  }
}
