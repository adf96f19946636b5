/** EBS direct: lists, blocks and writes of snapshots, with tokens, pages, checksums and quotas. */
import { createHash } from "node:crypto";
import { ebsError } from "./errors.ts";
import { Quota } from "./quota.ts";
import type { FakeSnapshot, FakeState } from "./state.ts";

const BLOCK = 512 * 1024;
/** EBS User Guide, "EBS direct APIs": page tokens live 60 minutes, block tokens 7 days. */
const PAGE_TOKEN_MS = 60 * 60_000;
const BLOCK_TOKEN_MS = 7 * 24 * 3_600_000;

interface ListInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly StartingBlockIndex?: number;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");

export class FakeDirect {
  readonly #state: FakeState;
  /** Requests a second of the account (EBS quotas). */
  readonly quotas: { read: Quota; write: Quota; list: Quota };
  /** Every other page is empty and has a next one, which the API allows. */
  emptyPages = false;
  /** The next reads of these blocks give wrong bytes, so many times. */
  readonly garbled = new Map<number, number>();

  constructor(state: FakeState) {
    this.#state = state;
    const { now } = state.clock;
    this.quotas = { read: new Quota(1_000, now), write: new Quota(1_000, now), list: new Quota(50, now) };
  }

  start(input: {
    VolumeSize?: number;
    ClientToken?: string;
    Timeout?: number;
    Encrypted?: boolean;
    KmsKeyArn?: string;
    Tags?: { Key?: string; Value?: string }[];
  }) {
    const { VolumeSize = 0, ClientToken = "", Timeout = 60 } = input;
    if (!Number.isInteger(VolumeSize) || VolumeSize < 1 || VolumeSize > 65_536)
      throw ebsError("ValidationException", "INVALID_VOLUME_SIZE", `VolumeSize ${VolumeSize}`);
    if (Timeout < 10 || Timeout > 4_320) throw ebsError("ValidationException", "INVALID_PARAMETER_VALUE", "Timeout");
    if (input.KmsKeyArn !== undefined && input.Encrypted !== true)
      throw ebsError("ValidationException", "INVALID_PARAMETER_VALUE", "KmsKeyArn without Encrypted");
    const known = [...this.#state.snapshots.values()].find((s) => s.direct?.token === ClientToken);
    if (known !== undefined) return { SnapshotId: known.id, Status: known.state, BlockSize: BLOCK };
    const now = this.#state.clock.now();
    const snapshot: FakeSnapshot = {
      id: this.#state.newId("snap"),
      volumeId: "vol-ffffffff",
      sizeGib: VolumeSize,
      startedAt: now,
      encrypted: input.Encrypted ?? false,
      state: "pending",
      message: undefined,
      content: new Map(),
      inUse: false,
      direct: { token: ClientToken, written: new Set(), lastWriteAt: now, timeoutMs: Timeout * 60_000 },
    };
    this.#state.snapshots.set(snapshot.id, snapshot);
    for (const { Key = "", Value = "" } of input.Tags ?? []) this.#state.tagsOf(snapshot.id).set(Key, Value);
    return { SnapshotId: snapshot.id, Status: "pending", BlockSize: BLOCK };
  }

  put(input: {
    SnapshotId?: string;
    BlockIndex?: number;
    BlockData?: Uint8Array;
    DataLength?: number;
    Checksum?: string;
  }) {
    this.#throttle(this.quotas.write);
    const { snapshot, direct } = this.#writable(input.SnapshotId);
    const { BlockIndex = -1, BlockData = new Uint8Array(0) } = input;
    if (BlockIndex < 0 || BlockIndex >= snapshot.sizeGib * 2_048)
      throw ebsError("ValidationException", "INVALID_BLOCK", `block ${BlockIndex} is outside`);
    if (BlockData.length !== BLOCK || input.DataLength !== BLOCK)
      throw ebsError("ValidationException", "INVALID_BLOCK", "a block has 524288 bytes");
    if (sha256(BlockData) !== input.Checksum) throw ebsError("ValidationException", "INVALID_BLOCK", "wrong checksum");
    (snapshot.content as Map<number, Uint8Array>).set(BlockIndex, BlockData.slice());
    direct.written.add(BlockIndex);
    direct.lastWriteAt = this.#state.clock.now();
    return {};
  }

  complete({ SnapshotId, ChangedBlocksCount }: { SnapshotId?: string; ChangedBlocksCount?: number }) {
    const { snapshot, direct } = this.#writable(SnapshotId);
    if (ChangedBlocksCount !== direct.written.size)
      throw ebsError("ValidationException", "INVALID_PARAMETER_VALUE", "ChangedBlocksCount is not what was written");
    snapshot.direct = { ...direct, timeoutMs: Number.POSITIVE_INFINITY };
    completing.add(snapshot);
    this.#state.later(15_000, () => {
      snapshot.state = "completed";
    });
    return { Status: "pending" };
  }

  listBlocks(input: ListInput & { SnapshotId?: string }) {
    this.#throttle(this.quotas.list);
    const snapshot = this.#readable(input.SnapshotId);
    const indexes = [...snapshot.content.keys()].sort((a, b) => a - b);
    const { page, NextToken } = this.#page(input, indexes);
    return {
      Blocks: page.map((BlockIndex) => ({ BlockIndex, BlockToken: this.#token(snapshot, BlockIndex) })),
      VolumeSize: snapshot.sizeGib,
      BlockSize: BLOCK,
      NextToken,
    };
  }

  /** API_ListChangedBlocks: tokens of the snapshot that has the block; snapshots of one volume only. */
  listChanged(input: ListInput & { FirstSnapshotId?: string; SecondSnapshotId?: string }) {
    this.#throttle(this.quotas.list);
    const [first, second] = [this.#readable(input.FirstSnapshotId), this.#readable(input.SecondSnapshotId)];
    if (first.volumeId !== second.volumeId)
      throw ebsError("ValidationException", "UNRELATED_SNAPSHOTS", "The snapshots are of other volumes");
    const all = new Set([...first.content.keys(), ...second.content.keys()]);
    const indexes = [...all].filter((i) => first.content.get(i) !== second.content.get(i)).sort((a, b) => a - b);
    const { page, NextToken } = this.#page(input, indexes);
    return {
      ChangedBlocks: page.map((BlockIndex) => ({
        BlockIndex,
        ...(first.content.has(BlockIndex) && { FirstBlockToken: this.#token(first, BlockIndex) }),
        ...(second.content.has(BlockIndex) && { SecondBlockToken: this.#token(second, BlockIndex) }),
      })),
      VolumeSize: second.sizeGib,
      BlockSize: BLOCK,
      NextToken,
    };
  }

  get({
    SnapshotId,
    BlockIndex = -1,
    BlockToken = "",
  }: {
    SnapshotId?: string;
    BlockIndex?: number;
    BlockToken?: string;
  }) {
    this.#throttle(this.quotas.read);
    const snapshot = this.#readable(SnapshotId);
    const [of, index, until] = BlockToken.split("/");
    if (of !== snapshot.id || Number(index) !== BlockIndex || Number(until) < this.#state.clock.now())
      throw ebsError("ValidationException", "INVALID_BLOCK_TOKEN", "The block token is not valid");
    const bytes = snapshot.content.get(BlockIndex);
    if (bytes === undefined) throw ebsError("ValidationException", "INVALID_BLOCK", "there is no such block");
    const garbled = this.garbled.get(BlockIndex) ?? 0;
    this.garbled.set(BlockIndex, garbled - 1);
    const sent = garbled > 0 ? bytes.map((byte, i) => (i === 77 ? byte ^ 1 : byte)) : bytes;
    return {
      DataLength: BLOCK,
      Checksum: sha256(bytes),
      ChecksumAlgorithm: "SHA256",
      BlockData: { transformToByteArray: async () => sent.slice() },
    };
  }

  #throttle(quota: Quota): void {
    if (!quota.take()) throw ebsError("RequestThrottledException", "ACCOUNT_THROTTLED", "Rate exceeded");
  }

  #readable(id = ""): FakeSnapshot {
    const snapshot = this.#state.snapshots.get(id);
    if (snapshot === undefined) throw ebsError("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", `no ${id}`);
    if (snapshot.state !== "completed")
      throw ebsError("ValidationException", "INVALID_SNAPSHOT_ID", `${id} is ${snapshot.state}`);
    return snapshot;
  }

  #writable(id = "") {
    const snapshot = this.#state.snapshots.get(id);
    const direct = snapshot?.direct;
    if (snapshot === undefined || direct === undefined)
      throw ebsError("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", `no ${id}`);
    if (this.#state.clock.now() - direct.lastWriteAt > direct.timeoutMs) {
      this.#state.snapshots.delete(id);
      throw ebsError("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", `${id} was cancelled`);
    }
    if (snapshot.state !== "pending" || completing.has(snapshot))
      throw ebsError("ValidationException", "INVALID_SNAPSHOT_ID", `${id} is not pending`);
    return { snapshot, direct };
  }

  #token = (snapshot: FakeSnapshot, index: number): string =>
    `${snapshot.id}/${index}/${this.#state.clock.now() + BLOCK_TOKEN_MS}`;

  #page({ MaxResults = 10_000, NextToken, StartingBlockIndex = 0 }: ListInput, indexes: readonly number[]) {
    if (MaxResults < 100 || MaxResults > 10_000)
      throw ebsError("ValidationException", "INVALID_PARAMETER_VALUE", `MaxResults ${MaxResults}`);
    const [from = "0", until = "0", kind = ""] = NextToken?.split("/") ?? [];
    if (NextToken !== undefined && Number(until) < this.#state.clock.now())
      throw ebsError("ValidationException", "INVALID_PAGE_TOKEN", "The page token has expired");
    const first = NextToken === undefined ? StartingBlockIndex : Number(from);
    const end = this.#state.clock.now() + PAGE_TOKEN_MS;
    if (this.emptyPages && kind !== "full") return { page: [], NextToken: `${first}/${end}/full` };
    const rest = indexes.filter((index) => index >= first);
    const next = rest[MaxResults];
    return { page: rest.slice(0, MaxResults), NextToken: next === undefined ? undefined : `${next}/${end}` };
  }
}

const completing = new WeakSet<FakeSnapshot>();
