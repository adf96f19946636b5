/**
 * What stands in the way of a request? Every use case asks this of what it has read, and writes under the versions that it read, so
 * that of two requests that exclude each other the second one meets the first (CCY-01, CCY-02).
 */
import { fault } from "./fault.ts";
import type { FaultCode } from "./fault-codes.ts";
import { type Cell, MATRIX, type Request, type Row } from "./matrix.ts";
import type { BackupStatus, BindingStatus, VaultStatus } from "./statuses.ts";

/** What was read of what a request is about; absent = the request is not about it. */
export interface Standing {
  readonly backup?: BackupStatus;
  readonly vault?: VaultStatus;
  /** All that it acts on. */
  readonly resources?: readonly BindingStatus[];
  /** The other ones in the vault. */
  readonly elsewhere?: readonly BindingStatus[];
}

/** Why a request is refused. */
export interface Obstacle {
  readonly code: FaultCode;
  readonly why: string;
  /** Only when it is about the newest backup of the resource. */
  readonly newestOnly: boolean;
}

/** The first thing that stands in the way: the backup itself, then the vault, then resources. */
export function obstacle(
  asked: Request,
  { backup, vault, resources = [], elsewhere = [] }: Standing,
): Obstacle | undefined {
  const rows = [
    backup && MATRIX.backup[backup],
    vault && MATRIX.vault[vault],
    ...resources.map((status) => MATRIX.resource[status]),
    ...elsewhere.map((status) => MATRIX.elsewhere[status]),
  ];
  for (const row of rows) {
    if (row === undefined) continue;
    const code = codeOf(row, asked);
    if (code !== undefined) return { code, why: row.why, newestOnly: typeof cellOf(row, asked) === "object" };
  }
  return undefined;
}

function codeOf(row: Row, asked: Request): FaultCode | undefined {
  const cell = cellOf(row, asked);
  if (cell === "ok") return undefined;
  // A run of a policy tells of what it leaves out with the code that a person would get.
  if (cell === "skip") return codeOf(row, "backup");
  return typeof cell === "object" ? cell.newest : cell;
}

/** What a row says of a request. */
export const cellOf = (row: Row, asked: Request): Cell => row.cells[asked] ?? "ok";

/** Refuses what the matrix refuses. `about` begins the sentence, where several things are asked about. @throws Fault */
export function refuseObstacle(asked: Request, standing: Standing, about = ""): void {
  const found = obstacle(asked, standing);
  if (found !== undefined) fault(found.code, about === "" ? found.why : `${about}: ${found.why}`);
}
