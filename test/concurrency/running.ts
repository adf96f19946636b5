/** How is what runs in each row of the matrix started, and held in its middle? */
import { continueMigration } from "../../core/app/vaults/run-migration.ts";
import type { RecordStore, Write } from "../../core/ports/record-store.ts";
import { ASK, call, type Outcome } from "./asks.ts";
import { NEIGHBOUR_ID, RESOURCE_ID, type World, type WorldAsk } from "./world.ts";

/** What runs in a row: what the world needs for it, and how it is started and held. @returns the backup that is asked about */
export interface Running {
  readonly needs?: WorldAsk;
  readonly start: (w: World) => Promise<string>;
  /** What it takes to end it beside `release`. */
  readonly end?: (w: World) => Promise<void>;
}

const newestOf = ({ backups }: World): string => backups.at(-1) ?? "";

async function begin(asked: Promise<Outcome>): Promise<void> {
  const outcome = await asked;
  if (outcome !== "ok") throw new Error(`what is to run in this row was refused: ${outcome}`);
}

async function startBackup(w: World, id: string): Promise<string> {
  w.hold("backup-group.transfer");
  const { status, body } = await w.host.start(w.vault, { resources: [id] });
  if (status !== 200) throw new Error(JSON.stringify(body));
  const { backups } = (await w.host.call("GET", "/backups?status=protecting")).body;
  return backups[0].id;
}

async function startRestore(w: World, backup: string, server: string): Promise<string> {
  w.hold("restore-group.write");
  await begin(call(w.host, "POST", `/backups/${backup}/restore`, { restore: { server_id: server } }));
  return backup;
}

async function startRemoval(w: World, id: string): Promise<string> {
  w.hold("remove-resource.batch");
  const path = `/vaults/${w.vault}/removeresources`;
  await begin(call(w.host, "POST", path, { resource_ids: [id] }));
  return newestOf(w);
}

/** The resource has moved; its backups do not follow, because the records refuse them until `endMigration`. */
async function startMigration(w: World, id: string, from = w.other, to = w.vault): Promise<string> {
  const moves = (write: Write): boolean =>
    write.op === "put" &&
    typeof write.if === "object" &&
    write.item.pk.startsWith("B#") &&
    write.item.body.resourceId === id;
  const { records } = w.host;
  const { transact } = records;
  (records as { transact: RecordStore["transact"] }).transact = async (writes) => {
    if (writes.some(moves)) throw new Error("held: the backups follow later");
    await transact(writes);
  };
  held.set(w, transact);
  const path = `/vaults/${from}/migrateresources`;
  await begin(call(w.host, "POST", path, { destination_vault_id: to, resource_ids: [id] }));
  return newestOf(w);
}
const held = new WeakMap<World, RecordStore["transact"]>();

async function endMigration(w: World): Promise<void> {
  const transact = held.get(w);
  if (transact !== undefined) (w.host.records as { transact: RecordStore["transact"] }).transact = transact;
  const { operation_logs } = (await w.host.call("GET", "/operation-logs?operation_type=migrate_resource")).body;
  for (const { id } of operation_logs) await continueMigration(w.host.services, { taskId: id, most: 100 });
}

async function breakVault(w: World): Promise<void> {
  w.host.objects.before = (operation, name) => {
    if (operation === "put" && name.includes("/intents/")) throw new Error("the store says no");
  };
  await begin(call(w.host, "DELETE", `/vaults/${w.vault}`));
  await w.host.idle();
  w.host.objects.before = () => undefined;
}

/** By scope and status of the rows of the matrix. */
export const RUNNING: Readonly<Record<string, Running>> = {
  "backup protecting": { start: (w) => startBackup(w, RESOURCE_ID) },
  "backup restoring": { start: (w) => startRestore(w, newestOf(w), RESOURCE_ID) },
  "backup deleting": {
    needs: { backups: 2 },
    async start(w) {
      const [oldest = ""] = w.backups;
      w.hold("delete-backup.remove");
      await begin(call(w.host, "DELETE", `/backups/${oldest}`));
      return oldest;
    },
  },
  "backup error": {
    async start(w) {
      w.host.disks.changed = () => "it was written to";
      const { of } = await w.host.backUp(w.vault, { resources: [RESOURCE_ID] });
      w.host.disks.changed = () => undefined;
      return of[RESOURCE_ID] ?? "";
    },
  },
  "resource protecting": {
    async start(w) {
      await startBackup(w, RESOURCE_ID);
      return newestOf(w);
    },
  },
  "resource restoring": {
    needs: { backups: 2 },
    async start(w) {
      await startRestore(w, newestOf(w), RESOURCE_ID);
      return w.backups[0] ?? "";
    },
  },
  "resource removing": { start: (w) => startRemoval(w, RESOURCE_ID) },
  "resource migrating": {
    needs: { away: RESOURCE_ID },
    async start(w) {
      if (w.trashed === "") return startMigration(w, RESOURCE_ID);
      // What is in the trash stays with its vault: the resource has to come back there.
      await begin(ASK.migrate({ ...w, vault: w.other, other: w.vault }, ""));
      return startMigration(w, RESOURCE_ID, w.vault, w.other);
    },
    end: endMigration,
  },
  "elsewhere protecting": {
    async start(w) {
      await startBackup(w, NEIGHBOUR_ID);
      return newestOf(w);
    },
  },
  "elsewhere restoring": {
    needs: { neighbour: true },
    async start(w) {
      await startRestore(w, w.neighbourBackup, NEIGHBOUR_ID);
      return newestOf(w);
    },
  },
  "elsewhere removing": { start: (w) => startRemoval(w, NEIGHBOUR_ID) },
  "elsewhere migrating": {
    needs: { away: NEIGHBOUR_ID, neighbour: true },
    start: (w) => startMigration(w, NEIGHBOUR_ID),
    end: endMigration,
  },
  "vault deleting": {
    async start(w) {
      w.hold("delete-vault.batch");
      await begin(call(w.host, "DELETE", `/vaults/${w.vault}`));
      return newestOf(w);
    },
  },
  "vault frozen": {
    async start(w) {
      await begin(ASK.freeze(w, ""));
      return newestOf(w);
    },
  },
  "vault error": {
    async start(w) {
      await breakVault(w);
      return newestOf(w);
    },
  },
};
