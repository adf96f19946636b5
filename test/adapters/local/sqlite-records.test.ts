/** Does the SQLite file keep the promises of a record store, also in bad manners, across kills and versions? */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { Manners } from "../../../adapters/local/sqlite/bad-manners.ts";
import { toSql } from "../../../adapters/local/sqlite/queries.ts";
import { COLUMNS } from "../../../adapters/local/sqlite/rows.ts";
import { createSqliteRecordStore, type SqliteRecordStore } from "../../../adapters/local/sqlite-records.ts";
import { retrying } from "../../../core/app/records/retrying-store.ts";
import type { Query } from "../../../core/ports/record-store.ts";
import { Throttled, TransactionConflict } from "../../../core/ports/record-store.ts";
import { item } from "../../contracts/record-store/reading.ts";
import type { RecordStoreUnderTest } from "../../contracts/record-store/under-test.ts";
import { recordStoreContract } from "../../contracts/record-store.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const folders: string[] = [];
function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-records-"));
  folders.push(folder);
  return join(folder, "records.db");
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Numbers from 0 to below 1 that look random and are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function openWith(manners?: () => Manners): () => Promise<RecordStoreUnderTest> {
  return async () => {
    const path = newFile();
    let nowMs = 0;
    let open: SqliteRecordStore | undefined;
    const start = () => {
      open = createSqliteRecordStore({
        path,
        now: () => nowMs,
        ...(manners === undefined ? {} : { manners: manners() }),
      });
      // Pauses need no time here: nobody else is throttled.
      const patience = { sleep: () => sleep(0), random: seeded(7) };
      return manners === undefined ? open : retrying(open, patience);
    };
    return {
      store: start(),
      setNow: (ms) => {
        nowMs = ms;
      },
      reopen: async () => {
        open?.close();
        return start();
      },
      dispose: async () => open?.close(),
    };
  };
}

recordStoreContract("SQLite", openWith());
recordStoreContract(
  "SQLite in bad manners",
  openWith(() => ({
    indexLagWrites: 7,
    conflictRate: 0.2,
    throttleRate: 0.1,
    staleReadRate: 0.5,
    shortPageRate: 0.3,
    random: seeded(11),
  })),
);

describe("the SQLite record file", () => {
  const open = (path = newFile(), now = () => 0) => {
    const store = createSqliteRecordStore({ path, now });
    onTestFinished(() => store.close());
    return store;
  };

  test("every shape of query searches the primary key or an index and never sorts", () => {
    const path = newFile();
    const store = open(path);
    const db = new DatabaseSync(path);
    const page: Query = { pk: "P", limit: 1 };
    const shapes: Query[] = [];
    for (const index of [undefined, "g1", "g2", "g3"] as const) {
      for (const forward of [true, false]) {
        for (const sk of [undefined, { from: "a" }, { to: "b" }, { from: "a", to: "b" }, { prefix: "a" }]) {
          shapes.push({
            ...page,
            forward,
            ...(index === undefined ? {} : { index }),
            ...(sk === undefined ? {} : { sk }),
          });
        }
      }
    }
    const plans = shapes.map((query) => {
      const { sql, values } = toSql(query, 0);
      const steps = db.prepare(`EXPLAIN QUERY PLAN SELECT ${COLUMNS} FROM items ${sql}`).all(...values);
      return { query, steps: steps.map((step) => String(step.detail)) };
    });
    db.close();
    store.close();
    for (const { query, steps } of plans) {
      const wanted = query.index === undefined ? "PRIMARY KEY (pk=?" : `items_${query.index} (${query.index}pk=?`;
      expect(steps, JSON.stringify(query)).toHaveLength(1);
      expect(steps[0]).toContain("SEARCH items USING ");
      expect(steps[0]).toContain(wanted);
    }
  });

  test("a refused write leaves the others of its commit alone", async () => {
    const store = open();
    await store.write({ op: "put", item: item({ sk: "taken" }), if: "absent" });
    const settled = await Promise.allSettled([
      store.write({ op: "put", item: item({ sk: "one" }), if: "absent" }),
      store.write({ op: "put", item: item({ sk: "taken", v: 2 }), if: "absent" }),
      store.transact([
        { op: "put", item: item({ sk: "half" }), if: "absent" },
        { op: "check", key: { pk: "P", sk: "one" }, if: "absent" },
      ]),
      store.write({ op: "put", item: item({ sk: "two" }), if: "absent" }),
    ]);
    expect(settled.map((one) => one.status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    const { items } = await store.query({ pk: "P", limit: 10 });
    expect(items.map((one) => [one.sk, one.v])).toEqual([
      ["one", 1],
      ["taken", 1],
      ["two", 1],
    ]);
  });

  test("closing commits what waits; afterwards every call is refused", async () => {
    const path = newFile();
    const store = open(path);
    const waiting = store.write({ op: "put", item: item({ sk: "last" }), if: "absent" });
    store.close();
    store.close();
    await waiting;
    await expect(store.get({ pk: "P", sk: "last" })).rejects.toThrow("closed");
    await expect(store.write({ op: "delete", key: { pk: "P", sk: "last" }, if: "any" })).rejects.toThrow("closed");
    expect(await open(path).get({ pk: "P", sk: "last" })).toEqual(item({ sk: "last" }));
  });

  test("a sweep removes what has expired, 1,000 at a time, and nothing else", async () => {
    const path = newFile();
    let nowMs = 0;
    const store = open(path, () => nowMs);
    const items = Array.from({ length: 1005 }, (_, i) => item({ sk: `s${i}`, ...(i < 1003 ? { ttl: 100 } : {}) }));
    await Promise.all(items.map((one) => store.write({ op: "put", item: one, if: "absent" })));
    expect(store.sweep()).toBe(0);
    nowMs = 100_000;
    expect([store.sweep(), store.sweep(), store.sweep()]).toEqual([1000, 3, 0]);
    store.close();
    const db = new DatabaseSync(path);
    expect(db.prepare("SELECT count(*) AS n FROM items").get()?.n).toBe(2);
    db.close();
  });

  test("a file of version 1, which counted no partitions, is counted when it is opened", async () => {
    const path = newFile();
    const store = open(path);
    const put = (sk: string, pk: string) =>
      store.write({ op: "put", item: item({ sk, g1: { pk, sk }, ...(pk === "B" && { g2: { pk, sk } }) }), if: "any" });
    await Promise.all([put("a", "A"), put("b", "B"), put("c", "B")]);
    store.close();
    const db = new DatabaseSync(path);
    for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all())
      db.exec(`DROP TRIGGER ${String(name)}`);
    db.exec("DROP TABLE partitions; PRAGMA user_version = 1");
    db.close();
    const later = open(path);
    expect(await Promise.all([later.count("g1", "A"), later.count("g1", "B"), later.count("g2", "B")])).toEqual([
      1, 2, 2,
    ]);
    await later.write({ op: "delete", key: { pk: "P", sk: "c" }, if: "present" });
    expect(await later.count("g1", "B")).toBe(1);
  });

  test("a file of a newer version is refused in one line that says so, and left as it is", async () => {
    const path = newFile();
    open(path).close();
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
    db.close();
    expect(() => createSqliteRecordStore({ path, now: () => 0 })).toThrow(
      /^cannot open the record file .*version 99.*newer Holdfast[^\n]*$/,
    );
    const after = new DatabaseSync(path);
    expect(after.prepare("PRAGMA user_version").get()?.user_version).toBe(99);
    after.close();
  });

  test("another program's database, a file that is none, and a missing folder are refused in one line", () => {
    const foreign = newFile();
    const db = new DatabaseSync(foreign);
    db.exec("CREATE TABLE theirs (a)");
    db.close();
    const text = newFile();
    writeFileSync(text, "hello ".repeat(1000));
    const start = (path: string) => () => createSqliteRecordStore({ path, now: () => 0 });
    expect(start(foreign)).toThrow(/^cannot open the record file [^\n]*another program's database$/);
    expect(start(text)).toThrow(/^cannot open the record file [^\n]*not a database$/);
    expect(start(join(foreign, "no", "records.db"))).toThrow(
      /^cannot open the record file [^\n]*not a directory[^\n]*$/,
    );
  });

  test("while another process holds the file a write asks to try again and writes nothing", async () => {
    const path = newFile();
    const store = open(path);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const write = () => store.write({ op: "put", item: item({ sk: "a" }), if: "absent" });
    await expect(write()).rejects.toBeInstanceOf(Throttled);
    other.exec("ROLLBACK");
    other.close();
    await write();
    expect(await store.get({ pk: "P", sk: "a" })).toBeDefined();
  });

  test("bad manners show: without patience calls are throttled and transactions conflict, and indexes lag", async () => {
    const random = seeded(3);
    const manners = { indexLagWrites: 2, conflictRate: 0.5, throttleRate: 0.2, random };
    const store = createSqliteRecordStore({ path: newFile(), now: () => 0, manners });
    onTestFinished(() => store.close());
    const put = (i: number) =>
      store.transact([{ op: "put", item: item({ sk: `${i}`, g1: { pk: "G", sk: `${i}` } }), if: "any" }]);
    const settled = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => put(i)));
    const errors = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    expect(errors.some((error) => error instanceof TransactionConflict)).toBe(true);
    expect(errors.some((error) => error instanceof Throttled)).toBe(true);
    const patient = retrying(store, { sleep: () => sleep(0), random });
    const written = settled.length - errors.length;
    const seen = await patient.query({ index: "g1", pk: "G", limit: 1000 });
    expect(seen.items).toHaveLength(written - 2);
  });

  test("kill -9 of the writer at any moment keeps every acknowledged write and no half transaction", async () => {
    const path = newFile();
    for (let round = 0; round < 4; round++) {
      const script = new URL("./children/write-records.ts", import.meta.url).pathname;
      const child = spawn(process.execPath, [script, path, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
      const acknowledged: string[] = [];
      const exited = once(child, "exit");
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line);
        if (acknowledged.length === 25 + round * 20) child.kill("SIGKILL");
      }
      expect(await exited).toEqual([null, "SIGKILL"]);
      const store = createSqliteRecordStore({ path, now: () => 0 });
      const keys = acknowledged.map((sk) => ({ pk: "left", sk }));
      for (let i = 0; i < keys.length; i += 100) {
        const found = await store.getMany(keys.slice(i, i + 100));
        expect(found.every((one) => one !== undefined)).toBe(true);
      }
      const sides = await Promise.all(
        ["left", "right"].map(async (pk) => {
          const page = await store.query({ pk, sk: { prefix: `${round}-` }, limit: 1000 });
          expect(page.cursor).toBeUndefined();
          return page.items.map((one) => one.sk);
        }),
      );
      expect(sides[0]).toEqual(sides[1]);
      store.close();
    }
  });
});
