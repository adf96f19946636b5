/** Due work of retention, as the tick does it. Each answers when to look again; undefined = never, it is done. */
import type { Due } from "../records/entities.ts";
import { backupKey } from "../records/keys.ts";
import { backups, load } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { evaluateResource } from "./evaluate-resource.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;

const resourceOf = ({ input }: Due) => ({ vaultId: String(input.vaultId), resourceId: String(input.resourceId) });

/** A backup of the resource has completed (RET-20) or failed, or a person has confirmed its plan. */
export async function lookAtResource(s: Services, due: Due): Promise<number | undefined> {
  const { completed, failed } = due.input;
  const ended = completed ?? failed;
  const { more } = await evaluateResource(s, {
    ...resourceOf(due),
    what: failed === undefined ? "all" : "failed",
    ...(ended !== undefined && { ended: String(ended) }),
  });
  return more ? s.now() + MINUTE_MS : undefined;
}

/** A backup's date has come (RET-21). One that is kept all the same (held, last good one, busy) is looked at each day. */
export async function lookAtDate(s: Services, due: Due): Promise<number | undefined> {
  const backupId = String(due.input.backupId);
  const before = await load(s.records, backups, backupKey(backupId));
  if (before === undefined) return undefined;
  const { more } = await evaluateResource(s, { ...resourceOf(due), what: "dates", ended: backupId });
  if (more) return s.now() + MINUTE_MS;
  const after = await load(s.records, backups, backupKey(backupId));
  return after === undefined ? undefined : s.now() + DAY_MS;
}
