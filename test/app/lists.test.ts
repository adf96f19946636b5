/** Are lists cut, ordered, filtered and counted truly, however rows and pages fall? */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listBackups } from "../../core/app/lists/list-backups.ts";
import { listTasks } from "../../core/app/lists/list-tasks.ts";
import { createdBetween, fromRows, listPage, newestFirst, type Row } from "../../core/app/lists/walk.ts";
import type { Task } from "../../core/app/records/entities.ts";
import { backups, tasks } from "../../core/app/records/tables.ts";
import { backupRow } from "../support/backup-rows.ts";
import { forced } from "../support/forced.ts";
import { createVaultHost, PROJECT, type VaultHost, vaultBody } from "../support/vault-host.ts";

const find = (rows: readonly Row[]) => async (id: string) => rows.find((row) => row.id === id);
const list = (rows: readonly Row[], keep = (_: Row) => true) => ({
  source: fromRows(rows),
  find: find(rows),
  keep,
  sortable: { created_at: (row: Row) => row.createdAt, id: (row: Row) => row.id },
});

const anyRows = fc.uniqueArray(fc.record({ id: fc.uuid(), createdAt: fc.integer({ min: 0, max: 5 }) }), {
  maxLength: 30,
  selector: (row) => row.id,
});

describe("pages", () => {
  it("joined by offset or by marker are the whole list, newest first, each row once", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRows,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 5 }),
        async (rows, limit, odd) => {
          const keep = (row: Row) => row.createdAt !== odd;
          const expected = [...rows].sort(newestFirst).filter(keep);
          const byOffset: Row[] = [];
          const byMarker: Row[] = [];
          for (let offset = 0; offset <= rows.length; offset += limit)
            byOffset.push(...(await listPage(list(rows, keep), { limit, offset })).rows);
          for (let marker: string | undefined; ; marker = byMarker.at(-1)?.id) {
            const page = await listPage(list(rows, keep), { limit, offset: 0, marker });
            expect(page.count).toBe(expected.length);
            byMarker.push(...page.rows);
            if (page.rows.length < limit) break;
          }
          expect(byOffset).toEqual(expected);
          expect(byMarker).toEqual(expected);
        },
      ),
    );
  });

  it("of another order join the same way", async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.integer({ min: 1, max: 7 }), fc.boolean(), async (rows, limit, descending) => {
        const sort = [{ key: "id", descending }];
        const expected = rows.map((row) => row.id).sort();
        if (descending) expected.reverse();
        const joined: string[] = [];
        for (let marker: string | undefined; ; marker = joined.at(-1)) {
          const page = await listPage(list(rows), { limit, offset: 0, marker, sort });
          joined.push(...page.rows.map((row) => row.id));
          if (page.rows.length < limit) break;
        }
        expect(joined).toEqual(expected);
      }),
    );
  });

  it("after an unknown row and by an unknown key are refused", async () => {
    await expect(listPage(list([]), { limit: 1, offset: 0, marker: "x" })).rejects.toThrow("marker");
    await expect(listPage(list([]), { limit: 1, offset: 0, sort: [{ key: "x", descending: true }] })).rejects.toThrow(
      "sort",
    );
  });
});

describe("long lists", () => {
  const many = Array.from({ length: 12_000 }, (_, i) => ({ id: String(i).padStart(5, "0"), createdAt: i }));
  const walkOf = (keep: (row: Row) => boolean) => ({
    ...list(many, keep),
    source: (after: Row | undefined) => fromRows(many)(after),
  });

  it("in the default order are read to any depth", async () => {
    const page = await listPage(
      walkOf(() => true),
      { limit: 10, offset: 11_000 },
    );
    expect(page.rows[0]?.createdAt).toBe(999);
    expect(
      (
        await listPage(
          walkOf(() => true),
          { limit: 10, offset: 20_000 },
        )
      ).rows,
    ).toEqual([]);
  });

  it("that match seldom say so after 10,000 rows instead of walking on (9900)", async () => {
    const rare = listPage(
      walkOf((row) => row.createdAt === 3),
      { limit: 10, offset: 0 },
    );
    await expect(rare).rejects.toThrow("narrow the filter");
    const enough = await listPage(
      walkOf((row) => row.createdAt > 11_000),
      { limit: 10, offset: 0 },
    );
    expect(enough.rows).toHaveLength(10);
  });

  it("in another order say so at once (9900)", async () => {
    const sort = [{ key: "id", descending: false }];
    await expect(
      listPage(
        walkOf(() => true),
        { limit: 1, offset: 0, sort },
      ),
    ).rejects.toThrow("narrow the filter");
  });
});

describe("lists over the record store", () => {
  let host: VaultHost;
  beforeEach(() => {
    host = createVaultHost();
  });
  afterEach(() => host.close());

  it("of 1,300 tasks page by marker and narrow by time, vault and resource", async () => {
    const at = (i: number) => Date.parse("2030-01-01T00:00:00Z") + i * 1000;
    const task = (i: number): Task => ({
      schema: 1,
      id: `t${String(i).padStart(4, "0")}`,
      projectId: PROJECT,
      type: "backup",
      status: "success",
      requestId: "r",
      vaultId: `v${i % 2}`,
      resource: { id: `r${i % 5}`, type: "OS::Cinder::Volume", name: "n" },
      createdAt: at(i),
      updatedAt: at(i),
    });
    for (let i = 0; i < 1300; i += 50)
      await host.records.transact(Array.from({ length: 50 }, (_, n) => forced(tasks, task(i + n))));
    const page = async (filter: object, ask: object = {}) => {
      const found = await listTasks(host.services, PROJECT, { ids: [], ...filter }, { limit: 1000, offset: 0, ...ask });
      return { ids: found.rows.map((row) => row.task.id), count: found.count };
    };
    const first = await page({});
    expect(first.count).toBe(1300);
    const second = await page({}, { marker: first.ids.at(-1) });
    expect(second.count).toBe(1300);
    expect([...first.ids, ...second.ids]).toEqual(Array.from({ length: 1300 }, (_, i) => task(1299 - i).id));
    expect((await page({ vaultId: "v1" })).count).toBe(650);
    expect((await page({ resourceId: "r4", vaultId: "v1" })).count).toBe(130);
    const window = await page({ from: at(10), to: at(12) });
    expect(window).toEqual({ ids: ["t0012", "t0011", "t0010"], count: 3 });
    expect((await page({ from: at(10), to: at(12) }, { marker: "t0012", limit: 1 })).ids).toEqual(["t0011"]);
    await expect(page({ from: 2, to: 1 })).rejects.toThrow("start_time");
  });

  it("of backups are counted exactly, beyond what a walk looks at, and page as far as they go", async () => {
    const at = (i: number) => Date.parse("2030-01-01T00:00:00Z") + i * 1000;
    const made = await host.call("POST", "/vaults", vaultBody());
    const vaultId: string = made.body.vault.id;
    const row = (i: number) =>
      backupRow(`b${String(i).padStart(5, "0")}`, {
        ...{ createdAt: at(i), resourceId: `r${i % 4}`, vaultId: i % 2 === 0 ? vaultId : "elsewhere" },
        ...(i % 3 === 0 && { status: "error" }),
      });
    const MANY = 10_100;
    for (let i = 0; i < MANY; i += 100)
      await host.records.transact(Array.from({ length: 100 }, (_, n) => forced(backups, row(i + n))));
    const page = async (filter: object, ask: object = {}) => {
      const all = { ids: [], statuses: [], ...filter };
      const found = await listBackups(host.services, PROJECT, all, { limit: 3, offset: 0, ...ask });
      return { ids: found.rows.map(({ id }) => id), count: found.count };
    };
    const newest = [10_099, 10_098, 10_097].map((i) => row(i).id);
    expect(await page({})).toEqual({ ids: newest, count: MANY });
    expect(await page({ imageType: "backup" })).toEqual({ ids: newest, count: MANY });
    expect(await page({}, { marker: newest[0], limit: 2 })).toEqual({ ids: newest.slice(1), count: MANY });
    expect(await page({}, { offset: MANY - 2 })).toEqual({ ids: [row(1).id, row(0).id], count: MANY });
    expect(await page({}, { limit: 0 })).toEqual({ ids: [], count: MANY });
    expect((await page({ vaultId })).count).toBe(MANY / 2);
    expect(await page({ resourceId: "r3" }, { limit: 1 })).toEqual({ ids: newest.slice(0, 1), count: MANY / 4 });
    // What no index knows is walked, and counted as far as that goes.
    expect((await page({ vaultId, resourceId: "r2" })).count).toBe(MANY / 4);
    expect((await page({ vaultId, statuses: ["error"] })).count).toBe(Math.ceil(MANY / 6));
    expect((await page({ from: at(10), to: at(12) })).count).toBe(3);
    expect(await page({ vaultId: "nobody's" })).toEqual({ ids: [], count: 0 });
    expect(await page({ ownType: "shared" }).catch(String)).toContain("9900");
  });

  it("have open time windows on either side", () => {
    expect(createdBetween(undefined, undefined)).toBeUndefined();
    expect(createdBetween(0, undefined)).toEqual({ from: "1970-01-01T00:00:00.000Z" });
    expect(createdBetween(undefined, 0)).toEqual({ to: "1970-01-01T00:00:00.000Z$" });
  });
});
