/** Real groups of disk images over HTTP: which disks a run takes, and where a restore may put them. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveService, startLiveService } from "../support/live-service.ts";
import type { Answer } from "../support/vault-host.ts";

const SIZE = 1024 * 1024;

let live: LiveService;
let disks: { readonly id: string; readonly path: string }[];
let server: string;
let vault: string;
beforeAll(async () => {
  live = await startLiveService();
  disks = [];
  for (const n of [0, 1, 2]) disks.push(await live.disk(SIZE, { [n * 512]: `disk ${n}` }, { system: n === 0 }));
  server = await live.server(disks.map(({ id }) => id));
  vault = await live.vault([server], "server");
});
afterAll(() => live.close());

const wipe = () => {
  for (const { path } of disks) writeFileSync(path, Buffer.alloc(SIZE, 0xcd));
};
const text = (n: number, at: number) => live.read(disks[n]?.path ?? "").toString("utf8", at * 512, at * 512 + 6);
const run = async (extra_info?: object): Promise<Answer["body"]> => {
  const details = extra_info && { resource_details: [{ id: server, type: "OS::Nova::Server", extra_info }] };
  const { id } = (await live.backUp(vault, details))[server];
  return (await live.call("GET", `/backups/${id}`)).body.backup;
};
const disksOf = (backup: Answer["body"]) => backup.children.map((c: Answer["body"]) => c.resource_id).sort();

describe("a server of three images", () => {
  test("is backed up with a child a disk, all of one instant, and restored as a whole (CON-06, RST-12)", async () => {
    const backup = await run();
    expect(disksOf(backup)).toEqual(disks.map(({ id }) => id).sort());
    expect(new Set(backup.children.map((c: Answer["body"]) => c.protected_at)).size).toBe(1);
    wipe();
    expect((await live.restore(backup.id, { server_id: server })).status).toBe("success");
    expect([text(0, 0), text(1, 1), text(2, 2)]).toEqual(["disk 0", "disk 1", "disk 2"]);
  });

  test("leaves out what is excluded, in a run and in its restore (VLT-24, RST-17)", async () => {
    const [, , third] = disks;
    const backup = await run({ exclude_volumes: [third?.id] });
    expect(disksOf(backup)).toEqual(
      disks
        .slice(0, 2)
        .map(({ id }) => id)
        .sort(),
    );
    wipe();
    expect((await live.restore(backup.id, { server_id: server })).status).toBe("success");
    expect([text(0, 0), text(1, 1)]).toEqual(["disk 0", "disk 1"]);
    expect(live.read(third?.path ?? "").every((byte) => byte === 0xcd)).toBe(true);
    writeFileSync(third?.path ?? "", Buffer.alloc(SIZE, 0));
  });

  test("is restored crosswise by mappings, and refuses what they leave out (RST-06, RST-12, RST-13)", async () => {
    for (const [n, { path }] of disks.entries()) writeFileSync(path, Buffer.alloc(SIZE, `state ${n} `));
    const backup = await run();
    const childOf = (id?: string) => backup.children.find((c: Answer["body"]) => c.resource_id === id)?.id;
    const [zero, one, two] = disks.map(({ id }) => id);
    const mappings = [
      { backup_id: childOf(zero), volume_id: zero },
      { backup_id: childOf(one), volume_id: two },
      { backup_id: childOf(two), volume_id: one },
    ];
    const refused = await live.code("POST", `/backups/${backup.id}/restore`, {
      restore: { server_id: server, mappings: mappings.slice(0, 2) },
    });
    expect(refused).toEqual([400, "BackupService.2012"]);
    wipe();
    expect((await live.restore(backup.id, { server_id: server, mappings })).status).toBe("success");
    expect(disks.map(({ path }) => live.read(path).toString("utf8", 0, 7))).toEqual(["state 0", "state 2", "state 1"]);
  });
});
