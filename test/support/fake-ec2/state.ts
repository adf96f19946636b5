/** What an emulated account holds: volumes, instances, snapshots, and what will become of them. */
import type { SimClock } from "./sim-clock.ts";

/** Blocks of 512 KiB that hold data, by index. Never changed in place once a snapshot shares it. */
export type Content = ReadonlyMap<number, Uint8Array>;

export interface FakeVolume {
  readonly id: string;
  readonly sizeGib: number;
  readonly zone: string;
  readonly type: string;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly encrypted: boolean;
  readonly kmsKeyId: string | undefined;
  readonly createdAt: number;
  readonly clientToken: string | undefined;
  state: string;
  content: Content;
  attachments: { instanceId: string; device: string; state: string; deleteOnTermination: boolean }[];
  lastSnapshotAt: number;
}

export interface FakeInstance {
  readonly id: string;
  readonly rootDevice: string;
  readonly zone: string;
  state: string;
  /** How often it was started and stopped. */
  starts: number;
  stops: number;
}

export interface FakeSnapshot {
  readonly id: string;
  /** vol-ffffffff for those that were written through EBS direct. */
  readonly volumeId: string;
  readonly sizeGib: number;
  readonly startedAt: number;
  readonly encrypted: boolean;
  state: string;
  message: string | undefined;
  content: Content;
  inUse: boolean;
  direct: { token: string; written: Set<number>; lastWriteAt: number; timeoutMs: number } | undefined;
}

export interface FakeTask {
  readonly instanceId: string;
  readonly tags: { Key?: string; Value?: string }[];
  state: string;
}

/** The account. Changes that take their time are done when a call comes after their moment. */
export class FakeState {
  readonly clock: SimClock;
  readonly volumes = new Map<string, FakeVolume>();
  readonly instances = new Map<string, FakeInstance>();
  readonly snapshots = new Map<string, FakeSnapshot>();
  readonly tasks: FakeTask[] = [];
  readonly tags = new Map<string, Map<string, string>>();
  #later: { at: number; change: () => void }[] = [];
  #ids = 0;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  /** Ids in no order, as in EC2: the counter's digits reversed. */
  newId(prefix: string): string {
    this.#ids++;
    const digits = [...this.#ids.toString(16).padStart(8, "0")].reverse().join("");
    return `${prefix}-${digits}${this.#ids.toString(16).padStart(9, "0")}`;
  }

  later(ms: number, change: () => void): void {
    this.#later.push({ at: this.clock.now() + ms, change });
  }

  settle(): void {
    const now = this.clock.now();
    const due = this.#later.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    this.#later = this.#later.filter(({ at }) => at > now);
    for (const { change } of due) change();
    if (due.length > 0) this.settle();
  }

  tagsOf(id: string): Map<string, string> {
    const tags = this.tags.get(id) ?? new Map<string, string>();
    this.tags.set(id, tags);
    return tags;
  }

  /** Volumes of an instance by device. */
  attached(instanceId: string): readonly (readonly [string, FakeVolume])[] {
    return [...this.volumes.values()]
      .flatMap((volume) =>
        volume.attachments.filter((a) => a.instanceId === instanceId).map((a) => [a.device, volume] as const),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
