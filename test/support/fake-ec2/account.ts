/** An AWS account in memory: EC2 and EBS direct behind the SDK's command objects, with calls that can be counted, denied or lost. */
import type { EBSClient } from "@aws-sdk/client-ebs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import { FakeChanges } from "./changes.ts";
import { FakeDescribe } from "./describe.ts";
import { FakeDirect } from "./direct.ts";
import { ebsError, ec2Error } from "./errors.ts";
import { SimClock } from "./sim-clock.ts";
import { FakeSnapshots } from "./snapshots.ts";
import { FakeState } from "./state.ts";

const ZONE = "us-east-1a";

/** The answer to a call was lost on the way, or the process ended before it came. */
class AnswerLost extends Error {
  override readonly name = "AnswerLost";
}

type Handler = (input: never) => unknown;

export class FakeAccount {
  readonly clock: SimClock;
  readonly state: FakeState;
  readonly changes: FakeChanges;
  readonly snapshots: FakeSnapshots;
  readonly direct: FakeDirect;
  readonly ec2: Pick<EC2Client, "send">;
  readonly ebs: Pick<EBSClient, "send">;
  /** Operations asked for, in order, with their input. */
  readonly calls: { readonly operation: string; readonly input: Readonly<Record<string, unknown>> }[] = [];
  /** Operations that the caller's role does not allow. */
  readonly denied = new Set<string>();
  /** After so many more calls that change something (writes of blocks aside), the answer of one is lost. */
  loseAnswerIn = Number.POSITIVE_INFINITY;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor({ clock = new SimClock(), pageOf = 3 }: { clock?: SimClock; pageOf?: number } = {}) {
    this.clock = clock;
    this.state = new FakeState(clock);
    const describe = new FakeDescribe(this.state, pageOf);
    const changes = new FakeChanges(this.state);
    const snapshots = new FakeSnapshots(this.state, changes);
    const direct = new FakeDirect(this.state);
    this.changes = changes;
    this.snapshots = snapshots;
    this.direct = direct;
    this.#handlers = new Map<string, Handler>([
      ["DescribeVolumes", (i) => describe.volumes(i)],
      ["DescribeInstances", (i) => describe.instances(i)],
      ["DescribeSnapshots", (i) => describe.snapshots(i)],
      ["DescribeReplaceRootVolumeTasks", (i) => changes.rootTasks(i)],
      ["CreateSnapshot", (i) => describe.snapshot(snapshots.create(i))],
      ["CreateSnapshots", (i) => ({ Snapshots: snapshots.createAll(i).map((s) => describe.snapshot(s)) })],
      ["DeleteSnapshot", (i) => snapshots.remove(i)],
      ["CreateTags", (i) => changes.createTags(i)],
      ["DeleteTags", (i) => changes.deleteTags(i)],
      ["CreateVolume", (i) => describe.volume(changes.createVolume(i))],
      ["DeleteVolume", (i) => changes.deleteVolume(i)],
      ["AttachVolume", (i) => changes.attachVolume(i)],
      ["DetachVolume", (i) => changes.detachVolume(i)],
      ["StopInstances", (i) => changes.stopInstances(i)],
      ["StartInstances", (i) => changes.startInstances(i)],
      ["ModifyInstanceAttribute", (i) => changes.modifyInstance(i)],
      ["CreateReplaceRootVolumeTask", (i) => changes.replaceRoot(i)],
      ["StartSnapshot", (i) => direct.start(i)],
      ["PutSnapshotBlock", (i) => direct.put(i)],
      ["CompleteSnapshot", (i) => direct.complete(i)],
      ["ListSnapshotBlocks", (i) => direct.listBlocks(i)],
      ["ListChangedBlocks", (i) => direct.listChanged(i)],
      ["GetSnapshotBlock", (i) => direct.get(i)],
    ]);
    this.ec2 = { send: (command: object) => this.#call(command, false) } as unknown as Pick<EC2Client, "send">;
    this.ebs = { send: (command: object) => this.#call(command, true) } as unknown as Pick<EBSClient, "send">;
  }

  /** How often an operation was asked for. */
  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  /** A volume that is there already; `content` by block. */
  addVolume(options: { sizeGib?: number; content?: ReadonlyMap<number, Uint8Array>; type?: string } = {}): string {
    const { sizeGib = 1, content = new Map(), type = "gp3" } = options;
    const speed = type === "gp3" ? { Iops: 3_000, Throughput: 125 } : {};
    const volume = this.changes.createVolume({ Size: sizeGib, AvailabilityZone: ZONE, VolumeType: type, ...speed });
    volume.content = content;
    this.clock.advance(20_000);
    this.state.settle();
    return volume.id;
  }

  /** An instance that has these volumes: the first is its root. */
  addInstance(volumeIds: readonly string[], state: "running" | "stopped" = "running"): string {
    const id = this.state.newId("i");
    this.state.instances.set(id, { id, rootDevice: "/dev/xvda", zone: ZONE, state, starts: 0, stops: 0 });
    volumeIds.forEach((volumeId, i) => {
      const volume = this.changes.volume(volumeId);
      const device = i === 0 ? "/dev/xvda" : `/dev/sd${String.fromCharCode("e".charCodeAt(0) + i)}`;
      volume.attachments = [{ instanceId: id, device, state: "attached", deleteOnTermination: i === 0 }];
      volume.state = "in-use";
    });
    return id;
  }

  /** The volume under a device of an instance. */
  at(instanceId: string, device: string): string | undefined {
    return this.state.attached(instanceId).find(([name]) => name === device)?.[1].id;
  }

  async #call(command: object, direct: boolean): Promise<unknown> {
    const operation = command.constructor.name.replace(/Command$/, "");
    const { input } = command as { input: Readonly<Record<string, unknown>> };
    // A real call takes a turn of the loop at least: callers that race are mixed.
    await Promise.resolve();
    this.calls.push({ operation, input });
    this.state.settle();
    if (this.denied.has(operation))
      throw direct
        ? ebsError("AccessDeniedException", "UNAUTHORIZED_ACCOUNT", `not allowed: ${operation}`)
        : ec2Error("UnauthorizedOperation", `You are not authorized to perform this operation: ${operation}`);
    const handler = this.#handlers.get(operation);
    if (handler === undefined) throw new Error(`${operation} is not emulated`);
    const answer = handler(input as never);
    if (!/^(Describe|List|Get|PutSnapshotBlock)/.test(operation) && --this.loseAnswerIn === 0)
      throw new AnswerLost(`the answer of ${operation} was lost`);
    return answer;
  }
}
