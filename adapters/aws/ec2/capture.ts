/** How are the volumes of a run captured at one instant, and how is a capture found again? */
import { randomUUID } from "node:crypto";
import {
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateTagsCommand,
  type Instance,
  type Tag,
  type Volume,
} from "@aws-sdk/client-ec2";
import { GIB } from "../../../core/domain/values.ts";
import { ProviderUnavailable } from "../../../core/ports/blocks.ts";
import { type Capture, CaptureRefused, type Owner } from "../../../core/ports/resource-provider.ts";
import { EBS_PROVIDER } from "../ebs/references.ts";
import { type Account, filter, instancesById, isCode, snapshotsBy, volumesById } from "./account.ts";
import { attachmentsOf, isCapturable } from "./disks.ts";
import { volumesOf } from "./servers.ts";
import { deleteSnapshots } from "./snapshots.ts";
import { fromTags, ownerTags, TAG, type Tags, toTags } from "./tags.ts";

// BackupService numbers (reference of the wire, §9): the disk does not exist; the disk's state does not allow it.
const DISK_NOT_FOUND = "7000";
const DISK_NOT_FIT = "7003";
const SNAPSHOT_QUOTA = "8300";

/** Volumes that one CreateSnapshots may leave out (EC2 API Reference, InstanceSpecification.ExcludeDataVolumeIds). */
const MOST_EXCLUDED = 40;
/** One CreateSnapshot per volume in 15 s, five snapshots of a volume at once (EBS quotas). */
const BUSY = ["SnapshotCreationPerVolumeRateExceeded", "ConcurrentSnapshotLimitExceeded"];
const BUSY_WAIT_MS = 15_000;
/** The capture task has 290 s. */
const BUSY_FOR_MS = 200_000;

/** Who asked at the same time has asked by then, and EC2 shows what was made. */
const OTHERS_MS = 1_000;

export interface CaptureRequest {
  readonly runId: string;
  readonly attempt: number;
  readonly diskIds: readonly string[];
  readonly owner: Owner;
}

interface Taken {
  readonly snapshotId: string;
  readonly volumeId: string;
  readonly size: number;
  readonly startedAt: number;
  readonly encrypted: boolean;
}
/** The snapshots of one call. */
type TakenSet = ReadonlyMap<string, Taken>;

/**
 * Takes the capture of an attempt, or answers the one that was taken. EC2 has no token that would make this one step, so
 * the snapshots carry run and attempt, and are looked up before and, a moment later, after: two callers see both sets, keep
 * the same one (the earliest) and delete the other. Mostly the second one is told that the volume is busy, and finds the
 * first one's set when it looks again. A set without all disks (its volume was detached in that moment) is deleted.
 */
export async function captureVolumes(account: Account, request: CaptureRequest): Promise<Capture> {
  const { timing } = account;
  const end = timing.now() + BUSY_FOR_MS;
  for (;;) {
    const known = await keepOne(account, request, await findSets(account, request));
    if (known !== undefined) return toCapture(request, known);
    try {
      return await takeOnce(account, request);
    } catch (error) {
      if (!isCode(error, ...BUSY)) throw refusal(request.diskIds, error);
      const wait = BUSY_WAIT_MS + timing.random() * 1_000;
      if (timing.now() + wait > end) throw new ProviderUnavailable((error as Error).message, { cause: error });
      await timing.sleep(wait);
    }
  }
}

async function takeOnce(account: Account, request: CaptureRequest): Promise<Capture> {
  const [name, taken] = await take(account, request);
  await account.timing.sleep(OTHERS_MS);
  const after = new Map([...(await findSets(account, request)), [name, taken] as const]);
  const kept = await keepOne(account, request, after);
  if (kept !== undefined) return toCapture(request, kept);
  const lost = request.diskIds.find((id) => !taken.has(id)) ?? "";
  throw new CaptureRefused(lost, DISK_NOT_FIT, `disk ${lost} left its instance while it was captured`);
}

/** All snapshots of this attempt, by the call that made them. */
async function findSets({ ec2, deployment }: Account, { runId, attempt }: CaptureRequest) {
  const sets = new Map<string, Map<string, Taken>>();
  const filters = [
    filter(`tag:${TAG.deployment}`, deployment),
    filter(`tag:${TAG.run}`, runId),
    filter(`tag:${TAG.attempt}`, String(attempt)),
  ];
  for await (const snapshot of snapshotsBy(ec2, filters)) {
    const name = fromTags(snapshot.Tags)[TAG.set] ?? "";
    const taken = takenOf(snapshot);
    sets.set(name, (sets.get(name) ?? new Map()).set(taken.volumeId, taken));
  }
  return sets;
}

/** The earliest complete set; every other snapshot of the attempt is deleted. */
async function keepOne(
  account: Account,
  { diskIds }: CaptureRequest,
  sets: ReadonlyMap<string, TakenSet>,
): Promise<TakenSet | undefined> {
  const [kept] = [...sets]
    .filter(([, set]) => diskIds.every((id) => set.has(id)))
    .sort(([a, one], [b, two]) => instantOf(one) - instantOf(two) || (a < b ? -1 : 1));
  const wanted = new Set(diskIds.map((id) => kept?.[1].get(id)?.snapshotId));
  const all = [...sets.values()].flatMap((set) => [...set.values()].map(({ snapshotId }) => snapshotId));
  await deleteSnapshots(
    account,
    all.filter((id) => !wanted.has(id)),
  );
  return kept?.[1];
}

/**
 * The smallest of the times at which the snapshots started. They belong to one instant (multi-volume snapshots are
 * crash-consistent across volumes); should EC2 write down different times, all that was written before the smallest is in
 * all of them, so `protected_at` never claims more than was captured.
 */
const instantOf = (set: TakenSet): number => Math.min(...[...set.values()].map(({ startedAt }) => startedAt));

function toCapture({ diskIds, runId, attempt }: CaptureRequest, set: TakenSet): Capture {
  const chosen = diskIds.map((id) => set.get(id) as Taken);
  return {
    promise: "atomic-group",
    instant: instantOf(new Map(chosen.map((taken) => [taken.volumeId, taken]))),
    disks: chosen.map(({ snapshotId, volumeId, size, encrypted }) => ({
      provider: EBS_PROVIDER,
      diskId: volumeId,
      snapshotId,
      size,
      comparable: true,
      ...(encrypted && { encrypted }),
      detail: { runId, attempt, encrypted },
    })),
  };
}

async function take(account: Account, request: CaptureRequest): Promise<readonly [string, TakenSet]> {
  const { ec2, deployment } = account;
  const { diskIds, runId, attempt, owner } = request;
  const volumes = await checkVolumes(account, diskIds);
  const name = randomUUID();
  const tags: Tags = {
    [TAG.deployment]: deployment,
    [TAG.run]: runId,
    [TAG.attempt]: String(attempt),
    [TAG.set]: name,
    ...ownerTags(owner),
  };
  const TagSpecifications = [{ ResourceType: "snapshot" as const, Tags: toTags(tags) }];
  const Description = `Holdfast ${deployment}, run ${runId}`;
  const [only] = diskIds;
  const create = async () => {
    if (only !== undefined && diskIds.length === 1)
      return [await ec2.send(new CreateSnapshotCommand({ VolumeId: only, Description, TagSpecifications }))];
    const InstanceSpecification = await specify(account, volumes);
    const command = new CreateSnapshotsCommand({ InstanceSpecification, Description, TagSpecifications });
    return (await ec2.send(command)).Snapshots ?? [];
  };
  const made = await create();
  const untagged = made.filter(({ Tags: own }) => fromTags(own)[TAG.set] !== name).flatMap((s) => s.SnapshotId ?? []);
  if (untagged.length > 0) await ec2.send(new CreateTagsCommand({ Resources: untagged, Tags: toTags(tags) }));
  return [name, new Map(made.map(takenOf).map((taken) => [taken.volumeId, taken]))];
}

/** @throws CaptureRefused for the first volume that cannot be captured */
async function checkVolumes({ ec2 }: Account, diskIds: readonly string[]): Promise<readonly Volume[]> {
  const found = await volumesById(ec2, diskIds);
  return diskIds.map((id) => {
    const volume = found.get(id);
    if (volume === undefined) throw new CaptureRefused(id, DISK_NOT_FOUND, `no volume has the id ${id}`);
    if (!isCapturable(volume)) throw new CaptureRefused(id, DISK_NOT_FIT, `volume ${id} is ${volume.State}`);
    const successor = fromTags(volume.Tags)[TAG.replacedBy];
    // Nobody writes to it: backups would go on being available, of a state that is no longer the disk's.
    if (successor !== undefined && attachmentsOf(volume).length === 0) {
      const why = `a restore put ${successor} in its place, and it is kept for undo only`;
      throw new CaptureRefused(
        id,
        DISK_NOT_FIT,
        `volume ${id}: ${why}; protect ${successor}, or remove its tag ${TAG.replacedBy}`,
      );
    }
    return volume;
  });
}

/** The instance whose volumes are captured together, and what it has besides. @throws CaptureRefused without such an instance */
async function specify({ ec2 }: Account, volumes: readonly Volume[]) {
  const instanceId = commonInstance(volumes);
  const instance = (await instancesById(ec2, [instanceId])).get(instanceId);
  const asked = new Set(volumes.map(({ VolumeId }) => VolumeId));
  const besides = volumesOf(instance ?? {}).filter((id) => !asked.has(id));
  const root = rootOf(instance);
  return {
    InstanceId: instanceId,
    ExcludeBootVolume: root !== undefined && besides.includes(root),
    // More than can be left out are captured too, and deleted at once.
    ExcludeDataVolumeIds: besides.filter((id) => id !== root).slice(0, MOST_EXCLUDED),
  };
}

const rootOf = (instance: Instance | undefined): string | undefined =>
  instance?.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === instance.RootDeviceName)?.Ebs?.VolumeId;

function commonInstance(volumes: readonly Volume[]): string {
  const instances = volumes.map((volume) => attachmentsOf(volume).flatMap(({ InstanceId }) => InstanceId ?? []));
  const common = instances[0]?.find((id) => instances.every((ids) => ids.includes(id)));
  if (common !== undefined) return common;
  const odd = volumes.find((_, i) => !instances[i]?.includes(instances[0]?.[0] ?? "")) ?? volumes[0];
  const id = odd?.VolumeId ?? "";
  const reason = "only volumes of one instance can be captured at one instant";
  throw new CaptureRefused(id, DISK_NOT_FIT, `disk ${id} is not attached to the instance of the others: ${reason}`);
}

/** What EC2 says of volumes that changed since they were looked at. */
function refusal(diskIds: readonly string[], error: unknown): unknown {
  const { message } = error as Error;
  const id = diskIds.find((disk) => message.includes(disk)) ?? diskIds[0] ?? "";
  if (isCode(error, "InvalidVolume.NotFound")) return refused(id, DISK_NOT_FOUND, error);
  if (isCode(error, "SnapshotLimitExceeded")) return refused(id, SNAPSHOT_QUOTA, error);
  const unfit = ["IncorrectState", "IncorrectInstanceState", "InvalidInstanceID.NotFound"];
  return isCode(error, ...unfit) ? refused(id, DISK_NOT_FIT, error) : error;
}

function refused(id: string, code: string, error: unknown): CaptureRefused {
  const refusal = new CaptureRefused(id, code, `disk ${id}: ${(error as Error).message}`);
  refusal.cause = error;
  return refusal;
}

function takenOf(snapshot: {
  readonly SnapshotId?: string | undefined;
  readonly VolumeId?: string | undefined;
  readonly VolumeSize?: number | undefined;
  readonly StartTime?: Date | undefined;
  readonly Encrypted?: boolean | undefined;
  readonly Tags?: Tag[] | undefined;
}): Taken {
  const { SnapshotId, VolumeId, VolumeSize, StartTime, Encrypted = false } = snapshot;
  if (SnapshotId === undefined || VolumeId === undefined || VolumeSize === undefined || StartTime === undefined)
    throw new Error(`EC2 described a snapshot without its id, volume, size or time: ${SnapshotId}`);
  const startedAt = StartTime.getTime();
  return { snapshotId: SnapshotId, volumeId: VolumeId, size: VolumeSize * GIB, startedAt, encrypted: Encrypted };
}
