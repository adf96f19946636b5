/** Last task of a member: writes and re-reads the roots, then turns facts into the status `available`, in one transaction. */
import { childName } from "../../domain/naming.ts";
import { leavesOf } from "../../domain/plan.ts";
import { BACKUP, MEMBER, next, RESOURCE, TASK } from "../../domain/state-machines.ts";
import { wholeGb } from "../../domain/values.ts";
import type { RootFacts } from "../../ports/data-plane.ts";
import { SealRefused } from "../../ports/data-plane.ts";
import type { Write } from "../../ports/record-store.ts";
import { asBackup, byItself } from "../audit/by-itself.ts";
import { traceWrite } from "../audit/record-trace.ts";
import { beat } from "../lifeline.ts";
import type { Alias, Backup, KeptCapture, Link, Part } from "../records/entities.ts";
import { Member } from "../records/entities.ts";
import {
  aliasKey,
  backupKey,
  bindingKey,
  chainKey,
  memberKey,
  metadataKey,
  partKey,
  taskKey,
  unitRange,
  vaultKey,
} from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import type { OpenRun } from "../records/runs.ts";
import { UnitResult } from "../records/runs.ts";
import {
  backups,
  bindings,
  insertAt,
  load,
  putMember,
  remove,
  replace,
  runs,
  tasks,
  vaults,
  walkItems,
} from "../records/tables.ts";
import { previousLink } from "../repository/chain.ts";
import { dueAfter } from "../retention/due-retention.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { tellOfVault } from "../tell.ts";
import { loadRun, RunClosed, type RunRef } from "./run.ts";

/**
 * Seals every disk of the run and concludes the backup. Repeated, it finds the same roots or an ended backup.
 * @throws SealRefused (a range, a pack or a root is not what it must be), RunClosed, StoreFull, StoreFailed
 */
export async function sealRun(s: Services, ref: RunRef): Promise<void> {
  const ended = await load(s.records, backups, backupKey(ref.backupId));
  if (ended !== undefined && ended.status !== "protecting") return;
  const { backup, run } = await loadRun(s, ref);
  if (run.capture === undefined) throw new RunClosed(`backup ${ref.backupId} was not captured`);
  const sealed: SealedDisk[] = [];
  for (const [i, disk] of run.disks.entries()) {
    // Looking at every pack of a large disk takes minutes, and a try that ran out of time is followed by another: the run
    // lives all the while, whatever the tick has not heard of it.
    await beat(s, async () => (await loadRun(s, ref)).run);
    sealed.push(await sealDisk(s, backup, run, i, disk));
  }
  // The roots are read back: nothing reads the capture any more, only the next one may be compared with it. Before the run is
  // gone, because nobody knows of the capture afterwards.
  await s.resources.release(run.capture, { keepComparable: true });
  const superseded = await withFreshState(() => conclude(s, ref, sealed));
  // After the transaction that no longer names them; what a crash leaves here is found by its tags (sweep-provider.ts).
  await s.resources.releaseKept(superseded).catch((error: unknown) => {
    s.log({ level: "warn", text: "superseded snapshots stay until the sweep", superseded, error: String(error) });
  });
  await tellOfVault(s, backup.vaultId, {
    severity: "info",
    topic: "backup.succeeded",
    projectId: backup.projectId,
    message: `backup ${backup.name} of ${backup.resourceName} is available`,
    facts: { backup_id: backup.id, resource_id: backup.resourceId, vault_id: backup.vaultId },
  });
}

interface SealedDisk {
  readonly disk: OpenRun["disks"][number];
  readonly facts: RootFacts;
  /** d(parent, this) as the units counted it. */
  readonly changed: number;
}

async function sealDisk(
  s: Services,
  backup: Backup,
  run: OpenRun,
  index: number,
  disk: OpenRun["disks"][number],
): Promise<SealedDisk> {
  const results: UnitResult[] = [];
  const { pk, prefix } = unitRange({ runId: run.id, fence: run.fence, attempt: run.attempt, disk: index });
  for await (const item of walkItems(s.records, pk, prefix)) {
    if (item.sk.endsWith("#ok")) results.push(parseItem(UnitResult, item));
  }
  // No work where work was expected is an error, never an empty backup.
  let expected = 0;
  for (const result of results) {
    if (result.firstLeaf !== expected) throw new SealRefused(`disk ${disk.diskId}: no result for leaf ${expected}`);
    expected = result.endLeaf;
  }
  if (expected !== leavesOf(disk.size)) throw new SealRefused(`disk ${disk.diskId}: results end at leaf ${expected}`);

  const facts = await s.dataPlane.seal({
    domain: await s.keyring.open(run.domainId),
    rootId: disk.rootId,
    size: disk.size,
    ...(disk.parentRoot !== undefined && { parentRoot: disk.parentRoot }),
    description: {
      backup: backup.id,
      name: backup.name,
      vault: backup.vaultId,
      project: backup.projectId,
      resource: backup.resourceId,
      resourceType: backup.resourceType,
      resourceName: backup.resourceName,
      disk: disk.diskId,
      diskName: disk.name,
      system: disk.system,
      instant: run.capture?.instant,
      promise: run.capture?.promise,
    },
    results: results.map((r) => Buffer.from(r.payload, "base64")),
  });
  return { disk, facts, changed: results.reduce((sum, r) => sum + r.counts.changed, 0) };
}

/** @returns the kept captures that nothing compares with any more */
async function conclude(s: Services, ref: RunRef, sealed: readonly SealedDisk[]): Promise<readonly string[]> {
  const { backup, run } = await loadRun(s, ref);
  const key = bindingKey(run.vaultId, run.resourceId);
  const binding = await load(s.records, bindings, key);
  if (binding?.lease?.holder !== run.id || binding.fence !== run.fence)
    throw new RunClosed(`backup ${ref.backupId} lost its lease`);
  const member = await loadMember(s, backup);
  const task = await load(s.records, tasks, taskKey(backup.taskId));
  if (task === undefined) throw new Error(`task ${backup.taskId} is gone`);
  // A policy that is applied a moment later finds this backup when the next one completes.
  const vault = await load(s.records, vaults, vaultKey(backup.vaultId));

  const now = s.now();
  const disks = await Promise.all(sealed.map((d) => linkDisk(s, backup, run, d)));
  const server = backup.resourceType === "OS::Nova::Server";
  const kept = { ...binding.kept };
  for (const { disk } of sealed) {
    delete kept[disk.diskId];
    const taken = keptOf(run, disk);
    if (taken !== undefined) kept[disk.diskId] = taken;
  }
  // One transaction: who reads `available` or `success` may start the next operation at once. It loses to whoever changed
  // the binding or the run since they were read; then everything is read again.
  const writes: Write[] = [
    replace(backups, {
      ...backup,
      status: next(BACKUP, backup.status, "seal"),
      updatedAt: now,
      containSystemDisk: sealed.some(({ disk }) => disk.system),
      ...(disks.some(({ part }) => part.encrypted === true) && { encrypted: true }),
    }),
    remove(runs, run),
    replace(bindings, {
      ...withoutLease(binding),
      status: next(RESOURCE, binding.status, "seal"),
      used: binding.used + disks.reduce((sum, d) => sum + d.link.change, 0),
      baselines: { ...binding.baselines, ...Object.fromEntries(sealed.map(({ disk }) => [disk.diskId, disk.rootId])) },
      ...((binding.kept !== undefined || Object.keys(kept).length > 0) && { kept }),
    }),
    putMember(backup.checkpointId, { ...member, status: next(MEMBER, member.status, "seal") }),
    replace(tasks, { ...task, status: next(TASK, task.status, "success"), endedAt: now, updatedAt: now }),
    insertAt({ key: metadataKey(backup.id) }, metadataOf(backup, run, server)),
    ...dueAfter(now, vault, backup),
    // AUD-02. The run over the vault was asked for; each backup in it comes to its own end.
    await traceWrite(s, byItself("createBackup", asBackup(backup), task), { outcome: "success" }),
    ...disks.flatMap(({ part, link }) => [
      insertAt({ key: partKey(backup.id, part.id) }, part),
      insertAt({ key: chainKey(run.vaultId, part.diskId, link.at, link.partId) }, link),
      ...(server ? [insertAt({ key: aliasKey(part.id) }, { schema: 1, aliasOf: backup.id } satisfies Alias)] : []),
    ]),
  ];
  await s.records.transact(writes);
  const still = new Set(Object.values(kept).map((k) => k.snapshotId));
  return Object.values(binding.kept ?? {}).flatMap((k) => (still.has(k.snapshotId) ? [] : [k.snapshotId]));
}

const snapshotOf = (run: OpenRun, disk: OpenRun["disks"][number]) =>
  run.capture?.disks[run.disks.findIndex((d) => d.diskId === disk.diskId)];

/** The capture of a sealed disk, if the provider can compare a later one with it. */
function keptOf(run: OpenRun, disk: OpenRun["disks"][number]): KeptCapture | undefined {
  const snapshot = snapshotOf(run, disk);
  if (snapshot?.comparable !== true) return undefined;
  return {
    rootId: disk.rootId,
    snapshotId: snapshot.snapshotId,
    size: snapshot.size,
    currentId: disk.currentId ?? disk.diskId,
  };
}

/** The disk's part and its place in the chain: its change counts from the backup that stands before it now. */
async function linkDisk(
  s: Services,
  backup: Backup,
  run: OpenRun,
  { disk, facts, changed }: SealedDisk,
): Promise<{ part: Part; link: Link }> {
  const previous = await previousLink(s, run.vaultId, disk.diskId);
  const counted = previous?.partId === disk.parentRoot;
  const change = counted
    ? changed
    : await s.dataPlane.difference(await s.keyring.open(run.domainId), previous?.partId, disk.rootId);
  return {
    part: {
      schema: 1,
      id: disk.rootId,
      backupId: run.backupId,
      diskId: disk.diskId,
      diskName: disk.name,
      size: facts.size,
      system: disk.system,
      nonZero: facts.nonZero,
      ...(snapshotOf(run, disk)?.encrypted === true && { encrypted: true }),
    },
    // Never before the row it follows, nor before its backup (deletion looks from there on), even when the clock was set
    // back: the chain is the order of the runs.
    link: {
      schema: 1,
      backupId: run.backupId,
      partId: disk.rootId,
      at: Math.max(run.openedAt, backup.createdAt, (previous?.at ?? 0) + 1),
      change,
    },
  };
}

/** The resource as it was at backup time, for #40: kept as plain facts, shown as the contract's JSON strings. */
const metadataOf = (backup: Backup, run: OpenRun, server: boolean) => ({
  ...(server && { server: { id: backup.resourceId, name: backup.resourceName } }),
  volumes: run.disks.map((d) => ({
    id: d.diskId,
    name: server ? childName(backup.name, d.name) : d.name,
    size: wholeGb(d.size),
    bootable: d.system,
  })),
});

async function loadMember(s: Services, backup: Backup): Promise<Versioned<Member>> {
  const item = await s.records.get(memberKey(backup.checkpointId, backup.resourceId), { consistent: true });
  if (item === undefined) throw new Error(`member ${backup.resourceId} of checkpoint ${backup.checkpointId} is gone`);
  return parseItem(Member, item);
}

/** The same entity with its lease given back. */
export function withoutLease<T extends { readonly lease?: unknown }>(entity: T): Omit<T, "lease"> {
  const { lease: _returned, ...rest } = entity;
  return rest;
}
