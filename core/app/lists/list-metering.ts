/** The metered hours of one vault, also after it is gone (CAP-38). */
import { meteringKey } from "../records/keys.ts";
import { Metering } from "../records/metering.ts";
import { parseItem } from "../records/record.ts";
import type { RecordServices } from "../services.ts";

export interface MeteringAsk {
  readonly vaultId: string;
  /** Epoch milliseconds, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** The year that is kept has less than 10,000 hours. */
const ROWS_AT_ONCE = 1000;
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/** The oldest first; none for a vault of another project. */
export async function listMetering(
  s: RecordServices,
  projectId: string,
  ask: MeteringAsk,
): Promise<{ readonly rows: readonly Metering[]; readonly count: number }> {
  const { pk, sk: from } = meteringKey(ask.vaultId, ask.from ?? 0);
  const { sk: to } = meteringKey(ask.vaultId, ask.to ?? LAST);
  const all: Metering[] = [];
  let cursor: string | undefined;
  do {
    const page = await s.records.query({
      pk,
      sk: { from, to },
      limit: ROWS_AT_ONCE,
      consistent: true,
      ...(cursor !== undefined && { cursor }),
    });
    all.push(...page.items.map((item) => parseItem(Metering, item)).filter((row) => row.projectId === projectId));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { rows: all.slice(ask.offset, ask.offset + ask.limit), count: all.length };
}
