/** First task of a member: opens its run, so that what it reads is pinned before anything is read. */
import { fault } from "../../domain/fault.ts";
import { Member } from "../records/entities.ts";
import { backupKey, bindingKey, memberKey, runKey } from "../records/keys.ts";
import { parseItem } from "../records/record.ts";
import type { OpenRun } from "../records/runs.ts";
import { backups, bindings, insert, load, runs } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Services } from "../services.ts";
import { findBoundDisks } from "./bound-resource.ts";
import { chooseDisks } from "./choose-disks.ts";

/**
 * Opens the run of a backup that is `protecting`, or finds it open. Nothing to do when the backup has ended (a repeated
 * task). One transaction: the run appears only while the binding still names the baselines that it pins.
 * @throws Fault 7000, 7100, 7108 when the resource is gone or has no disk left
 */
export const openRun = (
  s: Services,
  { backupId }: { readonly backupId: string },
): Promise<{ readonly open: boolean; readonly fence: number }> =>
  withFreshState(async () => {
    const backup = await load(s.records, backups, backupKey(backupId));
    if (backup === undefined || backup.status !== "protecting") return { open: false, fence: 0 };
    const running = await load(s.records, runs, runKey(backup.domainId, backupId));
    if (running !== undefined) return { open: true, fence: running.fence };
    const binding = await load(s.records, bindings, bindingKey(backup.vaultId, backup.resourceId));
    if (binding?.lease?.holder !== backupId) return { open: false, fence: 0 };

    const memberItem = await s.records.get(memberKey(backup.checkpointId, backup.resourceId), { consistent: true });
    const member = memberItem && parseItem(Member, memberItem);
    const bound = await findBoundDisks(s, binding);
    if (bound === undefined)
      return fault(backup.resourceType === "OS::Nova::Server" ? "7100" : "7000", "the resource no longer exists");
    const { resource } = bound;
    const disks = chooseDisks(resource, member?.extraInfo ?? binding.extraInfo);
    if (disks.length === 0) return fault("7108", "no disk of the server is left to back up");

    const now = s.now();
    const run: OpenRun = {
      schema: 1,
      id: backupId,
      kind: "backup",
      domainId: backup.domainId,
      projectId: backup.projectId,
      vaultId: backup.vaultId,
      resourceId: backup.resourceId,
      backupId,
      taskId: backup.taskId,
      fence: binding.fence,
      // A full backup still pins the baseline: the next run compares with it when this one fails.
      pins: disks.flatMap((d) => binding.baselines[d.id] ?? []),
      attempt: 0,
      disks: disks.map((d) => {
        const parentRoot = backup.incremental ? binding.baselines[d.id] : undefined;
        const kept = parentRoot === undefined ? undefined : binding.kept?.[d.id];
        const current = bound.currentId(d.id);
        return {
          diskId: d.id,
          ...(current !== d.id && { currentId: current }),
          name: d.name,
          system: d.system,
          size: d.size,
          rootId: resource.kind === "disk" ? backupId : s.newId(),
          ...(parentRoot !== undefined && { parentRoot }),
          ...(kept !== undefined && { kept }),
        };
      }),
      openedAt: now,
      heartbeat: now,
    };
    await s.records.transact([
      insert(runs, run),
      { op: "check", key: bindingKey(backup.vaultId, backup.resourceId), if: { v: binding.v } },
    ]);
    return { open: true, fence: binding.fence };
  });
