/** Can an illegal status be stored at all? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Member } from "../../core/app/records/entities.ts";
import { bindingKey, memberKey, taskKey, vaultKey } from "../../core/app/records/keys.ts";
import { parseItem } from "../../core/app/records/record.ts";
import {
  backups,
  bindings,
  insert,
  load,
  putMember,
  remove,
  replace,
  tasks,
  vaults,
} from "../../core/app/records/tables.ts";
import { type AppHost, createAppHost } from "../support/app-host.ts";
import { backupRow } from "../support/backup-rows.ts";
import { BLOCK, diskOf } from "../support/engine-disks.ts";

let host: AppHost;
let vault: string;
beforeEach(async () => {
  host = await createAppHost();
  host.disks.addDiskWith("d1", diskOf(2 * BLOCK, { 0: 2 }));
  vault = await host.vault(["d1"]);
});
afterEach(() => host.close());

async function found<T>(looked: Promise<T | undefined>): Promise<T> {
  const one = await looked;
  if (one === undefined) throw new Error("it is not there");
  return one;
}

describe("an illegal transition is a defect that is thrown before anything is stored", () => {
  it("of a vault, of a resource in it, and of what was never read", async () => {
    const row = await found(load(host.records, vaults, vaultKey(vault)));
    expect(() => replace(vaults, { ...row, status: "error" })).toThrow("a vault does not go from available to error");
    expect(() => remove(vaults, row)).toThrow("a vault does not go from available to nothing");
    const binding = await found(load(host.records, bindings, bindingKey(vault, "d1")));
    expect(() => replace(bindings, { ...binding, status: "migrating" })).toThrow("from available to migrating");
    const copied = JSON.parse(JSON.stringify(binding));
    expect(() => replace(bindings, { ...copied, status: "protecting" })).toThrow("without having been read");
    // What a legal change leaves is stored, and nothing of where it came from is.
    await host.records.write(replace(bindings, { ...binding, status: "protecting" }));
    const again = await found(load(host.records, bindings, bindingKey(vault, "d1")));
    expect(() => replace(bindings, { ...again, status: "removing" })).toThrow("from protecting to removing");
    const item = await found(host.records.get(bindingKey(vault, "d1")));
    expect(Object.keys(item.body).sort()).toEqual(
      Object.keys(copied)
        .filter((key) => key !== "v")
        .sort(),
    );
  });

  it("of a backup, of its member in the checkpoint, and of its task", async () => {
    const { checkpoint } = await host.backUp(vault);
    const member = parseItem(Member, await found(host.records.get(memberKey(checkpoint, "d1"))));
    expect(() => putMember(checkpoint, { ...member, status: "error" })).toThrow("from available to error");
    const task = await found(load(host.records, tasks, taskKey(member.taskId)));
    expect(() => replace(tasks, { ...task, status: "running" })).toThrow("from success to running");
    expect(() => insert(backups, backupRow("b", { status: "restoring" }))).toThrow("from nothing to restoring");
    const backup = await found(load(host.records, backups, { pk: `B#${member.backupId}`, sk: "A" }));
    expect(() => replace(backups, { ...backup, status: "protecting" })).toThrow("from available to protecting");
  });
});

it("a checkpoint whose backups all failed stays in error when one of them is deleted (BKP-26, DEL-07)", async () => {
  host.disks.addDiskWith("d2", diskOf(2 * BLOCK, { 0: 2 }));
  const both = await host.vault([], { name: "both" });
  await host.call("POST", `/vaults/${both}/addresources`, { resources: [{ id: "d2", type: "OS::Cinder::Volume" }] });
  host.disks.addDiskWith("d3", diskOf(2 * BLOCK, { 0: 2 }));
  await host.call("POST", `/vaults/${both}/addresources`, { resources: [{ id: "d3", type: "OS::Cinder::Volume" }] });
  host.disks.changed = () => "it was written to";
  const { checkpoint, of } = await host.backUp(both);
  const status = async () => (await host.call("GET", `/checkpoints/${checkpoint}`)).body.checkpoint.status;
  expect(await status()).toBe("error");
  await host.drop(of.d2 ?? "");
  expect(await status()).toBe("error");
  await host.drop(of.d3 ?? "");
  expect((await host.call("GET", `/checkpoints/${checkpoint}`)).body.error_code).toBe("BackupService.6217");
});
