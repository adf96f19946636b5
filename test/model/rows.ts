/** Every row of the record file, read beside the service: what a recount starts from. */
import { DatabaseSync } from "node:sqlite";

// biome-ignore lint/suspicious/noExplicitAny: rows are looked into as they are stored
type Body = any;

export interface Row {
  readonly pk: string;
  readonly sk: string;
  readonly body: Body;
}

/** By kind; the names are those of docs/developer/records.md. */
export interface Rows {
  readonly vaults: readonly Row[];
  readonly bindings: readonly Row[];
  /** Bindings in waiting. */
  readonly staged: readonly Row[];
  readonly claims: readonly Row[];
  readonly sagas: readonly Row[];
  readonly backups: readonly Row[];
  readonly parts: readonly Row[];
  readonly trash: readonly Row[];
  /** In the order of each chain. */
  readonly links: readonly Row[];
  readonly tasks: readonly Row[];
  readonly members: readonly Row[];
  readonly policies: readonly Row[];
  readonly applied: readonly Row[];
  readonly ledger: readonly Row[];
  readonly openRuns: readonly Row[];
  readonly intents: readonly Row[];
  readonly executions: readonly Row[];
  readonly due: readonly Row[];
}

export interface RecordReader {
  /** All that has not expired by `now`, in one look. */
  read(now: number): Rows;
  close(): void;
}

/** Opens the file beside the service. */
export function readRecords(path: string): RecordReader {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  const all = db.prepare(
    `SELECT pk, sk, body FROM items WHERE (ttl IS NULL OR ttl > ?)
       AND pk NOT GLOB 'AUD*' AND pk NOT GLOB 'MT#*' AND pk NOT GLOB 'U#*' AND pk NOT GLOB 'X#*' ORDER BY pk, sk`,
  );
  return {
    read(now) {
      const rows = all.all(Math.floor(now / 1000)).map(({ pk, sk, body }) => ({
        pk: String(pk),
        sk: String(sk),
        body: JSON.parse(String(body)) as Body,
      }));
      const of = (prefix: string, is: (row: Row) => boolean = () => true) =>
        rows.filter((row) => row.pk.startsWith(prefix) && is(row));
      return {
        vaults: of("V#", ({ sk }) => sk === "A"),
        bindings: of("V#", ({ sk }) => sk.startsWith("R#")),
        staged: of("V#", ({ sk }) => sk.startsWith("Q#")),
        claims: of("C#"),
        sagas: of("I#"),
        // A server's disk has a row under its own id that only points to its backup.
        backups: of("B#", ({ sk, body }) => sk === "A" && body.aliasOf === undefined),
        parts: of("B#", ({ sk }) => sk.startsWith("D#")),
        trash: of("B#", ({ sk }) => sk === "T"),
        links: of("CH#"),
        tasks: of("T#", ({ sk }) => sk === "A"),
        members: of("K#", ({ sk }) => sk.startsWith("M#")),
        policies: of("P#", ({ sk }) => sk.startsWith("POL#")),
        applied: of("POL#", ({ sk }) => sk.startsWith("V#")),
        ledger: of("L#"),
        openRuns: of("REPO#", ({ sk }) => sk.startsWith("O#")),
        intents: of("REPO#", ({ sk }) => sk.startsWith("D#")),
        executions: of("XOPEN"),
        due: of("DUE#"),
      };
    },
    close: () => db.close(),
  };
}
