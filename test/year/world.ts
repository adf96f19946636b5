/** The control plane with a clock that runs a year in minutes. What moves data is left out: a run ends when the test says so. */
import type { Manners } from "../../adapters/local/sqlite/bad-manners.ts";
import { createSqliteRecordStore } from "../../adapters/local/sqlite-records.ts";
import { settleCheckpoint } from "../../core/app/backup/run-checkpoint.ts";
import { withoutLease } from "../../core/app/backup/seal-run.ts";
import { runDelete } from "../../core/app/delete/run-delete.ts";
import { type Backup, Member } from "../../core/app/records/entities.ts";
import {
  backupKey,
  bindingKey,
  checkpointKey,
  MEMBERS,
  memberKey,
  taskKey,
  vaultKey,
} from "../../core/app/records/keys.ts";
import { retrying } from "../../core/app/records/retrying-store.ts";
import {
  backups,
  bindings,
  checkpoints,
  listAll,
  load,
  replace,
  replaceAt,
  tasks,
  vaults,
} from "../../core/app/records/tables.ts";
import { dueAfter } from "../../core/app/retention/due-retention.ts";
import type { Services } from "../../core/app/services.ts";
import type { RecordStore, Write } from "../../core/ports/record-store.ts";
import { memoryKeyService } from "../api/kit/identity-host.ts";
import { createVaultHost } from "../support/vault-host.ts";

export type Chance = () => number;
export type BadManners = Manners & { readonly random: Chance };

/** Each hour of each vault would be a row: nine million in a year of a thousand vaults. Metering is tested elsewhere. */
function unmetered(store: RecordStore): RecordStore {
  const wanted = (write: Write): boolean =>
    !(write.op === "put" && write.item.pk.startsWith("DUE#") && write.item.sk.includes("#meter#"));
  return {
    get: (key, options) => store.get(key, options),
    getMany: (keys, options) => store.getMany(keys, options),
    query: (query) => store.query(query),
    count: (index, pk) => store.count(index, pk),
    write: async (write) => {
      if (wanted(write)) await store.write(write);
    },
    transact: (writes) => store.transact(writes.filter(wanted)),
  };
}

export type YearWorld = ReturnType<typeof createYearWorld>;

/** A fresh one at an instant; end it. */
export function createYearWorld(start: number, manners: BadManners | undefined) {
  const host = createVaultHost();
  const clock = { now: start };
  const file = createSqliteRecordStore({ path: ":memory:", now: () => clock.now, ...(manners && { manners }) });
  const records = unmetered(
    manners === undefined ? file : retrying(file, { sleep: async () => undefined, random: manners.random }),
  );
  /** Runs that have begun and not ended, by checkpoint. */
  const begun: string[] = [];
  const deletions: { readonly backupId: string; readonly taskId: string }[] = [];
  const services: Services = host.over(records, {
    now: () => clock.now,
    workflows: {
      start: async (workflow: string, name: string, input: { backupId: string; taskId: string }) => {
        if (workflow === "delete-backup") deletions.push(input);
        else begun.push(name);
        return "started";
      },
      status: async (_workflow: string, name: string) => (begun.includes(name) ? "running" : "succeeded"),
    },
    notifier: { notify: async () => undefined },
    // Runs leave traces, and the tick seals them.
    keys: memoryKeyService(),
    // A day, as in service.
    tuning: { level: 1, unitBudgetMs: 1000 },
    log: (line: { readonly level: string; readonly text: string }) => {
      if (line.level !== "info") throw new Error(JSON.stringify(line));
    },
  });
  return {
    host,
    clock,
    records,
    services,
    begun,
    /** Ends all runs as their members' own transactions do. @returns the backups that were made */
    async finishRuns(): Promise<readonly Backup[]> {
      const made: Backup[] = [];
      for (const checkpoint of begun.splice(0)) made.push(...(await finish(services, checkpoint)));
      return made;
    },
    /** Carries out the deletions that were started. @returns why each backup goes */
    async deleteBackups(): Promise<ReadonlyMap<string, string>> {
      const told = new Map<string, string>();
      for (const ref of deletions.splice(0)) {
        const backup = await load(records, backups, backupKey(ref.backupId));
        told.set(ref.backupId, `${backup?.leaving?.told.by}: ${backup?.leaving?.told.reason}`);
        await runDelete(services, ref);
      }
      return told;
    },
    end() {
      file.close();
      host.close();
    },
  };
}

async function finish(s: Services, checkpointId: string): Promise<readonly Backup[]> {
  const made: Backup[] = [];
  const vaultId = (await load(s.records, checkpoints, checkpointKey(checkpointId)))?.vaultId ?? "";
  for (const member of await listAll(s.records, Member, checkpointKey(checkpointId).pk, MEMBERS)) {
    const { resourceId, backupId, taskId } = member;
    const [binding, backup, task, vault] = await Promise.all([
      load(s.records, bindings, bindingKey(vaultId, resourceId)),
      load(s.records, backups, backupKey(backupId)),
      load(s.records, tasks, taskKey(taskId)),
      load(s.records, vaults, vaultKey(vaultId)),
    ]);
    if (binding === undefined || backup === undefined || task === undefined) throw new Error(`no rows of ${backupId}`);
    const now = s.now();
    await s.records.transact([
      replace(bindings, { ...withoutLease(binding), status: "available", baselines: { [resourceId]: backupId } }),
      replace(backups, { ...backup, status: "available", updatedAt: now }),
      replace(tasks, { ...task, status: "success", endedAt: now, updatedAt: now }),
      replaceAt({ key: memberKey(checkpointId, resourceId) }, { ...member, status: "available" }),
      ...dueAfter(now, vault, backup),
    ]);
    made.push(backup);
  }
  await settleCheckpoint(s, { checkpointId });
  return made;
}
