/** Which tables, settings and version does the record file have, and how is it opened? */
import { closeSync, constants, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Marks the file as ours ("HFst"): another program's database is refused, never changed. */
const APPLICATION_ID = 0x48467374;

/** Pages in memory: with SQLite's 2 MiB the writes of one commit go to the file early, and are read again for the next. */
const CACHE_KIB = 16 * 1024;

/** How long to wait for a reader with an exclusive lock (a backup tool), in milliseconds; the event loop waits too. */
const BUSY_MS = 2000;

/**
 * Step n brings a file of version n to version n + 1; an empty file has version 0.
 * WITHOUT ROWID keeps rows in key order; each index ends with the base key, so that ties have an order of their own.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE items (
     pk TEXT NOT NULL, sk TEXT NOT NULL,
     g1pk TEXT, g1sk TEXT, g2pk TEXT, g2sk TEXT, g3pk TEXT, g3sk TEXT,
     v INTEGER NOT NULL, counters TEXT, ttl INTEGER, body TEXT NOT NULL,
     PRIMARY KEY (pk, sk)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX items_g1 ON items (g1pk, g1sk, pk, sk) WHERE g1pk IS NOT NULL;
   CREATE INDEX items_g2 ON items (g2pk, g2sk, pk, sk) WHERE g2pk IS NOT NULL;
   CREATE INDEX items_g3 ON items (g3pk, g3sk, pk, sk) WHERE g3pk IS NOT NULL;
   CREATE INDEX items_ttl ON items (ttl) WHERE ttl IS NOT NULL;`,
  `CREATE TABLE partitions (idx TEXT NOT NULL, pk TEXT NOT NULL, items INTEGER NOT NULL, PRIMARY KEY (idx, pk)) STRICT, WITHOUT ROWID;
   ${["g1", "g2", "g3"].map(countedPartitions).join("\n")}`,
];

/**
 * Keeps, in the very transaction of a write, how many items each partition of an index holds. Rows of empty partitions go, so that
 * the table is never larger than what is stored. Takes up what is stored already.
 */
function countedPartitions(index: string): string {
  const more = `INSERT INTO partitions VALUES ('${index}', new.${index}pk, 1) ON CONFLICT DO UPDATE SET items = items + 1;`;
  const less = `UPDATE partitions SET items = items - 1 WHERE idx = '${index}' AND pk = old.${index}pk;
     DELETE FROM partitions WHERE idx = '${index}' AND pk = old.${index}pk AND items = 0;`;
  return `
   INSERT INTO partitions SELECT '${index}', ${index}pk, count(*) FROM items WHERE ${index}pk IS NOT NULL GROUP BY ${index}pk;
   CREATE TRIGGER ${index}_put AFTER INSERT ON items WHEN new.${index}pk IS NOT NULL BEGIN ${more} END;
   CREATE TRIGGER ${index}_gone AFTER DELETE ON items WHEN old.${index}pk IS NOT NULL BEGIN ${less} END;
   CREATE TRIGGER ${index}_left AFTER UPDATE ON items WHEN old.${index}pk IS NOT NULL AND old.${index}pk IS NOT new.${index}pk BEGIN ${less} END;
   CREATE TRIGGER ${index}_came AFTER UPDATE ON items WHEN new.${index}pk IS NOT NULL AND old.${index}pk IS NOT new.${index}pk BEGIN ${more} END;`;
}

/**
 * Opens the record file, made or migrated when needed, with every commit on the disk before it returns.
 * @throws Error with one line when the file cannot be opened, is another program's, or is of a newer version
 */
export function openRecordFile(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    // A new file is the owner's alone: SQLite would make it readable for everybody. Its WAL takes over the mode.
    if (path !== ":memory:") closeSync(openSync(path, constants.O_CREAT | constants.O_RDONLY, 0o600));
    db = new DatabaseSync(path, { timeout: BUSY_MS });
    const version = versionOf(db);
    // Before anything is written: WAL would already change a file that is not ours.
    db.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1; PRAGMA cache_size = -${CACHE_KIB}`,
    );
    migrate(db, version);
    // Opening a file that may not be written succeeds; only a write tells.
    db.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
    return db;
  } catch (cause) {
    db?.close();
    throw new Error(`cannot open the record file ${path}: ${(cause as Error).message}`, { cause });
  }
}

function versionOf(db: DatabaseSync): number {
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
  const application = Number(db.prepare("PRAGMA application_id").get()?.application_id);
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n);
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || tables !== 0)) {
    throw new Error("it is another program's database");
  }
  if (version > MIGRATIONS.length) {
    throw new Error(
      `it has version ${version}, this Holdfast knows versions up to ${MIGRATIONS.length}: use the newer Holdfast that wrote it`,
    );
  }
  return version;
}

/** All steps in one transaction: a crash leaves the old version whole. */
function migrate(db: DatabaseSync, from: number): void {
  if (from === MIGRATIONS.length) return;
  const steps = MIGRATIONS.slice(from).join("\n");
  db.exec(
    `BEGIN IMMEDIATE; ${steps} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`,
  );
}
