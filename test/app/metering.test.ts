/** Is each vault metered each hour, once? (CAP-30, CAP-38) */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WATCH_EVERY_MS } from "../../core/app/time/due.ts";
import { tick } from "../../core/app/time/tick.ts";
import { createVaultHost, type VaultHost, vaultBody } from "../support/vault-host.ts";

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
