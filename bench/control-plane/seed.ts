/** Fills the records of a stopped service with rows as it writes them itself, many at once. */
import { aboutRun, promise } from "../../core/app/policies/points.ts";
import type { Vault } from "../../core/app/records/entities.ts";
import { vaultKey } from "../../core/app/records/keys.ts";
import { type Policy, policies, policyLinks } from "../../core/app/records/policies.ts";
import { backups, insert, insertAt, load, replace, vaults } from "../../core/app/records/tables.ts";
import { startDelay } from "../../core/domain/schedule.ts";
import type { Instant } from "../../core/domain/values.ts";
import type { RecordStore, Write } from "../../core/ports/record-store.ts";
import { openHostFolder } from "../../local/host-folder.ts";
import { backupRow } from "../../test/support/backup-rows.ts";

/** Writes in one transaction, and transactions that share a commit. */
const WRITES = 100;
const TOGETHER = 64;

/** Opens the folder of a stopped service and lets `work` write to its records. */
export async function seed(data: string, work: (records: RecordStore) => Promise<void>): Promise<void> {
  const host = await openHostFolder(data, { create: false });
  try {
    await work(host.records);
  } finally {
    host.close();
  }
}

async function putAll(records: RecordStore, writes: AsyncIterable<Write> | Iterable<Write>): Promise<void> {
  let group: Write[] = [];
  let running: Promise<void>[] = [];
  const send = async (least: number): Promise<void> => {
    if (group.length > 0) running.push(records.transact(group));
    group = [];
    if (running.length < least) return;
    await Promise.all(running);
    running = [];
  };
  for await (const write of writes) {
    group.push(write);
    if (group.length === WRITES) await send(TOGETHER);
  }
  await send(0);
}

/** `count` backups of four resources, half of them in each of two vaults, a minute apart up to now. */
export async function putBackups(
  records: RecordStore,
  projectId: string,
  vaultIds: readonly string[],
  count: number,
): Promise<void> {
  const now = Date.now();
  function* rows(): Generator<Write> {
    for (let i = 0; i < count; i++) {
      const createdAt = now - (count - i) * 60_000;
      const id = `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
      const vaultId = vaultIds[i % vaultIds.length] ?? "";
      yield insert(
        backups,
        backupRow(id, { projectId, vaultId, resourceId: `resource-${i % 4}`, createdAt, updatedAt: createdAt }),
      );
    }
  }
  await putAll(records, rows());
}

const DAY_MS = 24 * 3600 * 1000;

/** One daily point at this time of day, UTC. */
const daily = (at: Instant): string => {
  const time = new Date(at);
  return `FREQ=DAILY;INTERVAL=1;BYHOUR=${time.getUTCHours()};BYMINUTE=${time.getUTCMinutes()}`;
};

const policyAt = (id: string, projectId: string, nominal: Instant, since: Instant): Policy => ({
  schema: 1,
  id,
  projectId,
  operationType: "backup",
  name: id,
  enabled: true,
  operationDefinition: { maxBackups: 30 },
  trigger: { id: `t-${id}`, patterns: [daily(nominal)], startTime: since, since },
  createdAt: since,
  updatedAt: since,
});

/**
 * A policy for each of `due`, whose point at `nominal` has come, and `others` more with a vault each whose next point comes in half
 * a day; 30 policies a project.
 */
export async function putPolicies(
  records: RecordStore,
  due: { readonly projectId: string; readonly vaultIds: readonly string[]; readonly nominal: Instant },
  others: number,
): Promise<void> {
  const since = due.nominal - DAY_MS / 2;
  const now = () => Date.now();
  async function* rows(): AsyncGenerator<Write> {
    for (const [i, vaultId] of due.vaultIds.entries()) {
      const vault = await load(records, vaults, vaultKey(vaultId));
      if (vault === undefined) throw new Error(`no vault ${vaultId}`);
      const policy = policyAt(`due-${i}`, due.projectId, due.nominal, since);
      yield replace(vaults, { ...vault, policies: { backup: policy.id } });
      yield* promised(policy, vault, due.nominal, since);
    }
    for (let i = 0; i < others; i++) {
      const nominal = due.nominal + DAY_MS / 2;
      const policy = policyAt(`later-${i}`, `project-${Math.floor(i / 30)}`, nominal, since);
      yield* promised(policy, { id: `vault-${i}`, name: `vault-${i}` }, nominal, since);
    }
  }
  async function* promised(
    policy: Policy,
    vault: Pick<Vault, "id" | "name">,
    nominal: Instant,
    boundAt: Instant,
  ): AsyncGenerator<Write> {
    yield insertAt(policies.place(policy), policy);
    yield insert(policyLinks, {
      ...{ schema: 1, policyId: policy.id, projectId: policy.projectId, operationType: "backup", vaultId: vault.id },
      ...{ boundAt, since: policy.trigger.since, accounted: boundAt, next: nominal },
    });
    yield* await promise({ records, now }, aboutRun(policy, vault), nominal);
  }
  await putAll(records, rows());
}

/** The latest whole minute whose points have all come by now, the spread of their starts included. */
export function comeBy(vaultIds: readonly string[], now: Instant): Instant {
  const spread = Math.max(0, ...vaultIds.map(startDelay));
  return Math.floor((now - spread) / 60_000) * 60_000;
}
