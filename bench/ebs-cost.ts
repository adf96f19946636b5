/**
 * Counts what backups of EBS volumes cost in requests, and what happens at the account's quota:
 *
 *   npm run bench:ebs
 *
 * Nothing is sent anywhere. (1) The real engine backs up a simulated volume of 4 GiB of incompressible blocks, group by group:
 * requests a block, PUTs a GiB. (2) The real planner and source walk a simulated volume of 1 TiB, all of it written, leaf by
 * leaf: list pages and blocks to read are counted, the bytes themselves are not moved (hashing 1 TiB takes hours here), so
 * GetSnapshotBlock and PUT are those blocks and bytes times what (1) measured. (3) The real engine backs up 2 GiB of
 * incompressible blocks, changes a few bytes in 1 % of them and backs up again; every request to the object store is counted and
 * taken to 1 TiB: those about packs by leaves, those about the repository by units. The lists of changes are those of 1 TiB.
 * (4) The plan of 64 TiB. (5) 20 transfers share an account that allows 1,000 reads a second, on a simulated clock. (6) A
 * collection of what (3) wrote: its requests, and what they come to for 1 TiB of packs. Prices: EBS direct and S3 in us-east-1.
 * Writes bench/results/ebs.json.
 */
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import type { EBSClient } from "@aws-sdk/client-ebs";
import { createEbsBlocks } from "../adapters/aws/ebs/blocks.ts";
import { leavesOf, planGroups } from "../core/domain/plan.ts";
import { GIB } from "../core/domain/values.ts";
import { createDataPlane } from "../core/engine/data-plane.ts";
import { SAMPLE_ONE_IN } from "../core/engine/numbers.ts";
import type { SnapshotRef } from "../core/ports/blocks.ts";
import type { TransferResult } from "../core/ports/data-plane.ts";
import type { ObjectStore } from "../core/ports/object-store.ts";
import { createMemoryRuns } from "../test/collect/memory-runs.ts";
import { ebsError } from "../test/support/fake-ec2/errors.ts";
import { Quota } from "../test/support/fake-ec2/quota.ts";
import { SimClock } from "../test/support/fake-ec2/sim-clock.ts";
import { createMemoryObjects } from "../test/support/memory-objects.ts";

const TIB = 1024 * GIB;
const BLOCK = 512 * 1024;
const LEAF_BLOCKS = 1_024;
/** How a deployment cuts disks (HOLDFAST_MOST_GROUPS). */
const MOST_GROUPS = 100;
/** Bytes at which a pack is closed. */
const PACK = 16 * 1024 * 1024;
/** Dollars for a thousand (EBS User Guide, "Pricing for EBS direct APIs"; S3 Standard: PUT and LIST, GET and HEAD). */
const PRICE = { list: 0.0006, get: 0.003, put: 0.006, s3Put: 0.005, s3Get: 0.0004 };
/** Names on one page of ListObjectsV2. */
const S3_PAGE = 1_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const count = (n: number): string => Math.round(n).toLocaleString("en-US");
const dollars = (n: number): string => `$${n.toFixed(n < 0.1 ? 4 : 2)}`;

/** A volume whose blocks are made when they are asked for: blocks with an index, and those that changed since "snap-first". */
interface Simulated {
  readonly blocks: number;
  readonly bytes: (index: number, changed: boolean) => Uint8Array;
  readonly changed: (index: number) => boolean;
}

interface Requests {
  list: number;
  get: number;
}

/** Answers as EBS direct does; `before` may wait or throw. */
function simulate(volume: Simulated, requests: Requests, before: (operation: string) => Promise<void>) {
  const page = (input: ListInput, wanted: (index: number) => boolean) => {
    const found: number[] = [];
    const most = input.MaxResults ?? 10_000;
    let index = Number(input.NextToken ?? input.StartingBlockIndex ?? 0);
    for (; index < volume.blocks && found.length < most; index++) if (wanted(index)) found.push(index);
    return {
      found,
      rest: { VolumeSize: (volume.blocks * BLOCK) / GIB, ...(index < volume.blocks && { NextToken: String(index) }) },
    };
  };
  const send = async (command: { constructor: { name: string }; input: ListInput }) => {
    const { name } = command.constructor;
    await before(name);
    if (name === "GetSnapshotBlockCommand") {
      requests.get++;
      const { BlockIndex = 0, SnapshotId } = command.input;
      const bytes = volume.bytes(BlockIndex, SnapshotId === "snap-second" && volume.changed(BlockIndex));
      const Checksum = createHash("sha256").update(bytes).digest("base64");
      return { DataLength: BLOCK, Checksum, BlockData: { transformToByteArray: async () => bytes } };
    }
    requests.list++;
    const changes = name === "ListChangedBlocksCommand";
    const { found, rest } = page(command.input, changes ? volume.changed : () => true);
    return changes
      ? { ...rest, ChangedBlocks: found.map((BlockIndex) => ({ BlockIndex, SecondBlockToken: "t" })) }
      : { ...rest, Blocks: found.map((BlockIndex) => ({ BlockIndex, BlockToken: "t" })) };
  };
  return { send } as unknown as Pick<EBSClient, "send">;
}
interface ListInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly StartingBlockIndex?: number;
  readonly BlockIndex?: number;
  readonly SnapshotId?: string;
}

const noise = Array.from({ length: 8 }, () => randomFillSync(new Uint8Array(BLOCK)));
/** Noise that differs from every other block: it cannot be compressed or found again. */
function noisy(index: number, changed: boolean): Uint8Array {
  const bytes = (noise[index % noise.length] as Uint8Array).slice();
  new DataView(bytes.buffer).setFloat64(0, index * 2 + (changed ? 1 : 0));
  return bytes;
}
/** One block in a hundred, spread evenly and out of step with leaves and pages. */
const onePercent = (index: number): boolean => index % 100 === 37;

const ref = (blocks: number, snapshotId: string, since?: string): SnapshotRef => ({
  provider: "ebs",
  diskId: "vol-1",
  snapshotId,
  size: blocks * BLOCK,
  comparable: true,
  ...(since !== undefined && { since: { snapshotId: since } }),
  detail: {},
});
const domain = { domainId: "bench", secret: new Uint8Array(32).fill(9) };
const nothing = async (): Promise<void> => undefined;

/** Keeps nothing but counts. */
function countingObjects(puts: { objects: number; bytes: number }): ObjectStore {
  return {
    ...createMemoryObjects(),
    putIfAbsent: async (_name, bytes) => {
      puts.objects++;
      puts.bytes += bytes.length;
      return "created";
    },
  };
}

async function transferAll(
  plane: ReturnType<typeof createDataPlane>,
  snapshot: SnapshotRef,
  groups: number,
  parentRoot?: string,
): Promise<TransferResult[]> {
  const results: TransferResult[] = [];
  for (const { firstLeaf, endLeaf } of planGroups([snapshot.size], groups))
    results.push(
      await plane.transfer({
        domain,
        snapshot,
        firstLeaf,
        endLeaf,
        level: 3,
        budgetMs: 3_600_000,
        // Drawn by lot: reckoned instead (SAMPLE_ONE_IN).
        sampleOneIn: 0,
        ...(parentRoot !== undefined && { parentRoot }),
      }),
    );
  return results;
}

/** (1) */
async function engineOfNoise() {
  const blocks = (4 * GIB) / BLOCK;
  const requests = { list: 0, get: 0 };
  const puts = { objects: 0, bytes: 0 };
  const ebs = simulate({ blocks, bytes: noisy, changed: onePercent }, requests, nothing);
  const plane = createDataPlane({ objects: countingObjects(puts), blocks: createEbsBlocks({ ebs }) });
  const began = performance.now();
  const groups = 2;
  await transferAll(plane, ref(blocks, "snap-first"), groups);
  return {
    blocks,
    groups,
    ...requests,
    puts: puts.objects,
    putBytes: puts.bytes,
    seconds: (performance.now() - began) / 1_000,
  };
}

/** (2), and the lists of (3). */
async function walk(blocks: number, since: boolean) {
  const requests = { list: 0, get: 0 };
  const ebs = simulate({ blocks, bytes: () => noise[0] as Uint8Array, changed: onePercent }, requests, nothing);
  const snapshot = since ? ref(blocks, "snap-second", "snap-first") : ref(blocks, "snap-first");
  let toRead = 0;
  const groups = planGroups([snapshot.size], MOST_GROUPS);
  for (const { firstLeaf, endLeaf } of groups) {
    // A window of none: nothing is fetched ahead, only what is to be read is counted.
    const source = await createEbsBlocks({ ebs, window: 0 }).openSource(snapshot);
    for (let leaf = firstLeaf; leaf < endLeaf; leaf++)
      for (const hint of (await source.survey?.(leaf * LEAF_BLOCKS, LEAF_BLOCKS)) ?? []) if (hint === "data") toRead++;
    await source.close();
  }
  return { blocks, groups: groups.length, listPages: requests.list, toRead };
}

/** What a store was asked for, of one kind of object. */
interface Asked {
  put: number;
  get: number;
  head: number;
  list: number;
  trash: number;
}

/** Counts every request, by kind of object (`packs`, `roots` …). */
function counted(store: ObjectStore): { readonly objects: ObjectStore; readonly take: () => Record<string, Asked> } {
  let asked: Record<string, Asked> = {};
  const of = (name: string): Asked => {
    const kind = name.split("/")[1] ?? "";
    asked[kind] ??= { put: 0, get: 0, head: 0, list: 0, trash: 0 };
    return asked[kind];
  };
  const objects: ObjectStore = {
    putIfAbsent: (name, bytes) => {
      of(name).put++;
      return store.putIfAbsent(name, bytes);
    },
    get: (name, ...more) => {
      of(name).get++;
      return store.get(name, ...more);
    },
    size: (name) => {
      of(name).head++;
      return store.size(name);
    },
    async *list(prefix) {
      let names = 0;
      for await (const entry of store.list(prefix)) {
        names++;
        yield entry;
      }
      of(prefix).list += Math.max(1, Math.ceil(names / S3_PAGE));
    },
    trash: (name) => {
      of(name).trash++;
      return store.trash(name);
    },
  };
  const take = () => {
    const taken = asked;
    asked = {};
    return taken;
  };
  return { objects, take };
}

/** (3) and (6) */
async function engineOfOnePercent() {
  const blocks = (2 * GIB) / BLOCK;
  const requests = { list: 0, get: 0 };
  const ebs = simulate({ blocks, bytes: noisy, changed: onePercent }, requests, nothing);
  const { objects, take } = counted(createMemoryObjects());
  const plane = createDataPlane({ objects, blocks: createEbsBlocks({ ebs }) });
  const full = await transferAll(plane, ref(blocks, "snap-first"), 1);
  const size = blocks * BLOCK;
  await plane.seal({ domain, rootId: "first", size, description: {}, results: full.map(({ payload }) => payload) });
  Object.assign(requests, { list: 0, get: 0 });
  take();
  const again = await transferAll(plane, ref(blocks, "snap-second", "snap-first"), 1, "first");
  for (const { payload } of again) await plane.avoided(domain, payload);
  const transfer = take();
  const results = again.map(({ payload }) => payload);
  await plane.seal({ domain, rootId: "second", size, parentRoot: "first", description: {}, results });
  const seal = take();
  const runs = createMemoryRuns();
  const now = Date.now();
  const { totals } = await plane.collect(domain, runs, { step: "decide", now });
  await plane.collect(domain, runs, { step: "trash", now });
  const collection = take();
  const sum = (what: "changed" | "stored") => again.reduce((total, { counts }) => total + counts[what], 0);
  const changed = sum("changed") / BLOCK;
  const isChanged = Array.from({ length: blocks }, (_, i) => i).filter(onePercent).length;
  if (changed !== isChanged) throw new Error(`${changed} blocks were found changed, not ${isChanged}`);
  if (totals.keep.packs + totals.young.packs === 0) throw new Error("the collection saw no pack");
  return { blocks, changed, stored: sum("stored"), ...requests, transfer, seal, collection, packs: totals.keep.packs };
}

/** What (3) comes to for a disk so many times as large, cut into so many units. */
function atSize(small: Awaited<ReturnType<typeof engineOfOnePercent>>, times: number, units: number) {
  const { packs: ofPacks, ...ofRepository } = small.transfer;
  const perUnit = Object.values(ofRepository);
  const all = (what: keyof Asked) => perUnit.reduce((sum, asked) => sum + asked[what], 0) * units;
  const packs = units * Math.ceil((small.stored * times) / units / PACK);
  const allPacks = small.packs * times;
  return {
    stored: small.stored * times,
    // Each unit's last pack is not full.
    puts: packs + 2,
    gets: (ofPacks?.get ?? 0) * times + all("get") + 2 * packs,
    heads: (ofPacks?.head ?? 0) * times + all("head"),
    // From 500 packs on the seal lists.
    lists: all("list") + Math.ceil(allPacks / S3_PAGE) + 2,
  };
}

/** (5). A transfer that fails fails the benchmark. */
async function quota() {
  const [units, perUnit, allowed, latency] = [20, 1_500, 1_000, 40];
  const clock = new SimClock();
  const read = new Quota(allowed, clock.now);
  const bytes = noisy(1, false);
  const requests = { list: 0, get: 0 };
  const ebs = simulate(
    { blocks: units * LEAF_BLOCKS * 2, bytes: () => bytes, changed: onePercent },
    requests,
    async (name) => {
      await clock.sleep(latency * (0.5 + clock.random()));
      if (name === "GetSnapshotBlockCommand" && !read.take())
        throw ebsError("RequestThrottledException", "ACCOUNT_THROTTLED", "Rate exceeded");
    },
  );
  const blocks = createEbsBlocks({ ebs, timing: clock });
  const began = clock.now();
  const ends = await Promise.all(
    Array.from({ length: units }, async (_, unit) => {
      const source = await blocks.openSource(ref(units * LEAF_BLOCKS * 2, "snap-first"));
      const into = new Uint8Array(BLOCK);
      const first = unit * LEAF_BLOCKS * 2;
      await source.survey?.(first, perUnit);
      for (let i = 0; i < perUnit; i++) await source.read((first + i) * BLOCK, into);
      await source.close();
      return clock.now();
    }),
  );
  const first = (Math.min(...ends) - began) / 1_000;
  const seconds = (Math.max(...ends) - began) / 1_000;
  // The bucket was full at the start: its second's worth is no throughput.
  const perSecond = (read.allowed - allowed) / seconds;
  return {
    units,
    blocks: read.allowed,
    throttled: read.refused,
    firstDoneAfter: first,
    seconds,
    perSecond,
    ofQuota: perSecond / allowed,
  };
}

function cost({ list, get, puts }: { list: number; get: number; puts: number }) {
  return { ebs: (list * PRICE.list + get * PRICE.get) / 1_000, s3: (puts * PRICE.s3Put) / 1_000 };
}

const noiseRun = await engineOfNoise();
const getsPerBlock = noiseRun.get / noiseRun.blocks;
print(
  `engine, ${noiseRun.blocks / 2_048} GiB of noise: ${count(noiseRun.get)} GetSnapshotBlock for ${count(noiseRun.blocks)} blocks, ` +
    `${noiseRun.list} List in ${noiseRun.groups} groups, ${count(noiseRun.puts)} PUT, ${noiseRun.seconds.toFixed(0)} s`,
);

const tib = await walk(TIB / BLOCK, false);
const full = {
  list: tib.listPages,
  get: tib.toRead * getsPerBlock,
  puts: (noiseRun.puts / noiseRun.blocks) * tib.toRead,
};
const fullCost = cost(full);
print(
  `full backup of 1 TiB: ${tib.groups} groups, ${full.list} List (no fewer than 3 for a group of 21,504 blocks, pages have 10,000), ` +
    `${count(full.get)} GetSnapshotBlock, ${count(full.puts)} PUT: ${dollars(fullCost.ebs)} EBS direct, ${dollars(fullCost.s3)} S3 requests`,
);
print(`restore of it: ${count(tib.toRead)} PutSnapshotBlock, ${dollars((tib.toRead * PRICE.put) / 1_000)}`);

const small = await engineOfOnePercent();
const lists = await walk(TIB / BLOCK, true);
/** Unchanged blocks that are read all the same; each is looked up in the list of all blocks, which may cost a page. */
const samples = (lists.blocks - lists.toRead) / SAMPLE_ONE_IN;
const change = {
  list: lists.listPages + samples,
  get: lists.toRead * (small.get / small.changed) + samples,
  s3: atSize(small, TIB / BLOCK / small.blocks, lists.groups),
};
const changeCost = {
  ebs: cost({ ...change, puts: 0 }).ebs,
  s3: ((change.s3.puts + change.s3.lists) * PRICE.s3Put + (change.s3.gets + change.s3.heads) * PRICE.s3Get) / 1_000,
};
print(
  `1 % changed: engine at 2 GiB ${small.get} GetSnapshotBlock for ${small.changed} changed blocks, ${small.list} List, ` +
    `${count(small.stored)} bytes stored (${count(small.stored / small.changed)} a block); at 1 TiB ${count(change.list)} List, ` +
    `${count(change.get)} GetSnapshotBlock: ${dollars(changeCost.ebs)}; S3 ${count(change.s3.puts)} PUT, ${count(change.s3.gets)} GET, ` +
    `${count(change.s3.heads)} HEAD, ${count(change.s3.lists)} LIST: ${dollars(changeCost.s3)}, ${count(change.s3.stored)} bytes stored`,
);

/** 30 days' incrementals of a disk of 1 TiB; listing happens in the judging and, when something moves, once more. */
const repository = { roots: 30, packs: full.puts + 30 * change.s3.puts };
const requestsOf = (what: keyof Asked) => Object.values(small.collection).reduce((sum, asked) => sum + asked[what], 0);
const collecting = {
  engine: small.collection,
  lists: requestsOf("list") - (small.collection.packs?.list ?? 0) + Math.ceil(repository.packs / S3_PAGE),
  gets: requestsOf("get") - (small.collection.roots?.get ?? 0) + repository.roots,
  puts: requestsOf("put"),
};
const collectingCost = ((collecting.lists + collecting.puts) * PRICE.s3Put + collecting.gets * PRICE.s3Get) / 1_000;
print(
  `a collection of 1 TiB and 30 incrementals (${count(repository.packs)} packs): ${collecting.lists} LIST, ${collecting.gets} GET, ` +
    `${collecting.puts} PUT: ${dollars(collectingCost)}`,
);

const big = planGroups([64 * TIB], MOST_GROUPS);
const pages = big.reduce((sum, g) => sum + Math.ceil(((g.endLeaf - g.firstLeaf) * LEAF_BLOCKS) / 10_000), 0);
const check = planGroups([TIB], MOST_GROUPS).reduce(
  (sum, g) => sum + Math.ceil(((g.endLeaf - g.firstLeaf) * LEAF_BLOCKS) / 10_000),
  0,
);
if (check !== tib.listPages) throw new Error(`reckoned ${check} list pages for 1 TiB, counted ${tib.listPages}`);
const bigCost = cost({ list: pages, get: (64 * TIB) / BLOCK, puts: 0 });
print(
  `64 TiB, all of it written: ${leavesOf(64 * TIB)} leaves in ${big.length} groups, ${count(pages)} List, ` +
    `${count((64 * TIB) / BLOCK)} GetSnapshotBlock: ${dollars(bigCost.ebs)}, ${((64 * TIB) / BLOCK / 1_000 / 3_600).toFixed(1)} h at 1,000 a second`,
);

const shared = await quota();
print(
  `${shared.units} transfers at a quota of 1,000 reads a second: ${shared.perSecond.toFixed(0)} a second ` +
    `(${(shared.ofQuota * 100).toFixed(1)} %), ${count(shared.throttled)} throttled answers, none failed`,
);

const limits = {
  getsAtMost105Percent: full.get <= 1.05 * tib.toRead,
  listsAtMostPagesAndGroups: full.list <= Math.ceil(tib.blocks / 10_000) + tib.groups,
  putsAtMost70000: full.puts <= 70_000,
  quotaUsedAtLeast90Percent: shared.ofQuota >= 0.9,
  // A block of which a few bytes changed costs one part of 64 KiB and its share of the leaf.
  storesPatches: small.stored / small.changed < 0.25 * BLOCK,
  parentFramesAtMostTwoGetsABlock:
    (small.transfer.packs?.get ?? 0) <= 2 * small.changed + 2 * (small.blocks / LEAF_BLOCKS),
};
mkdirSync(new URL("./results/", import.meta.url), { recursive: true });
const result = {
  at: new Date().toISOString(),
  prices: PRICE,
  engine: noiseRun,
  full: { ...tib, ...full, cost: fullCost },
  onePercent: { engine: small, at1TiB: { ...lists, ...change, cost: changeCost } },
  collection: { ...repository, ...collecting, cost: collectingCost },
  plan64TiB: { groups: big.length, listPages: pages, cost: bigCost },
  quota: shared,
  limits,
};
writeFileSync(new URL("./results/ebs.json", import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
const broken = Object.entries(limits).filter(([, kept]) => !kept);
if (broken.length > 0) throw new Error(`not kept: ${broken.map(([name]) => name).join(", ")}`);
