/** Which runs of a repository are open? Backups and restores, which people know of, and moves, which only the collector does. */
import type { RecordStore } from "../../ports/record-store.ts";
import { OPEN_RUNS, runKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { MoveRun, OpenRun } from "../records/runs.ts";
import { walkItems } from "../records/tables.ts";

/** All of them, consistently. */
export async function openRuns(
  records: RecordStore,
  domainId: string,
): Promise<{ readonly runs: readonly Versioned<OpenRun>[]; readonly moves: readonly Versioned<MoveRun>[] }> {
  const runs: Versioned<OpenRun>[] = [];
  const moves: Versioned<MoveRun>[] = [];
  for await (const item of walkItems(records, runKey(domainId, "").pk, OPEN_RUNS)) {
    if (item.body.kind === "move") moves.push(parseItem(MoveRun, item));
    else runs.push(parseItem(OpenRun, item));
  }
  return { runs, moves };
}
