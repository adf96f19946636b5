/** Is each vault metered each hour, once (CAP-30, CAP-38), and measured each quarter of an hour (MON-01)? */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPrometheusMetrics } from "../../adapters/local/prometheus-metrics.ts";
import { bindingKey, DUE_SHARDS, dueKey, vaultKey } from "../../core/app/records/keys.ts";
import { bindings, load, replace, vaults } from "../../core/app/records/tables.ts";
import { WATCH_EVERY_MS } from "../../core/app/time/due.ts";
import { tick } from "../../core/app/time/tick.ts";
import { GIB } from "../../core/domain/values.ts";
import { createVaultHost, diskResource, type VaultHost, vaultBody } from "../support/vault-host.ts";

let host: VaultHost;
beforeEach(() => {
  host = createVaultHost();
});
afterEach(() => host.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const create = async (): Promise<string> => (await host.call("POST", "/vaults", vaultBody())).body.vault.id;
const hours = async (query: string) => (await host.call("GET", `/holdfast/metering?${query}`)).body;
const shown = async (id: string): Promise<string[]> =>
  (await hours(`vault_id=${id}`)).metering.map(
    ({ hour, size }: { hour: string; size: number }) => `${hour.slice(11, 13)} ${size}`,
  );

describe("metering", () => {
  it("writes a row for each vault on each full hour, with what it is then", async () => {
    const [a, b] = [await create(), await create()];
    await tick(host.services);
    expect(await shown(a)).toEqual([]);
    host.clock.now += 57 * MINUTE;
    await tick(host.services);
    await host.call("PUT", `/vaults/${a}`, { vault: { billing: { size: 200 } } });
    await tick(host.services);
    host.clock.now += HOUR;
    await Promise.all([tick(host.services), tick(host.services)]);
    expect(await shown(a)).toEqual(["04 100", "05 200"]);
    expect(await shown(b)).toEqual(["04 100", "05 100"]);
    expect((await hours(`vault_id=${a}&limit=1`)).metering).toEqual([
      { vault_id: a, hour: "2030-01-02T04:00:00.000000", size: 100, used: 0, spec_code: "vault.backup.volume.normal" },
    ]);
  });

  /** An hour and its tick, so often. */
  const hoursPass = async (n: number) => {
    for (let i = 0; i < n; i++) {
      host.clock.now += HOUR;
      await tick(host.services);
    }
  };
  const total = async (id: string): Promise<number> =>
    (await hours(`vault_id=${id}&limit=1000`)).metering.reduce(
      (sum: number, { size }: { size: number }) => sum + size,
      0,
    );

  it("is of the size that was bought, hour by hour, however much of it is used: 100 GB for 42 hours are 4200 (CAP-30)", async () => {
    host.resources.addDisk("d1");
    const id = (await host.call("POST", "/vaults", vaultBody({ resources: [diskResource("d1")] }))).body.vault.id;
    const binding = await load(host.records, bindings, bindingKey(id, "d1"));
    if (binding === undefined) throw new Error("not bound");
    await host.records.write(replace(bindings, { ...binding, used: 3 * GIB }));
    await hoursPass(42);
    expect(await total(id)).toBe(4200);
    const rows = (await hours(`vault_id=${id}&limit=1000`)).metering;
    expect(new Set(rows.map(({ size, used }: { size: number; used: number }) => `${size} ${used}`))).toEqual(
      new Set(["100 3072"]),
    );
  });

  it("falls when the vault is made smaller, not when its backups or its disk go (CAP-31)", async () => {
    host.resources.addDisk("d1");
    const id = (await host.call("POST", "/vaults", vaultBody({ resources: [diskResource("d1")] }))).body.vault.id;
    const used = async (gb: number) => {
      const binding = await load(host.records, bindings, bindingKey(id, "d1"));
      if (binding !== undefined) await host.records.write(replace(bindings, { ...binding, used: gb * GIB }));
    };
    await used(20);
    await hoursPass(1);
    // As deletions of all backups leave it; then the disk goes.
    await used(0);
    await hoursPass(1);
    host.resources.resources.delete("d1");
    await hoursPass(1);
    await host.call("PUT", `/vaults/${id}`, { vault: { billing: { size: 40 } } });
    await hoursPass(1);
    expect(await shown(id)).toEqual(["04 100", "05 100", "06 100", "07 40"]);
  });

  it("ends with the last vault, and tells of it ever after (CAP-32)", async () => {
    const [a, b] = [await create(), await create()];
    await hoursPass(2);
    for (const id of [a, b]) {
      const vault = await load(host.records, vaults, vaultKey(id));
      // As the task of its deletion does at the end.
      if (vault !== undefined) await host.records.write({ op: "delete", key: vaultKey(id), if: { v: vault.v } });
    }
    await hoursPass(3);
    for (const id of [a, b]) expect(await shown(id)).toEqual(["04 100", "05 100"]);
  });

  it("tells the kind of vault, by which capacity has its price; nothing else is metered (CAP-33)", async () => {
    const kinds = [
      [{ object_type: "disk" }, "vault.backup.volume.normal"],
      [{ object_type: "server" }, "vault.backup.server.normal"],
      [{ object_type: "server", consistent_level: "app_consistent" }, "vault.backup.database.normal"],
      [{ object_type: "server", protect_type: "replication" }, "vault.replication.server.normal"],
    ] as const;
    for (const [billing, code] of kinds) {
      const id = (await host.call("POST", "/vaults", vaultBody({}, billing))).body.vault.id;
      await hoursPass(1);
      expect((await hours(`vault_id=${id}`)).metering).toEqual([
        { vault_id: id, hour: expect.any(String), size: 100, used: 0, spec_code: code },
      ]);
    }
  });

  it("makes up the hours of an outage", async () => {
    const id = await create();
    host.clock.now += 5 * HOUR;
    for (let minute = 0; minute < 6; minute++) await tick(host.services);
    expect(await shown(id)).toEqual(["04 100", "05 100", "06 100", "07 100", "08 100"]);
  });

  it("does not write an hour before its time when a start looks ahead", async () => {
    const id = await create();
    host.clock.now += 50 * MINUTE;
    await tick(host.services, host.clock.now + WATCH_EVERY_MS);
    expect(await shown(id)).toEqual([]);
    host.clock.now += 10 * MINUTE;
    await tick(host.services);
    expect(await shown(id)).toEqual(["04 100"]);
  });

  it("shows a part of the time, and pages", async () => {
    const id = await create();
    host.clock.now += 5 * HOUR;
    for (let minute = 0; minute < 6; minute++) await tick(host.services);
    const part = `vault_id=${id}&start_time=2030-01-02T05:00:00Z&end_time=2030-01-02T07:00:00Z`;
    expect(await hours(`${part}&limit=2&offset=1`)).toMatchObject({ count: 3, limit: 2, offset: 1 });
    expect((await hours(`${part}&limit=2&offset=1`)).metering).toHaveLength(2);
    const refused = await host.call("GET", "/holdfast/metering");
    expect([refused.status, refused.body.error_code]).toEqual([400, "BackupService.9900"]);
  });
});

describe("measuring", () => {
  const metrics = () => {
    const page = createPrometheusMetrics();
    const over = host.over(host.records, { metrics: page });
    return {
      tick: () => tick(over),
      lines: () =>
        page
          .text()
          .split("\n")
          .filter((line) => /^[a-z]/.test(line)),
    };
  };
  /** A vault of 100 GB with a disk whose backups use so many bytes. */
  async function using(bytes: number): Promise<string> {
    host.resources.addDisk("d1");
    const { body } = await host.call("POST", "/vaults", vaultBody({ resources: [diskResource("d1")] }));
    await use(body.vault.id, bytes);
    return body.vault.id;
  }
  async function use(vault: string, used: number): Promise<void> {
    const binding = await load(host.records, bindings, bindingKey(vault, "d1"));
    if (binding === undefined) throw new Error("d1 is not bound");
    await host.records.write(replace(bindings, { ...binding, used }));
  }
  const promised = async (): Promise<string[]> => {
    const pages = await Promise.all(
      [...Array(DUE_SHARDS).keys()].map((shard) => host.records.query({ pk: dueKey(shard, 0, "", "").pk, limit: 100 })),
    );
    return pages.flatMap(({ items }) => items.map(({ sk }) => sk)).filter((sk) => sk.includes("#meter#"));
  };

  it("MON-01: each quarter of an hour used_vault_size in GB and vault_util in percent, by vault, and no more than 100 %", async () => {
    const vault = await using(12.5 * GIB);
    const { tick, lines } = metrics();
    await tick();
    expect(lines()).toEqual([]);
    host.clock.now += 11 * MINUTE;
    await tick();
    expect(lines()).toEqual([
      `used_vault_size{instance_id="${vault}"} 12.5`,
      `vault_util{instance_id="${vault}"} 12.5`,
    ]);
    await use(vault, 130 * GIB);
    host.clock.now += 14 * MINUTE;
    await tick();
    expect(lines()[0]).toContain(" 12.5");
    host.clock.now += MINUTE;
    await tick();
    expect(lines()).toEqual([`used_vault_size{instance_id="${vault}"} 130`, `vault_util{instance_id="${vault}"} 100`]);
    expect(await shown(vault)).toEqual([]);
  });

  it("MON-01: an empty vault is 0, and one that is gone has no numbers any more", async () => {
    const vault = await create();
    const { tick, lines } = metrics();
    host.clock.now += 11 * MINUTE;
    await tick();
    expect(lines().map((line) => line.split(" ").at(-1))).toEqual(["0", "0"]);
    const row = await load(host.records, vaults, vaultKey(vault));
    if (row === undefined) throw new Error("no vault");
    await host.records.write({ op: "delete", key: vaultKey(vault), if: { v: row.v } });
    host.clock.now += 15 * MINUTE;
    await tick();
    expect(lines()).toEqual([]);
    expect(await promised()).toEqual([]);
  });

  it("after an outage makes up hours and no quarters, and then goes on with the quarter that is ahead", async () => {
    const vault = await create();
    host.clock.now += 2 * HOUR + 20 * MINUTE;
    for (let minute = 0; minute < 4; minute++) await tick(host.services);
    expect(await shown(vault)).toEqual(["04 100", "05 100"]);
    expect(await promised()).toEqual([`2030-01-02T05:30:00.000Z#meter#${vault}`]);
  });
});
