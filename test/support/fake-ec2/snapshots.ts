/** Calls that make and delete snapshots: pending first, at a limited rate for each volume. */

import type { FakeChanges } from "./changes.ts";
import { ec2Error } from "./errors.ts";
import type { FakeSnapshot, FakeState, FakeVolume } from "./state.ts";

interface TagSpecification {
  readonly Tags?: { Key?: string; Value?: string }[];
}

/** One CreateSnapshot for a volume in this time (EBS quotas). */
const RATE_MS = 15_000;

export class FakeSnapshots {
  readonly #state: FakeState;
  readonly #changes: FakeChanges;
  /** How long a snapshot is pending, and what becomes of it. */
  pendingMs = 20_000;
  fails: string | undefined;

  constructor(state: FakeState, changes: FakeChanges) {
    this.#state = state;
    this.#changes = changes;
  }

  create({ VolumeId, TagSpecifications }: { VolumeId?: string; TagSpecifications?: TagSpecification[] }): FakeSnapshot {
    const volume = this.#changes.volume(VolumeId);
    this.#checkRate([volume]);
    return this.#take(volume, TagSpecifications);
  }

  /** API_CreateSnapshots: all volumes of the instance at one instant, without the root or without up to 40 others. */
  createAll(input: {
    InstanceSpecification?: { InstanceId?: string; ExcludeBootVolume?: boolean; ExcludeDataVolumeIds?: string[] };
    TagSpecifications?: TagSpecification[];
  }): readonly FakeSnapshot[] {
    const { InstanceId, ExcludeBootVolume = false, ExcludeDataVolumeIds = [] } = input.InstanceSpecification ?? {};
    const instance = this.#changes.instance(InstanceId);
    if (ExcludeDataVolumeIds.length > 40) throw ec2Error("InvalidParameterValue", "more than 40 excluded volumes");
    const volumes = this.#state
      .attached(instance.id)
      .filter(([device, { id }]) =>
        device === instance.rootDevice ? !ExcludeBootVolume : !ExcludeDataVolumeIds.includes(id),
      )
      .map(([, volume]) => volume);
    if (volumes.length === 0) throw ec2Error("InvalidParameterValue", "no volume is left to take");
    this.#checkRate(volumes);
    return volumes.map((volume) => this.#take(volume, input.TagSpecifications));
  }

  remove({ SnapshotId = "" }: { SnapshotId?: string }) {
    const snapshot = this.#state.snapshots.get(SnapshotId);
    if (snapshot === undefined) throw ec2Error("InvalidSnapshot.NotFound", `'${SnapshotId}' does not exist.`);
    if (snapshot.inUse) throw ec2Error("InvalidSnapshot.InUse", `${SnapshotId} is currently in use by ami-1`);
    this.#state.snapshots.delete(SnapshotId);
    return {};
  }

  #checkRate(volumes: readonly FakeVolume[]): void {
    const now = this.#state.clock.now();
    for (const volume of volumes)
      if (now - volume.lastSnapshotAt < RATE_MS)
        throw ec2Error("SnapshotCreationPerVolumeRateExceeded", `one snapshot of ${volume.id} in 15 seconds`);
  }

  #take(volume: FakeVolume, specifications: TagSpecification[] | undefined): FakeSnapshot {
    if (volume.state !== "available" && volume.state !== "in-use")
      throw ec2Error("IncorrectState", `volume ${volume.id} is ${volume.state}`);
    const snapshot: FakeSnapshot = {
      id: this.#state.newId("snap"),
      volumeId: volume.id,
      sizeGib: volume.sizeGib,
      startedAt: this.#state.clock.now(),
      encrypted: volume.encrypted,
      state: "pending",
      message: undefined,
      content: volume.content,
      inUse: false,
      direct: undefined,
    };
    volume.lastSnapshotAt = this.#state.clock.now();
    this.#state.snapshots.set(snapshot.id, snapshot);
    this.#changes.tag(snapshot.id, specifications);
    const { fails } = this;
    this.#state.later(this.pendingMs, () => {
      snapshot.state = fails === undefined ? "completed" : "error";
      snapshot.message = fails;
    });
    return snapshot;
  }
}
