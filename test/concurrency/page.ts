/** docs/developer/concurrency.md, made of the data that the service decides by. */
import { MATRIX, NEVER, NOT_BUILT, REQUESTS, type Request, type Row } from "../../core/domain/matrix.ts";
import { cellOf } from "../../core/domain/obstacle.ts";
import { BACKUP, type Machine, MEMBER, RESOURCE, TASK, VAULT } from "../../core/domain/state-machines.ts";
import { REQUEST_TITLES } from "./titles.ts";

const ABOUT_A_BACKUP: readonly Request[] = ["restore", "delete", "replicate", "image", "share"];

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");

function cell(row: Row, asked: Request, about: readonly Request[]): string {
  if (!about.includes(asked)) return "–";
  const found = cellOf(row, asked);
  return typeof found === "object" ? `newest: ${found.newest}` : found;
}

const rowOf = (row: Row, about: readonly Request[]): readonly string[] => [
  row.what,
  ...REQUESTS.map((asked) => cell(row, asked, about)),
  row.source,
];

const head = ["running ↓ / asked →", ...REQUESTS.map((asked) => REQUEST_TITLES[asked]), "source"];

function movesOf<S extends string>(machine: Machine<S, string>): readonly (readonly string[])[] {
  return (Object.entries(machine.moves) as [S, Readonly<Record<string, S>>][]).map(([state, moves]) => {
    const begins = machine.begins.includes(state) ? "begins" : "";
    const ends = machine.ends.includes(state) ? "may go" : "";
    const to = Object.entries(moves).map(([event, next]) => `${event} → ${next}`);
    return [state, to.join("; "), [begins, ends].filter((word) => word !== "").join(", ")];
  });
}

const machine = <S extends string>(one: Machine<S, string>): string =>
  `**${one.of}**\n\n${table(["state", "event → state", ""], movesOf(one))}`;

/** The page. */
export const page = (): string => `# Who meets whom

Made by \`npm run concurrency\` from \`core/domain/matrix.ts\` and \`core/domain/state-machines.ts\`; a test fails when it is out of date.

## How a request is decided

A use case reads what its request is about, asks \`obstacle\` (\`core/domain/obstacle.ts\`) what stands in the way, and writes under the versions
that it read: the vault's item goes with every start, as a write or as a check, so that of two requests that exclude each other the
second one is decided again and meets the first ([records](records.md), "the vault is the gate"). It looks at the backup itself first, then
at the vault, then at resources, and answers with the first cell that refuses. Nothing is queued (CCY-01). A run of a policy is never
refused: what it cannot take is left out, and the ledger says so with the code that a person would get (CCY-03).

To build something that runs: give it a status, a row in the matrix, moves in the state machine, and a way to start and hold it in
\`test/concurrency/world.ts\`; the test then has its cells. A request is a column, and a way to ask for it.

## The matrix

\`ok\`: both run. \`skip\`: a scheduled run leaves it out. \`–\`: not about one backup, other rows decide. What is about a whole vault (its size, its deletion) meets
the rows of all its resources. Statuses that are not here stand in nobody's way.

${table(
  head,
  Object.entries(MATRIX).flatMap(([scope, rows]) =>
    Object.values(rows as Readonly<Record<string, Row>>).map((row) =>
      rowOf(row, scope === "backup" ? ABOUT_A_BACKUP : REQUESTS),
    ),
  ),
)}

Every cell is tested: \`test/concurrency/matrix.test.ts\` starts what the row names, holds it in its middle and asks. \`test/concurrency/races.test.ts\` asks
for two things at once, on records that refuse and throttle, and expects what one order of the two explains (CCY-02).

### What ends in a refusal all the same

${table(
  ["asked", "code", "why"],
  Object.entries(NOT_BUILT).map(([asked, { code, why }]) => [REQUEST_TITLES[asked as Request], code ?? "–", why]),
)}

### Rows that nobody meets

${table(
  ["running ↓ / asked →", ...REQUESTS.map((asked) => REQUEST_TITLES[asked]), "why nobody does"],
  NEVER.map((row) => [...rowOf(row, REQUESTS).slice(0, -1), row.reason]),
)}

## States

Every stored status comes out of \`next\`, and \`insert\`, \`replace\` and \`remove\` (\`core/app/records/tables.ts\`) compare it with what was read: a move that is not here
throws, and nothing is stored. What a request meets in a state that does not take it is a cell of the matrix; a test keeps the two together.

${[VAULT, BACKUP, RESOURCE, MEMBER, TASK].map((one) => machine(one as Machine<string, string>)).join("\n\n")}

A checkpoint has no status of its own: it is folded from its members (\`checkpointStatus\`): protecting while one is, available once one worked, else error;
gone (404) with the last one. Replication records, members of shares and organisation policies change no state in this version.
`;
