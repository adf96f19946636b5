/** RestoreTargets in memory in the manner of EBS: a snapshot is filled, becomes a new disk, and that takes the live one's place. */
import { type SnapshotRef, TargetUnusable } from "../../core/ports/blocks.ts";
import type { Replacement, RestoreTargets, Restoring } from "../../core/ports/restore-targets.ts";
import { BLOCK } from "./engine-disks.ts";
import { type Account, type Snapshot, UNDO_MS, type Volume } from "./replacing-account.ts";

/** Keeps nothing beside the account, so that any process can go on with what another one began. */
export function createReplacingTargets(account: Account): RestoreTargets {
  const { volumes, servers, snapshots, polls } = account;
  /** Looks that were taken at a step of a restore: it is done after `of`. */
  const looks = new Map<string, number>();
  const done = (step: keyof Account["polls"], { restoreId }: Restoring): boolean => {
    const name = `${step}.${restoreId}`;
    const seen = looks.get(name) ?? 0;
    looks.set(name, seen + 1);
    return seen >= polls[step];
  };
  const filled = ({ restoreId }: Restoring, diskId: string): Snapshot => {
    const found = [...snapshots.values()].find((one) => one.restoreId === restoreId && one.diskId === diskId);
    if (found === undefined) throw new TargetUnusable(`the snapshot of restore ${restoreId} for ${diskId} is gone`);
    return found;
  };
  const made = (restoreId: string): readonly Volume[] =>
    [...volumes.values()].filter((one) => one.restore?.id === restoreId);
  const drop = (restoreId: string): void => {
    for (const { id, restoreId: of } of [...snapshots.values()]) if (of === restoreId) snapshots.delete(id);
  };

  return {
    async prepare(restoring) {
      await account.beforeCall("targets.prepare");
      const { restoreId, owner, targets } = restoring;
      return targets.map((target) => {
        const { diskId } = target;
        const known = [...snapshots.values()].find((one) => one.restoreId === restoreId && one.diskId === diskId);
        const id = known?.id ?? `snap-${account.next()}`;
        const bytes = known?.bytes ?? new Uint8Array(target.size);
        const fresh = { id, diskId, owner, restoreId, takenAt: account.now(), polls: 0, complete: false, bytes };
        if (known === undefined) snapshots.set(id, fresh);
        return { ...target, detail: { ...target.detail, snapshotId: id } };
      });
    },

    async finish(restoring) {
      await account.beforeCall("targets.finish");
      const all = restoring.targets.map(({ diskId }) => filled(restoring, diskId));
      for (const [i, { bytes, diskId }] of all.entries()) {
        const written = nonZero(bytes);
        if (written !== restoring.nonZero[i])
          throw new Error(`${diskId}: ${written} bytes were written, ${restoring.nonZero[i]} were announced`);
      }
      if (!done("finish", restoring)) return { done: false, readBack: [] };
      for (const snapshot of all) snapshot.complete = true;
      const readBack = all.map(({ id, diskId, bytes }): SnapshotRef => {
        return { provider: "replacing", diskId, snapshotId: id, size: bytes.length, detail: {} };
      });
      return { done: true, readBack };
    },

    async replacements(restoring) {
      await account.beforeCall("targets.replacements");
      const { restoreId, owner, targets } = restoring;
      const all = targets.map(({ diskId: from }): Replacement => {
        const known = made(restoreId).find((one) => one.restore?.from === from);
        if (known !== undefined) return { from, to: known.id };
        const { bytes } = filled(restoring, from);
        const id = `new-${account.next()}`;
        const restore = { id: restoreId, owner, from, madeAt: account.now() };
        const system = volumes.get(from)?.system ?? false;
        volumes.set(id, {
          id,
          bytes: Uint8Array.from(bytes),
          system,
          serverId: undefined,
          slot: 0,
          inPlace: false,
          restore,
        });
        return { from, to: id };
      });
      return done("replace", restoring) ? { done: true, replacements: all } : { done: false, replacements: [] };
    },

    async swap(restoring) {
      await account.beforeCall("targets.swap");
      const { restoreId, owner, replacements, powerOn } = restoring;
      let placed = 0;
      for (const { from, to } of replacements) {
        const [old, fresh] = [volumes.get(from), volumes.get(to)];
        if (fresh === undefined) throw new Error(`the new volume ${to} is gone`);
        if (!fresh.inPlace) {
          if (placed === account.swapFailsAfter) throw new TargetUnusable(`disk ${from} cannot be detached`);
          const server = old?.serverId === undefined ? undefined : servers.get(old.serverId);
          if (server?.running === true) {
            server.running = false;
            if (powerOn) server.restart = restoreId;
          }
          fresh.serverId = old?.serverId;
          fresh.slot = old?.slot ?? 0;
          fresh.inPlace = true;
          if (old !== undefined) {
            const madeAt = account.now();
            old.serverId = undefined;
            old.inPlace = false;
            old.undo = { restoreId, owner, madeAt, keepUntil: madeAt + UNDO_MS };
          }
          // One disk a call, so that there is a half-way.
          return { done: false };
        }
        placed++;
      }
      if (!done("swap", restoring)) return { done: false };
      for (const server of servers.values()) if (server.restart === restoreId) start(server);
      drop(restoreId);
      return { done: true };
    },

    async inPlace({ replacements }) {
      await account.beforeCall("targets.inPlace");
      return replacements.filter(({ to }) => volumes.get(to)?.inPlace === true);
    },

    async abandon({ restoreId }) {
      await account.beforeCall("targets.abandon");
      drop(restoreId);
      for (const { id, inPlace, undo } of made(restoreId)) if (!inPlace && undo === undefined) volumes.delete(id);
    },

    async *held() {
      for (const { id, owner, restoreId, takenAt } of [...snapshots.values()])
        if (restoreId !== undefined) yield { ...owner, kind: "snapshot", id, restoreId, madeAt: takenAt };
      for (const { id, restore, inPlace, undo } of [...volumes.values()])
        if (undo !== undefined) yield { ...undo.owner, kind: "undo", id, ...undo };
        else if (restore !== undefined && !inPlace)
          yield { ...restore.owner, kind: "disk", id, restoreId: restore.id, madeAt: restore.madeAt };
    },

    async discard({ kind, id }) {
      await account.beforeCall("targets.discard");
      if (kind === "snapshot") snapshots.delete(id);
      else if (volumes.get(id)?.serverId === undefined && volumes.get(id)?.inPlace === false) volumes.delete(id);
    },
  };
}

function start(server: { running: boolean; restart?: string | undefined }): void {
  server.running = true;
  server.restart = undefined;
}

/** Bytes of the blocks that are not all zero. */
function nonZero(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    if (block.some((byte) => byte !== 0)) sum += block.length;
  }
  return sum;
}
