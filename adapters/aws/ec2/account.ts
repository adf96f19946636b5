/** How are volumes, instances and snapshots of the account looked up, whole lists and by id, without errors for missing ones? */
import type { EBSClient } from "@aws-sdk/client-ebs";
import {
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  type EC2Client,
  type Filter,
  type Instance,
  type Snapshot,
  type Volume,
} from "@aws-sdk/client-ec2";
import type { Timing } from "../ebs/timing.ts";

export type Ec2 = Pick<EC2Client, "send">;

/** What all parts of this adapter work with. */
export interface Account {
  readonly ec2: Ec2;
  /** The name of this deployment: the value of the tag that marks everything as ours. */
  readonly deployment: string;
  readonly timing: Timing;
  /** Told what is not an error and still worth knowing. */
  readonly log: (message: string) => void;
}

/** What a restore touches: EC2 and EBS direct. */
export interface RestoreAccount extends Account {
  readonly ebs: Pick<EBSClient, "send">;
}

/** DescribeVolumes gives at most 500 a page, DescribeInstances and DescribeSnapshots 1,000 (EC2 API Reference). */
const PAGE = { volumes: 500, others: 1_000 };
/** Values of one filter (EC2 User Guide, "Filter resources using the CLI": 200). */
const FILTER_VALUES = 200;

export const filter = (Name: string, ...Values: string[]): Filter => ({ Name, Values });

/** Pages have no order. Ids that do not exist are simply not among the answers of a filter. */
export async function* volumesBy(ec2: Ec2, filters: Filter[]): AsyncGenerator<Volume & { VolumeId: string }> {
  for (let NextToken: string | undefined; ; ) {
    const page = await ec2.send(
      new DescribeVolumesCommand({
        MaxResults: PAGE.volumes,
        ...(filters.length > 0 && { Filters: filters }),
        ...(NextToken !== undefined && { NextToken }),
      }),
    );
    for (const volume of page.Volumes ?? []) if (isNamed(volume, "VolumeId")) yield volume;
    NextToken = page.NextToken;
    if (!NextToken) return;
  }
}

export async function* instancesBy(ec2: Ec2, filters: Filter[]): AsyncGenerator<Instance & { InstanceId: string }> {
  for (let NextToken: string | undefined; ; ) {
    const page = await ec2.send(
      new DescribeInstancesCommand({
        MaxResults: PAGE.others,
        ...(filters.length > 0 && { Filters: filters }),
        ...(NextToken !== undefined && { NextToken }),
      }),
    );
    for (const { Instances = [] } of page.Reservations ?? [])
      for (const instance of Instances) if (isNamed(instance, "InstanceId")) yield instance;
    NextToken = page.NextToken;
    if (!NextToken) return;
  }
}

/** Only the account's own: the public ones of the region are hundreds of thousands. */
export async function* snapshotsBy(ec2: Ec2, filters: Filter[]): AsyncGenerator<Snapshot & { SnapshotId: string }> {
  for (let NextToken: string | undefined; ; ) {
    const page = await ec2.send(
      new DescribeSnapshotsCommand({
        OwnerIds: ["self"],
        MaxResults: PAGE.others,
        Filters: filters,
        ...(NextToken !== undefined && { NextToken }),
      }),
    );
    for (const snapshot of page.Snapshots ?? []) if (isNamed(snapshot, "SnapshotId")) yield snapshot;
    NextToken = page.NextToken;
    if (!NextToken) return;
  }
}

/** Those of the ids that exist. */
export const volumesById = (ec2: Ec2, ids: readonly string[]) =>
  byId(ids, "VolumeId", (some) => volumesBy(ec2, [filter("volume-id", ...some)]));
export const instancesById = (ec2: Ec2, ids: readonly string[]) =>
  byId(ids, "InstanceId", (some) => instancesBy(ec2, [filter("instance-id", ...some)]));
export const snapshotsById = (ec2: Ec2, ids: readonly string[], ...more: Filter[]) =>
  byId(ids, "SnapshotId", (some) => snapshotsBy(ec2, [filter("snapshot-id", ...some), ...more]));

async function byId<Key extends string, Value extends Record<Key, string>>(
  ids: readonly string[],
  key: Key,
  find: (ids: string[]) => AsyncIterable<Value>,
): Promise<ReadonlyMap<string, Value>> {
  const wanted = [...new Set(ids)];
  const found = new Map<string, Value>();
  for (let at = 0; at < wanted.length; at += FILTER_VALUES)
    for await (const value of find(wanted.slice(at, at + FILTER_VALUES))) found.set(value[key], value);
  return found;
}

function isNamed<Key extends string, Value extends { readonly [key in Key]?: string | undefined }>(
  value: Value,
  key: Key,
): value is Value & Record<Key, string> {
  return value[key] !== undefined;
}

/** Is it one of these errors? EC2's error codes are the names of the SDK's errors (EC2 API Reference, "Error codes"). */
export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && codes.includes(error.name);

/** How long is waited between two looks: snapshots take minutes, volumes and instances seconds. */
export const PATIENT_MS = 5_000;
export const QUICK_MS = 1_000;

/** Looks again and again until there is an answer or the time is over; each wait is half as long again, up to 15 s. */
export async function poll<T>(
  timing: Timing,
  { end, firstWait }: { readonly end: number; readonly firstWait: number },
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let wait = firstWait; ; wait = Math.min(wait * 1.5, 15_000)) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (timing.now() + wait > end) return undefined;
    await timing.sleep(wait);
  }
}
