/** What removing a resource from its vault, and deleting a vault, promise. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runDelete } from "../../core/app/delete/run-delete.ts";
import { bindingKey, memberKey } from "../../core/app/records/keys.ts";
import { bindings, load, replace } from "../../core/app/records/tables.ts";
import type { Services } from "../../core/app/services.ts";
import { deleteVaultBatch, failRemoval, removeResourceBatch } from "../../core/app/vaults/run-removal.ts";
import { removing } from "../../core/app/vaults/start-remove-resources.ts";
import type { Key } from "../../core/ports/record-store.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  for (const id of ["d1", "d2"]) host.disks.addDiskWith(id, diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1", "d2"]);
});
afterEach(() => host.close());

const code = async (method: string, path: string, body?: unknown) => {
  const answer = await host.call(method, path, body);
  return [answer.status, answer.body?.error_code];
};
const remove = (...ids: string[]) => code("POST", `/vaults/${vault}/removeresources`, { resource_ids: ids });
const logs = async (type: string) =>
  (await host.call("GET", `/operation-logs?operation_type=${type}`)).body.operation_logs;

/** The same services, of which one look at `key` comes just after `meanwhile`. */
function lookingLate(key: Key, meanwhile: () => Promise<void>): Services {
  let left = true;
  const get: Services["records"]["get"] = async (asked, options) => {
    if (left && asked.pk === key.pk && asked.sk === key.sk) {
      left = false;
      await meanwhile();
    }
    return host.records.get(asked, options);
  };
  return { ...host.services, workflows: host.services.workflows, records: { ...host.records, get } };
}

/** Does a task by hand first; the runner's own call waits for it. */
function beside(task: string, work: (taskId: string) => Promise<void>): void {
  host.hooks = {
    async beforeTask(name, { name: taskId }) {
      if (name !== task) return;
      host.hooks = {};
      await work(taskId);
    },
  };
}

describe("removing a resource", () => {
  test("deletes its backups here, frees it for another vault and tells the counts (VLT-28, TSK-01)", async () => {
    const first = await host.backUp(vault);
    await host.backUp(vault);
    expect((await remove("d1"))[0]).toBe(200);
    await host.idle();
    expect(await code("GET", `/backups/${first.of.d1}`)).toEqual([404, "BackupService.6200"]);
    expect((await host.backup(first.of.d2 ?? "")).status).toBe("available");
    const shown = (await host.call("GET", `/vaults/${vault}`)).body.vault;
    expect(shown.resources.map((r: { id: string }) => r.id)).toEqual(["d2"]);
    const [log] = await logs("remove_resource");
    expect(log).toMatchObject({
      status: "success",
      extra_info: { remove_resources: { total_count: 2, fail_count: 0 } },
    });
    const other = await host.vault(["d1"]);
    expect((await host.backUp(other)).of.d1).toBeDefined();
  });

  test("is refused while it is busy or removing, and when it is not there (VLT-29, CCY-01)", async () => {
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task === "backup-member.seal") seen.push(await remove("d1"));
        if (task !== "remove-resource.batch") return;
        seen.push(await remove("d1"), await code("DELETE", `/vaults/${vault}`));
        seen.push(
          await code("POST", "/checkpoints", { checkpoint: { vault_id: vault, parameters: { resources: ["d1"] } } }),
        );
      },
    };
    await host.backUp(vault, { resources: ["d1"] });
    await remove("d1");
    await host.idle();
    expect(seen).toEqual([
      [400, "BackupService.6125"],
      [400, "BackupService.6134"],
      [400, "BackupService.6112"],
      [400, "BackupService.6134"],
    ]);
    expect(await remove("d1")).toEqual([400, "BackupService.6135"]);
  });

  test("goes on when one of its backups is deleted by itself at the same time", async () => {
    const { checkpoint, of } = await host.backUp(vault);
    const backupId = of.d1 ?? "";
    let done = (): void => undefined;
    const tried = new Promise<void>((resolve) => {
      done = resolve;
    });
    const ended: unknown[] = [];
    host.hooks = {
      async beforeTask(name, { name: taskId }) {
        if (name === "remove-resource.batch") return tried;
        if (name !== "delete-backup.remove") return;
        await remove("d1");
        const [{ id }] = await logs("remove_resource");
        // The removal has read the backup and is about to read its member when the deletion commits.
        const late = lookingLate(memberKey(checkpoint, "d1"), () => runDelete(host.services, { backupId, taskId }));
        ended.push(await removeResourceBatch(late, { taskId: id }).catch(String));
        done();
      },
    };
    await host.call("DELETE", `/backups/${backupId}`);
    await host.idle();
    expect(ended).toEqual([{ done: true }]);
    expect((await logs("remove_resource"))[0]).toMatchObject({ status: "success" });
    expect(await remove("d1")).toEqual([400, "BackupService.6135"]);
  });

  test("goes on after a failure: the resource is in error and can be removed again (VLT-12)", async () => {
    await host.backUp(vault);
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/intents/")) throw new Error("the store says no");
    };
    await remove("d1");
    await host.idle();
    expect((await logs("remove_resource"))[0]).toMatchObject({
      status: "failed",
      error_info: { message: "the store says no" },
    });
    expect(await host.binding(vault, "d1")).toMatchObject({ status: "error" });
    host.objects.before = () => undefined;
    await remove("d1");
    await host.idle();
    expect(await remove("d1")).toEqual([400, "BackupService.6135"]);
  });
});

describe("deleting a vault", () => {
  test("deletes everything in it in batches and leaves nothing behind (VLT-08, VLT-09)", async () => {
    const taken = [];
    for (let i = 0; i < 31; i++) taken.push(await host.backUp(vault));
    let batches = 0;
    host.hooks = {
      beforeTask: (task) => {
        if (task === "delete-vault.batch") batches++;
      },
    };
    expect((await host.call("DELETE", `/vaults/${vault}`)).status).toBe(204);
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing.status).toBe("deleting");
    await host.idle();
    // 62 backups, 50 a task: no task works on more than its share.
    expect(batches).toBe(2);
    expect(await code("GET", `/vaults/${vault}`)).toEqual([404, "BackupService.6105"]);
    expect(await code("GET", `/checkpoints/${taken[0]?.checkpoint}`)).toEqual([404, "BackupService.6217"]);
    expect((await host.call("GET", "/backups")).body.count).toBe(0);
    expect((await logs("vault_delete"))[0]).toMatchObject({
      status: "success",
      extra_info: { vault_delete: { total_count: 62, fail_count: 0 } },
    });
    expect(host.roots()).toEqual([]);
    expect((await host.call("GET", "/protectables/disk/instances")).status).toBe(200);
    expect(await host.vault(["d1", "d2"])).toEqual(expect.any(String));
  });

  test("refuses backups, restores and deletions in it meanwhile (VLT-10, BKP-05, RST-02, DEL-04, CCY-01)", async () => {
    const { of } = await host.backUp(vault);
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task !== "delete-vault.batch") return;
        seen.push(
          await code("POST", "/checkpoints", { checkpoint: { vault_id: vault } }),
          await code("POST", `/backups/${of.d1}/restore`, { restore: { volume_id: "d1" } }),
          await code("DELETE", `/backups/${of.d1}`),
          await code("DELETE", `/vaults/${vault}`),
          await remove("d1"),
        );
      },
    };
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(seen).toEqual([
      [400, "BackupService.6113"],
      [400, "BackupService.6202"],
      [400, "BackupService.6201"],
      [400, "BackupService.6112"],
      [400, "BackupService.6112"],
    ]);
  });

  test("is refused while a backup in it is being made or restored from (VLT-11)", async () => {
    const { of } = await host.backUp(vault);
    const seen: unknown[] = [];
    host.hooks = {
      async beforeTask(task) {
        if (task === "backup-member.seal" || task === "restore-group.write")
          seen.push(await code("DELETE", `/vaults/${vault}`));
      },
    };
    await host.backUp(vault, { resources: ["d2"] });
    expect((await host.restore(of.d1 ?? "", { volume_id: "d1" })).status).toBe("success");
    expect(seen).toEqual([
      [400, "BackupService.6203"],
      [400, "BackupService.6203"],
    ]);
    host.hooks = {};
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.resources).toHaveLength(2);
    expect(await code("DELETE", `/vaults/${vault}`)).toEqual([204, undefined]);
    await host.idle();
  });

  test("that fails leaves it in error, deletable again", async () => {
    await host.backUp(vault);
    host.objects.before = (operation, name) => {
      if (operation === "put" && name.includes("/intents/")) throw new Error("the store says no");
    };
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect((await host.call("GET", `/vaults/${vault}`)).body.vault.billing.status).toBe("error");
    host.objects.before = () => undefined;
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(await code("GET", `/vaults/${vault}`)).toEqual([404, "BackupService.6105"]);
  });

  test("goes on when its task is done twice at a time, after a time-out", async () => {
    await host.backUp(vault);
    const taken: unknown[] = [];
    beside("delete-vault.batch", async (taskId) => {
      const late = lookingLate(bindingKey(vault, "d1"), async () => {
        const binding = await load(host.records, bindings, bindingKey(vault, "d1"));
        if (binding !== undefined) await host.records.write(replace(bindings, removing(binding, taskId)));
      });
      taken.push(await deleteVaultBatch(late, { taskId }));
    });
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect(taken).toEqual([{ done: true }]);
    expect((await logs("vault_delete"))[0]).toMatchObject({ status: "success" });
  });

  test("that has failed takes no resource any more, though a call of its task is still under way", async () => {
    await host.backUp(vault);
    beside("delete-vault.batch", async (taskId) => {
      const error = { Error: "States.Timeout", Cause: "no answer" };
      const late = lookingLate(bindingKey(vault, "d1"), () => failRemoval(host.services, { taskId, error }));
      await deleteVaultBatch(late, { taskId }).catch(() => undefined);
    });
    await host.call("DELETE", `/vaults/${vault}`);
    await host.idle();
    expect((await logs("vault_delete"))[0]).toMatchObject({ status: "failed" });
    expect((await host.binding(vault, "d1")).status).not.toBe("removing");
    expect(await code("DELETE", `/vaults/${vault}`)).toEqual([204, undefined]);
    await host.idle();
    expect(await code("GET", `/vaults/${vault}`)).toEqual([404, "BackupService.6105"]);
  });
});
