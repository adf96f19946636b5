/** What clients see when something is refused, and what lists show and leave out. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { scenarioClient, TYPE } from "./client.ts";
import { MIB } from "./content.ts";
import type { ScenarioHost } from "./host.ts";

const DATA = [{ offset: MIB, length: 16 * MIB, seed: 21 }];

export function refusalScenarios(host: () => ScenarioHost): void {
  test("what does not exist is 404 with its own code", async () => {
    const { code } = scenarioClient(host());
    const id = randomUUID();
    expect(await code("GET", `/vaults/${id}`)).toEqual([404, "BackupService.6105"]);
    expect(await code("DELETE", `/vaults/${id}`)).toEqual([404, "BackupService.6105"]);
    expect(await code("POST", "/checkpoints", { checkpoint: { vault_id: id } })).toEqual([404, "BackupService.6105"]);
    expect(await code("GET", `/backups/${id}`)).toEqual([404, "BackupService.6200"]);
    expect(await code("GET", `/checkpoints/${id}`)).toEqual([404, "BackupService.6217"]);
    const volume_id = "vol-00000000000000000";
    expect(await code("POST", `/backups/${id}/restore`, { restore: { volume_id } })).toEqual([
      404,
      "BackupService.6200",
    ]);
    const unknown = { resources: [{ id: volume_id, type: TYPE.disk }] };
    const { status } = await scenarioClient(host()).call("POST", `/vaults/${id}/addresources`, unknown);
    expect(status).toBe(404);
  });

  test("a body that breaks a rule is 400 and names the field", async () => {
    const { call } = scenarioClient(host());
    const answer = await call("POST", "/checkpoints", { checkpoint: {} });
    expect(answer).toMatchObject({ status: 400, body: { error_code: "BackupService.9900" } });
    expect(answer.body.error_msg).toMatch(/^checkpoint\.vault_id: /);
    expect((await call("GET", "/backups?limit=0")).body.error_msg).toMatch(/^limit: /);
  });

  test("a disk is in one vault at most, and what a client may do with it depends on what runs (CON-04, RST-04, VLT-09)", async () => {
    const client = scenarioClient(host());
    const { code, call } = client;
    const name = `refusals-${randomUUID().slice(0, 8)}`;
    const disk = await host().makeDisk({ sizeBytes: host().smallDisk, pieces: DATA });
    const vault = await client.vault("disk", [disk], { name });
    const other = await client.vault("disk", [], { name: `${name}-other` });
    const bind = (to: string, type: string) =>
      code("POST", `/vaults/${to}/addresources`, { resources: [{ id: disk, type }] });
    expect(await bind(other, TYPE.disk)).toEqual([400, "BackupService.6103"]);
    expect(await bind(other, TYPE.server)).toEqual([400, "BackupService.6102"]);

    const first = (await client.backUp(vault, { name: "one" }))[disk];
    const second = (await client.backUp(vault, { name: "two" }))[disk];

    // A restore has the backup, its disk and its vault to itself; writing the disk takes far longer than these three requests.
    const ask = ["POST", `/backups/${first.id}/restore`, { restore: { volume_id: disk } }] as const;
    const { job_id } = await client.must(...ask);
    const refused = await Promise.all([
      code(...ask),
      code("DELETE", `/backups/${first.id}`),
      code("DELETE", `/vaults/${vault}`),
    ]);
    expect(refused).toEqual([
      [400, "BackupService.2010"],
      [400, "BackupService.6216"],
      [400, "BackupService.6203"],
    ]);
    await client.idle();
    expect((await call("GET", `/operation-logs/${job_id}`)).body.operation_log.status).toBe("success");

    // Lists: each filter shows what matches, and only that.
    const count = async (path: string): Promise<number> => (await client.must("GET", path)).count;
    expect(await count(`/backups?vault_id=${vault}`)).toBe(2);
    expect(await count(`/backups?resource_id=${disk}&name=two`)).toBe(1);
    expect(await count(`/backups?vault_id=${vault}&status=error`)).toBe(0);
    expect(await count(`/backups?checkpoint_id=${second.checkpoint_id}`)).toBe(1);
    expect(await count(`/backups?vault_id=${other}`)).toBe(0);
    expect(await count(`/vaults?name=${name}`)).toBe(2);
    expect(await count(`/vaults?resource_ids=${disk}`)).toBe(1);
    expect(await count(`/operation-logs?operation_type=backup&vault_id=${vault}`)).toBe(2);
    const page = await client.must("GET", `/backups?vault_id=${vault}&limit=1`);
    expect(page.backups.map(({ id }: { id: string }) => id)).toEqual([second.id]);
    const after = await client.must("GET", `/backups?vault_id=${vault}&limit=1&marker=${second.id}`);
    expect(after.backups.map(({ id }: { id: string }) => id)).toEqual([first.id]);

    // A backup goes; the other one stays whole. Then the vault goes, with what is in it.
    expect(await code("DELETE", `/backups/${first.id}`)).toEqual([204, undefined]);
    await client.idle();
    expect(await code("GET", `/backups/${first.id}`)).toEqual([404, "BackupService.6200"]);
    expect(await client.restore(second.id, { volume_id: disk })).toMatchObject({ status: "success" });
    for (const id of [vault, other]) expect(await code("DELETE", `/vaults/${id}`)).toEqual([204, undefined]);
    await client.idle();
    expect(await code("GET", `/vaults/${vault}`)).toEqual([404, "BackupService.6105"]);
    expect(await code("GET", `/backups/${second.id}`)).toEqual([404, "BackupService.6200"]);
    expect(await count(`/vaults?name=${name}`)).toBe(0);
    // The disk is free again.
    await client.vault("disk", [disk], { name });
  });
}
