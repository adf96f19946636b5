/** Do two requests that race over real HTTP for one thing yield exactly one winner? (CCY-02) */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveService, startLiveService } from "../support/live-service.ts";
import { vaultBody } from "../support/vault-host.ts";

const N = 8;
const ROUNDS = 5;
const SIZE = 64 * 1024;

let live: LiveService;
/** Work waits for it, so that no winner has ended before the last loser asks. */
let held: Promise<void> | undefined;
beforeAll(async () => {
  live = await startLiveService({ hooks: { beforeTask: () => held } });
});
afterAll(() => live.close());

type Asked = readonly [method: string, path: string, body?: unknown];

/** Sends all at once and waits for the end of what they started; the winner, and the losers' codes. */
async function race(asks: readonly Asked[]): Promise<{ winner: number; codes: readonly string[] }> {
  let release = () => {};
  held = new Promise((resolve) => {
    release = resolve;
  });
  const answers = await Promise.all(asks.map((ask) => live.code(...ask)));
  held = undefined;
  release();
  await live.idle();
  const winners = answers.flatMap(([status], i) => (status < 300 ? [i] : []));
  const losers = answers.filter(([status]) => status >= 300);
  // Nobody is told that the service broke.
  expect(losers.filter(([status]) => status !== 400 && status !== 404)).toEqual([]);
  expect(winners).toHaveLength(1);
  return { winner: winners[0] ?? -1, codes: [...new Set(losers.map(([, code]) => code?.slice(-4) ?? "none"))].sort() };
}
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
const rounds = (name: string, run: () => Promise<void>) =>
  test(`${name}, ${ROUNDS} times`, { timeout: 120_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) await run();
  });
const resourcesOf = async (vault: string) =>
  (await live.call("GET", `/vaults/${vault}`)).body.vault.resources as { id: string; protect_status: string }[];
const checkpoint = (vault: string): Asked => ["POST", "/checkpoints", { checkpoint: { vault_id: vault } }];
const removal = (vault: string, id: string): Asked => [
  "POST",
  `/vaults/${vault}/removeresources`,
  { resource_ids: [id] },
];
/** A disk in a vault, with one backup. */
async function protectedDisk() {
  const disk = await live.disk(SIZE, { 0: "before" });
  const vault = await live.vault([disk.id]);
  const backup = (await live.backUp(vault))[disk.id];
  return { disk, vault, backup: backup.id as string };
}

describe("of requests that race exactly one wins", () => {
  rounds("to bind one disk into vaults: the others are told 6103 (CON-04)", async () => {
    const { id } = await live.disk(SIZE);
    const vaults = await Promise.all(times(N, () => live.vault([])));
    const resources = [{ id, type: "OS::Cinder::Volume" }];
    const { codes } = await race(
      vaults.map((vault): Asked => ["POST", `/vaults/${vault}/addresources`, { resources }]),
    );
    expect(codes).toEqual(["6103"]);
    const holders = (await Promise.all(vaults.map(resourcesOf))).filter((bound) => bound.length > 0);
    expect(holders).toHaveLength(1);
  });

  rounds("to make a vault with one disk: the others make none (CON-04, VLT-06)", async () => {
    const { id } = await live.disk(SIZE);
    const name = `only-${id.slice(0, 8)}`;
    const body = vaultBody({ name, resources: [{ id, type: "OS::Cinder::Volume" }] });
    const { codes } = await race(times(N, (): Asked => ["POST", "/vaults", body]));
    expect(codes).toEqual(["6103"]);
    expect((await live.call("GET", `/vaults?name=${name}`)).body.count).toBe(1);
  });

  rounds("to back one disk up: the others are told 6125 (BKP-21)", async () => {
    const { id } = await live.disk(SIZE, { 0: "x" });
    const vault = await live.vault([id]);
    const { codes } = await race(times(N, () => checkpoint(vault)));
    expect(codes).toEqual(["6125"]);
    const { backups } = (await live.call("GET", `/backups?vault_id=${vault}`)).body;
    expect(backups.map((b: { status: string }) => b.status)).toEqual(["available"]);
    expect((await live.call("GET", `/operation-logs?vault_id=${vault}`)).body.count).toBe(1);
    expect((await resourcesOf(vault))[0]?.protect_status).toBe("available");
  });

  rounds("to restore one backup: the others are told 2010 (RST-04)", async () => {
    const { disk, vault, backup } = await protectedDisk();
    const ask: Asked = ["POST", `/backups/${backup}/restore`, { restore: { volume_id: disk.id } }];
    expect((await race(times(N, () => ask))).codes).toEqual(["2010"]);
    const { operation_logs } = (await live.call("GET", `/operation-logs?operation_type=restore&vault_id=${vault}`))
      .body;
    expect(operation_logs.map((l: { status: string }) => l.status)).toEqual(["success"]);
    expect(live.read(disk.path).subarray(0, 6).toString()).toBe("before");
  });

  rounds("to delete one backup: the others are told 6201 (DEL-01)", async () => {
    const { vault, backup } = await protectedDisk();
    expect((await race(times(N, (): Asked => ["DELETE", `/backups/${backup}`]))).codes).toEqual(["6201"]);
    expect(await live.code("GET", `/backups/${backup}`)).toEqual([404, "BackupService.6200"]);
    expect((await live.call("GET", `/operation-logs?operation_type=delete&vault_id=${vault}`)).body.count).toBe(1);
    expect((await live.call("GET", `/vaults/${vault}`)).body.vault.billing.used).toBe(0);
  });

  rounds("to restore or to delete one backup (DEL-04, RST-02)", async () => {
    const { disk, backup } = await protectedDisk();
    const { winner, codes } = await race(
      times(
        N,
        (i): Asked =>
          i % 2 === 0
            ? ["DELETE", `/backups/${backup}`]
            : ["POST", `/backups/${backup}/restore`, { restore: { volume_id: disk.id } }],
      ),
    );
    expect(codes).toEqual(winner % 2 === 0 ? ["2005", "6201"] : ["2010", "6216"]);
    expect((await live.call("GET", `/backups/${backup}`)).status).toBe(winner % 2 === 0 ? 404 : 200);
    expect(live.read(disk.path).subarray(0, 6).toString()).toBe("before");
  });

  rounds("to delete a vault or to back it up (BKP-05, VLT-08)", async () => {
    const { id } = await live.disk(SIZE, { 0: "x" });
    const vault = await live.vault([id]);
    const { winner, codes } = await race(
      times(N, (i): Asked => (i % 2 === 0 ? ["DELETE", `/vaults/${vault}`] : checkpoint(vault))),
    );
    expect(codes).toEqual(winner % 2 === 0 ? ["6112", "6113"] : ["6125", "6203"]);
    const shown = await live.call("GET", `/vaults/${vault}`);
    if (winner % 2 === 1) {
      expect(shown.body.vault.billing.status).toBe("available");
      expect((await resourcesOf(vault))[0]?.protect_status).toBe("available");
    } else {
      // Nothing is left that belongs to nobody, and the disk is free.
      expect(shown.status).toBe(404);
      expect((await live.call("GET", `/backups?vault_id=${vault}`)).body.count).toBe(0);
      await live.vault([id]);
    }
  });

  rounds("to remove a resource or to back it up (VLT-28, BKP-07)", async () => {
    const { id } = await live.disk(SIZE, { 0: "x" });
    const vault = await live.vault([id]);
    const { winner, codes } = await race(
      times(N, (i): Asked => (i % 2 === 0 ? removal(vault, id) : checkpoint(vault))),
    );
    expect(codes).toEqual([winner % 2 === 0 ? "6134" : "6125"]);
    const bound = await resourcesOf(vault);
    const { count } = (await live.call("GET", `/backups?vault_id=${vault}`)).body;
    if (winner % 2 === 0) expect([bound.length, count]).toEqual([0, 0]);
    else expect([bound[0]?.protect_status, count]).toEqual(["available", 1]);
    const { operation_logs } = (await live.call("GET", `/operation-logs?vault_id=${vault}`)).body;
    expect(operation_logs.map((l: { status: string }) => l.status)).toEqual(["success"]);
  });
});
