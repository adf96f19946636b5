/** What moving resources to another vault promises (#11, VLT-40..44), wherever it is interrupted. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runDelete } from "../../core/app/delete/run-delete.ts";
import { bindingKey, claimKey } from "../../core/app/records/keys.ts";
import { AS_READ } from "../../core/app/records/record.ts";
import { bindings, load, replace } from "../../core/app/records/tables.ts";
import type { Services } from "../../core/app/services.ts";
import { tick } from "../../core/app/time/tick.ts";
import { freezeVault } from "../../core/app/vaults/freeze-vault.ts";
import { migrateResources } from "../../core/app/vaults/migrate-resources.ts";
import { TransactionConflict } from "../../core/ports/record-store.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";
import { CALLER, dyingStore, PROJECT } from "../support/vault-host.ts";

let host: AppHost;
let from: string;
let to: string;
beforeEach(async () => {
  host = await createAppHost();
});
afterEach(() => host.close());

const SIZE = 8 * BLOCK;
const MINUTE = 60_000;
const shown = async (id: string) => (await host.call("GET", `/vaults/${id}`)).body.vault;
const held = async (id: string): Promise<string[]> => (await shown(id)).resources.map((r: { id: string }) => r.id);
const migrate = (...ids: string[]) =>
  host.call("POST", `/vaults/${from}/migrateresources`, { destination_vault_id: to, resource_ids: ids });
const refusal = async (method: string, path: string, body?: unknown) => {
  const answer = await host.call(method, path, body);
  return [answer.status, answer.body?.error_code];
};
const refused = async (...ids: string[]) => {
  const answer = await migrate(...ids);
  return [answer.status, answer.body?.error_code];
};
const backupsIn = async (vault: string): Promise<string[]> =>
  (await host.call("GET", `/backups?vault_id=${vault}`)).body.backups.map((b: { id: string }) => b.id).sort();
const chainOf = async (vault: string, disk: string): Promise<string[]> => {
  const { items } = await host.records.query({ pk: `CH#${vault}#${disk}`, limit: 100, consistent: true });
  return items.map(({ body }) => String(body.backupId));
};
const holder = async (id: string) =>
  (await host.records.get(claimKey(PROJECT, id), { consistent: true }))?.body.vaultId;

/** Two disks, the first with three backups, and an empty vault to go to. */
async function threeBackups(): Promise<readonly string[]> {
  host.disks.addDiskWith("d1", diskOf(SIZE, { 0: 1, 5: 2 }));
  host.disks.addDiskWith("d2", diskOf(SIZE, { 1: 1 }));
  from = await host.vault(["d1", "d2"], { name: "from" });
  to = await host.vault([], { name: "to" });
  const ids: string[] = [];
  for (const content of [
    { 0: 1, 5: 2 },
    { 0: 1, 5: 3, 6: 1 },
    { 0: 4, 5: 3, 6: 1 },
  ]) {
    host.disks.setBytes("d1", diskOf(SIZE, content));
    ids.push((await host.backUp(from, { resources: ["d1"] })).of.d1 ?? "");
  }
  return ids;
}

describe("moving a disk", () => {
  test("takes binding, claim, use and all backups along; ids stay (VLT-42)", async () => {
    const ids = await threeBackups();
    const before = await host.binding(from, "d1");
    expect(await migrate("d1")).toEqual({ status: 200, body: { migrated_resources: ["d1"] } });
    expect([await held(from), await held(to)]).toEqual([["d2"], ["d1"]]);
    expect(await host.binding(to, "d1")).toEqual({
      ...before,
      [AS_READ]: expect.anything(),
      v: expect.any(Number),
      vaultId: to,
      fence: before.fence + 1,
      lease: undefined,
    });
    expect(await holder("d1")).toBe(to);
    expect([await backupsIn(from), await backupsIn(to)]).toEqual([[], [...ids].sort()]);
    expect([await chainOf(from, "d1"), await chainOf(to, "d1")]).toEqual([[], ids]);
    const used = async (id: string) => (await shown(id)).billing.used;
    expect([await used(from), await used(to)]).toEqual([0, Math.ceil(before.used / 1024 ** 2)]);
  });

  test("is a task in the list, with its destination (VLT-43)", async () => {
    await threeBackups();
    await migrate("d1");
    const { operation_logs } = (await host.call("GET", "/operation-logs?operation_type=migrate_resource")).body;
    expect(operation_logs).toMatchObject([
      {
        status: "success",
        vault_id: from,
        extra_info: {
          common: { progress: 100 },
          resource: { id: "d1", extra_info: null },
          migrate_resources: { total_count: 3, fail_count: 0, destination_vault_id: to, destination_vault_name: "to" },
        },
      },
    ]);
  });

  test("leaves it as it was otherwise: the next backup compares with the last one, restores and deletions work (CAP-03)", async () => {
    const [first, second, third] = await threeBackups();
    await migrate("d1");
    host.disks.setBytes("d1", diskOf(SIZE, { 0: 4, 5: 3, 6: 2 }));
    const { used } = await host.binding(to, "d1");
    await host.backUp(to);
    expect((await host.binding(to, "d1")).used).toBe(used + BLOCK);
    await host.drop(second ?? "");
    // d(1,3) is blocks 0, 5 and 6: no more than the two steps that it stands for.
    expect((await host.binding(to, "d1")).used).toBe(2 * BLOCK + 3 * BLOCK + BLOCK);
    expect((await host.restore(first ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(host.disks.bytes.get("d1")).toEqual(diskOf(SIZE, { 0: 1, 5: 2 }));
    await host.drop(first ?? "");
    await host.drop(third ?? "");
    expect((await host.binding(to, "d1")).used).toBe(3 * BLOCK);
    expect((await host.call("DELETE", `/vaults/${from}`)).status).toBe(204);
    await host.idle();
    expect(await backupsIn(to)).toHaveLength(1);
  });

  test("keeps the root that the next backup compares with, though its backup was deleted before the move", async () => {
    const ids = await threeBackups();
    const last = ids[2] ?? "";
    await host.drop(last);
    await migrate("d1");
    await host.drop(ids[0] ?? "");
    expect(host.roots()).toContain(last);
    expect((await host.binding(to, "d1")).baselines.d1).toBe(last);
    const { of } = await host.backUp(to);
    expect((await host.backup(of.d1 ?? "")).status).toBe("available");
    expect(host.roots()).not.toContain(last);
  });

  test("and back again", async () => {
    const ids = await threeBackups();
    await migrate("d1");
    [from, to] = [to, from];
    expect((await migrate("d1")).status).toBe(200);
    expect(await held(to)).toEqual(["d1", "d2"]);
    expect(await chainOf(to, "d1")).toEqual(ids);
  });
});

test("a server moves with the claims of its disks, many of them in one request", async () => {
  const contents = [diskOf(2 * BLOCK, { 0: 1 }), diskOf(2 * BLOCK, { 1: 1 })];
  const ids = Array.from({ length: 40 }, (_, i) => `s${String(i).padStart(2, "0")}`);
  for (const id of ids) host.disks.addServerWith(id, contents);
  from = await host.vault(ids);
  const made = await host.call("POST", "/vaults", {
    vault: {
      name: "servers",
      resources: [],
      billing: { object_type: "server", protect_type: "backup", consistent_level: "crash_consistent", size: 100 },
    },
  });
  to = made.body.vault.id;
  const { of } = await host.backUp(from, { resources: ["s07"] });
  expect(await migrate(...ids)).toMatchObject({ status: 200, body: { migrated_resources: ids } });
  expect([await held(from), await held(to)]).toEqual([[], ids]);
  expect([await holder("s39"), await holder("s39-d1")]).toEqual([to, to]);
  expect(await host.backup(of.s07 ?? "")).toMatchObject({ vault_id: to });
  expect(await chainOf(to, "s07-d1")).toEqual([of.s07]);
});

describe("moving is refused", () => {
  test("for vaults that are not there and resources that are not in this one (6105, 6135, 6104, 9900)", async () => {
    await threeBackups();
    expect(await refused("dx")).toEqual([400, "BackupService.6135"]);
    expect(await refused("d1", "d1")).toEqual([400, "BackupService.6104"]);
    const ask = (path: string, destination: string) =>
      refusal("POST", `/vaults/${path}/migrateresources`, { destination_vault_id: destination, resource_ids: ["d1"] });
    const nobody = "11111111-1111-4111-8111-111111111111";
    expect(await ask(from, nobody)).toEqual([404, "BackupService.6105"]);
    expect(await ask(nobody, to)).toEqual([404, "BackupService.6105"]);
    expect(await ask(from, from)).toEqual([400, "BackupService.9900"]);
    expect(await held(from)).toEqual(["d1", "d2"]);
  });

  test("when the destination has no room for the backups, and then nothing has moved (VLT-41: 6129)", async () => {
    await threeBackups();
    const binding = await load(host.records, bindings, bindingKey(from, "d1"));
    if (binding === undefined) throw new Error("not bound");
    await host.records.write(replace(bindings, { ...binding, used: 100 * 1024 ** 3 }));
    expect(await refused("d2", "d1")).toEqual([400, "BackupService.6129"]);
    expect(await held(from)).toEqual(["d1", "d2"]);
    expect(await refused("d2")).toEqual([200, undefined]);
  });

  test("while one of the two vaults is frozen: neither gives nor takes (VLT-40: 6112)", async () => {
    await threeBackups();
    for (const vaultId of [to, from]) {
      await freezeVault(host.services, { vaultId, frozen: true });
      expect(await refused("d1")).toEqual([400, "BackupService.6112"]);
      await freezeVault(host.services, { vaultId, frozen: false });
    }
    expect([await held(from), await held(to)]).toEqual([["d1", "d2"], []]);
  });

  test("while a backup of it, of another resource, or a restore runs (VLT-40, CCY 23.1: 6112)", async () => {
    const [first] = await threeBackups();
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task === "backup-member.seal" || task === "restore.conclude")
          seen.push(await refused("d1"), await refused("d2"));
      },
    };
    await host.backUp(from, { resources: ["d1"] });
    await host.restore(first ?? "", { volume_id: "d1" });
    expect(seen).toEqual([
      [400, "BackupService.6112"],
      [400, "BackupService.6112"],
      [400, "BackupService.6112"],
      [400, "BackupService.6112"],
    ]);
  });

  test("while it is being removed (6134), and out of a locked vault (VLT-44: 6110)", async () => {
    await threeBackups();
    let seen: unknown;
    host.hooks = {
      async beforeTask(task) {
        if (task === "remove-resource.batch") seen ??= await refused("d1");
      },
    };
    await host.call("POST", `/vaults/${from}/removeresources`, { resource_ids: ["d1"] });
    await host.idle();
    expect(seen).toEqual([400, "BackupService.6134"]);
    await host.call("PUT", `/vaults/${from}`, { vault: { locked: true } });
    expect(await refused("d2")).toEqual([400, "BackupService.6110"]);
  });
});

describe("a move that was interrupted", () => {
  /** The service in a process that dies after so many writes. */
  const dying = (writes: number, lost: boolean): Services => ({
    ...host.services,
    records: dyingStore(host.records, writes, { lost }),
  });
  const ask = () => ({ source: from, destination: to, resourceIds: ["d1"] });
  const attempt = (s: Services): Promise<string> =>
    migrateResources(s, CALLER, ask()).then(
      () => "done",
      () => "died",
    );

  test.each([false, true])(
    "is finished by the tick, at whichever write the process died (answer lost: %s)",
    async (lost) => {
      const ids = await threeBackups();
      const { used } = await host.binding(from, "d1");
      let unfinished = 0;
      for (let writes = 0; ; writes++) {
        const outcome = await attempt(dying(writes, lost));
        const [here, there] = [await held(from), await held(to)];
        // At every moment it is in exactly one of the two, with all that it uses.
        expect([...here, ...there].sort()).toEqual(["d1", "d2"]);
        const moved = there.includes("d1");
        expect((await host.binding(moved ? to : from, "d1")).used).toBe(used);
        if (!moved) {
          expect(outcome).toBe("died");
          continue;
        }
        const whole = (await host.binding(to, "d1")).status === "available";
        if (!whole) {
          unfinished++;
          // Nothing else is done with it until it has arrived (CCY 23.1).
          expect(await refusal("POST", "/checkpoints", { checkpoint: { vault_id: to } })).toEqual([
            400,
            "BackupService.6112",
          ]);
          expect(await refusal("DELETE", `/backups/${ids[0]}`)).toEqual([400, "BackupService.6201"]);
          expect(await refusal("POST", `/backups/${ids[0]}/restore`, { restore: { volume_id: "d1" } })).toEqual([
            400,
            "BackupService.6202",
          ]);
          expect(await refusal("POST", `/vaults/${to}/removeresources`, { resource_ids: ["d1"] })).toEqual([
            400,
            "BackupService.6134",
          ]);
          expect(await refusal("DELETE", `/vaults/${to}`)).toEqual([400, "BackupService.6112"]);
          expect(
            await refusal("POST", `/vaults/${to}/migrateresources`, {
              destination_vault_id: from,
              resource_ids: ["d1"],
            }),
          ).toEqual([400, "BackupService.6112"]);
          host.clock.ahead += 2 * MINUTE;
          await tick(host.services);
        }
        expect((await host.binding(to, "d1")).status).toBe("available");
        expect([await chainOf(from, "d1"), await chainOf(to, "d1")]).toEqual([[], ids]);
        expect(await backupsIn(to)).toEqual([...ids].sort());
        const tasks = (await host.call("GET", "/operation-logs?operation_type=migrate_resource")).body.operation_logs;
        expect(tasks.every((task: { status: string }) => task.status === "success")).toBe(true);
        host.clock.ahead += 2 * MINUTE;
        expect((await tick(host.services)).failed).toBe(0);
        if (whole) break;
        [from, to] = [to, from];
        await migrateResources(host.services, CALLER, ask());
        [from, to] = [to, from];
      }
      expect(unfinished).toBeGreaterThan(2);
    },
  );

  test("a deletion that had begun waits for it, and then counts right (CAP-03)", async () => {
    const ids = await threeBackups();
    const backupId = ids[1] ?? "";
    const { start } = host.runner;
    host.runner.start = async () => {
      throw new Error("the process died here");
    };
    expect((await host.call("DELETE", `/backups/${backupId}`)).status).toBe(500);
    host.runner.start = start;
    // Dies after the first write: the resource has moved, its backups have not.
    await attempt(dying(1, false));
    const [{ id: taskId }] = (await host.call("GET", "/operation-logs?operation_type=delete")).body.operation_logs;
    await expect(runDelete(host.services, { backupId, taskId })).rejects.toThrow(TransactionConflict);
    host.clock.ahead += 2 * MINUTE;
    await tick(host.services);
    await runDelete(host.services, { backupId, taskId });
    const { status, used, backups } = await host.binding(to, "d1");
    expect({ status, used, backups }).toEqual({ status: "available", used: 5 * BLOCK, backups: 2 });
  });
});

test("with an index that lags, nothing is called finished before every backup has followed", async () => {
  host.close();
  host = await createAppHost({ manners: { indexLagWrites: 40, conflictRate: 0, throttleRate: 0, random: () => 0.5 } });
  const ids = await threeBackups();
  expect((await migrate("d1")).status).toBe(200);
  for (let round = 0; round < 60 && (await host.binding(to, "d1")).status === "migrating"; round++) {
    host.clock.ahead += 2 * MINUTE;
    await tick(host.services);
  }
  expect((await host.binding(to, "d1")).status).toBe("available");
  expect(await chainOf(to, "d1")).toEqual(ids);
});

test("two requests that move one resource to different vaults: one wins (CCY-02)", async () => {
  await threeBackups();
  const third = await host.vault([], { name: "third" });
  const ask = (destination: string) =>
    host.call("POST", `/vaults/${from}/migrateresources`, { destination_vault_id: destination, resource_ids: ["d1"] });
  const answers = await Promise.all([ask(to), ask(third)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  expect([...(await held(to)), ...(await held(third))]).toEqual(["d1"]);
});
