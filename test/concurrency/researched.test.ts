/** Does the matrix say what was researched of it (cbr-behaviour §23.1), and what we decided where nothing was found? */
import { describe, expect, it } from "vitest";
import { MATRIX, NEVER, REQUESTS, type Request, type Row, type Scope } from "../../core/domain/matrix.ts";
import { cellOf } from "../../core/domain/obstacle.ts";

/** As it was written down; of two codes any will do. */
const RESEARCHED = `
row                  | backup         | scheduled | restore | delete       | replicate | remove | migrate  | change | delete-vault | image
resource protecting  | 6125/1001/6203 | skipped   | 2002    | newest: 6216 | ok        | 6125   | 6112     | ok     | 6203         | ok
elsewhere protecting | ok             | ok        | ok      | ok           | ok        | ok     | 6112     | ok     | 6203         | ok
resource restoring   | 2010           | skipped   | 2010    | ok           | ok        | 2010   | 6112     | ok     | 6203         | ok
resource removing    | 6134           | skipped   | 6134    | 6201         | 6134      | 6134   | 6134     | ok     | 6112         | 6201
resource migrating   | 6112           | skipped   | 6202    | 6201         | 6130      | 6134   | 6112     | 6123   | 6112         | 6208
vault deleting       | 6113           | skipped   | 6202    | 6201         | 6112      | 6112   | 6112     | 6112   | 6112         | 6208
vault frozen         | 6113           | skipped   | 6202    | 6112         | 6112      | 6112   | 6112     | 6112   | 6112         | 6208
never replication    | ok             | ok        | 2005    | 6216         | 1009/6130 | 6130   | 6130     | ok     | 6130         | ok
never expansion      | ok             | ok        | ok      | ok           | ok        | ok     | 6112     | 6123   | 6112         | ok
never sync           | ok             | ok        | ok      | ok           | 6130      | ok     | 6112     | ok     | 6112         | ok
`;

/** "The running one", "this backup", and what the states of a backup forbid (RST-02, DEL-01, REP-02, IMG-02, SHR-03). */
const BACKUPS = `
row               | restore   | delete | replicate | image | share
backup protecting | 2002/2005 | 6201   | 1001      | 6208  | 6702
backup restoring  | 2010      | 6216   | 1001      | 6208  | 6702
backup deleting   | 2005      | 6201   | 1001      | 6208  | 6702
backup error      | 2005      | ok     | 1001      | 6208  | 6702
`;

/** Rows and columns of our own. */
const OURS = `
row                  | share | undelete | bind | edit | tag  | freeze
resource protecting  | ok    | ok       | ok   | ok   | ok   | ok
resource restoring   | ok    | ok       | ok   | ok   | ok   | ok
resource removing    | ok    | 6135     | 6134 | ok   | ok   | ok
resource migrating   | ok    | 6112     | ok   | ok   | ok   | ok
vault deleting       | 6712  | 6112     | 6112 | 6112 | 6112 | 6112
vault frozen         | 6712  | 6112     | 6112 | 6112 | ok   | ok
vault error          | 6712  | 6112     | 6112 | 6112 | ok   | 6112
`;
const OUR_ROWS = `
row                  | backup | scheduled | restore | delete | replicate | remove | migrate | change | delete-vault | image
elsewhere restoring  | ok     | ok        | ok      | ok     | ok        | ok     | 6112    | ok     | 6203         | ok
elsewhere removing   | ok     | ok        | ok      | ok     | ok        | ok     | 6112    | ok     | 6112         | ok
elsewhere migrating  | ok     | ok        | ok      | ok     | ok        | ok     | 6112    | 6123   | 6112         | ok
vault error          | 6113   | skipped   | 6202    | ok     | 6112      | 6112   | 6112    | 6112   | ok           | 6208
`;

const parts = (line: string): readonly string[] => line.split("|").map((part) => part.trim());

/** Rows of a table as text: name of the row, and what it says of each request. */
function read(table: string): readonly (readonly [string, readonly (readonly [Request, string])[]])[] {
  const [head = "", ...lines] = table.trim().split("\n");
  const [, ...columns] = parts(head);
  for (const column of columns) expect(REQUESTS).toContain(column);
  return lines.map((line) => {
    const [name = "", ...cells] = parts(line);
    return [name, columns.map((column, n) => [column as Request, cells[n] ?? ""] as const)] as const;
  });
}

function rowCalled(name: string): Row | undefined {
  const [scope = "", status = ""] = name.split(" ");
  return scope === "never" ? NEVER.find(({ what }) => what.startsWith(status)) : MATRIX[scope as Scope][status];
}

describe.each([
  ["what was researched (CCY-01, CCY-03)", RESEARCHED],
  ["what a backup's own state forbids (RST-02, RST-04, DEL-01, DEL-04, REP-02, IMG-02, SHR-03)", BACKUPS],
  ["columns of our own", OURS],
  ["rows of our own (VLT-08, VLT-12, VLT-40)", OUR_ROWS],
])("%s", (_title, table) => {
  it.each(read(table))("is what the matrix has for: %s", (name, cells) => {
    const row = rowCalled(name);
    if (row === undefined) throw new Error(`the matrix has no row ${name}`);
    for (const [asked, said] of cells) {
      const cell = cellOf(row, asked);
      const text = typeof cell === "object" ? `newest: ${cell.newest}` : cell === "skip" ? "skipped" : cell;
      expect([asked, said.split("/")]).toEqual([asked, expect.arrayContaining([text])]);
    }
  });
});

it("has no row that nobody has decided on", () => {
  const known = [RESEARCHED, BACKUPS, OUR_ROWS].flatMap((table) => read(table).map(([name]) => name));
  const rows = Object.entries(MATRIX).flatMap(([scope, all]) => Object.keys(all).map((status) => `${scope} ${status}`));
  expect(rows.sort()).toEqual(known.filter((name) => !name.startsWith("never")).sort());
});
