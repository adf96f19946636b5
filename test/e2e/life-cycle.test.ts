/** The whole life of vaults over HTTP: a server of two disks and a disk, from the first bind to the last 404. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveService, startLiveService } from "../support/live-service.ts";
import type { Answer } from "../support/vault-host.ts";

const SIZE = 3 * 1024 * 1024;

let live: LiveService;
beforeAll(async () => {
  live = await startLiveService();
});
afterAll(() => live.close());

const get = async (path: string): Promise<Answer["body"]> => (await live.call("GET", path)).body;
const count = async (path: string): Promise<number> => (await get(path)).count;
function write(path: string, text: string, at: number): void {
  const file = openSync(path, "r+");
  writeSync(file, text, at);
  closeSync(file);
}

test("a server and a disk: bound, backed up twice, listed, restored to both points, deleted, gone", {
  timeout: 60_000,
}, async () => {
  const system = await live.disk(SIZE, { 0: "system 1" }, { system: true });
  const data = await live.disk(SIZE, { 1000000: "data 1" });
  const alone = await live.disk(SIZE, { 2000000: "alone 1" });
  const server = await live.server([data.id, system.id]);
  const servers = await live.vault([server], "server");
  const disks = await live.vault([]);
  // Later binding, and what it refuses (CON-02, CON-04).
  const bind = (vault: string, id: string, type: string) =>
    live.code("POST", `/vaults/${vault}/addresources`, { resources: [{ id, type }] });
  expect(await bind(disks, alone.id, "OS::Cinder::Volume")).toEqual([200, undefined]);
  expect(await bind(disks, data.id, "OS::Cinder::Volume")).toEqual([500, "BackupService.6137"]);
  expect(await bind(disks, server, "OS::Nova::Server")).toEqual([400, "BackupService.6102"]);
  expect((await live.call("DELETE", `/holdfast/resources/${alone.id}`)).status).toBe(400);

  const points = [] as { server: Answer["body"]; disk: Answer["body"]; bytes: Buffer[] }[];
  for (const n of [1, 2]) {
    for (const [disk, at, text] of [
      [system, 0, "system"],
      [data, 1000000, "data"],
      [alone, 2000000, "alone"],
    ] as const)
      write(disk.path, `${text} ${n}`, at);
    const one = (await live.backUp(servers, { name: `point-${n}` }))[server];
    const two = (await live.backUp(disks, { name: `point-${n}`, description: "by hand" }))[alone.id];
    points.push({ server: one, disk: two, bytes: [system, data, alone].map(({ path }) => live.read(path)) });
  }
  const [first, second] = points;
  if (first === undefined || second === undefined) throw new Error("no points");
  for (const { server: one, disk: two } of points) expect([one.status, two.status]).toEqual(["available", "available"]);

  // What is shown (CON-05, CON-06, BKP-25, CAP-01).
  const shown = (await get(`/backups/${second.server.id}`)).backup;
  expect(shown.children.map((c: Answer["body"]) => c.name).sort()).toEqual(["point-2_a-disk", "point-2_a-disk"]);
  expect(new Set(shown.children.map((c: Answer["body"]) => c.protected_at))).toEqual(new Set([shown.protected_at]));
  expect(shown.extend_info.contain_system_disk).toBe(true);
  const vault = (await get(`/vaults/${servers}`)).vault;
  expect(vault.billing).toMatchObject({ allocated: 1, used: 2 });
  expect(vault.resources[0]).toMatchObject({ id: server, backup_count: 2, protect_status: "available" });

  // Lists by every filter that is indexed, and some that are not.
  expect(await count("/backups")).toBe(4);
  expect(await count(`/backups?vault_id=${servers}`)).toBe(2);
  expect(await count(`/backups?resource_id=${alone.id}`)).toBe(2);
  expect(await count(`/backups?checkpoint_id=${first.server.checkpoint_id}`)).toBe(1);
  expect(await count("/backups?name=point-2")).toBe(2);
  expect(await count("/backups?status=error")).toBe(0);
  expect(await count("/backups?resource_type=OS::Nova::Server")).toBe(2);
  expect(await count("/vaults?object_type=server")).toBe(1);
  expect(await count(`/operation-logs?operation_type=backup&vault_id=${disks}`)).toBe(2);
  expect(await count(`/operation-logs?resource_id=${server}&status=success`)).toBe(2);

  // Both points come back, whole, in any order.
  for (const point of [first, second, first]) {
    for (const { path } of [system, data, alone]) writeFileSync(path, Buffer.alloc(SIZE, 0xab));
    const logs = [
      await live.restore(point.server.id, { server_id: server }),
      await live.restore(point.disk.id, { volume_id: alone.id }),
    ];
    expect(logs.map(({ status }) => status)).toEqual(["success", "success"]);
    [system, data, alone].forEach(({ path }, i) => {
      expect(live.read(path).equals(point.bytes[i] ?? Buffer.alloc(0))).toBe(true);
    });
  }

  // The first point goes; the second stays whole (CON-14, DEL-07).
  expect((await live.call("DELETE", `/backups/${first.disk.id}`)).status).toBe(204);
  await live.idle();
  expect(await live.code("GET", `/backups/${first.disk.id}`)).toEqual([404, "BackupService.6200"]);
  expect(await live.code("GET", `/checkpoints/${first.disk.checkpoint_id}`)).toEqual([404, "BackupService.6217"]);
  expect((await live.restore(second.disk.id, { volume_id: alone.id })).status).toBe("success");
  expect(live.read(alone.path).equals(second.bytes[2] ?? Buffer.alloc(0))).toBe(true);

  // The disk leaves its vault with its backups; then both vaults go.
  expect((await live.call("POST", `/vaults/${disks}/removeresources`, { resource_ids: [alone.id] })).status).toBe(200);
  await live.idle();
  expect(await live.code("GET", `/backups/${second.disk.id}`)).toEqual([404, "BackupService.6200"]);
  expect((await live.call("DELETE", `/holdfast/resources/${alone.id}`)).status).toBe(204);
  for (const id of [servers, disks]) expect((await live.call("DELETE", `/vaults/${id}`)).status).toBe(204);
  await live.idle();
  for (const id of [servers, disks])
    expect(await live.code("GET", `/vaults/${id}`)).toEqual([404, "BackupService.6105"]);
  expect(await live.code("GET", `/checkpoints/${second.server.checkpoint_id}`)).toEqual([404, "BackupService.6217"]);
  expect([await count("/backups"), await count("/vaults")]).toEqual([0, 0]);

  // Every operation is in the logs, each with its end (TSK-01, TSK-03).
  const { operation_logs: logs } = await get("/operation-logs?limit=100");
  const types = logs.map((l: Answer["body"]) => l.operation_type);
  const number = (type: string) => types.filter((t: string) => t === type).length;
  expect(["backup", "restore", "delete", "remove_resource", "vault_delete"].map(number)).toEqual([4, 7, 1, 1, 2]);
  for (const log of logs) {
    expect(log).toMatchObject({ status: "success", extra_info: { common: { progress: 100 } } });
    expect(Date.parse(`${log.ended_at}Z`)).toBeGreaterThanOrEqual(Date.parse(`${log.started_at}Z`));
  }
  // Tasks can neither be cancelled nor deleted (TSK-05).
  expect((await live.call("DELETE", `/operation-logs/${logs[0].id}`)).status).toBeGreaterThanOrEqual(400);
});
