/** Due work of retention, as the tick does it. Each answers when to look again; undefined = never, it is done. */
import type { Due } from "../records/entities.ts";
import { backupKey } from "../records/keys.ts";
import { backups, load } from "../records/tables.ts";
import type { Services } from "../services.ts";
import { evaluateResource } from "./evaluate-resource.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600 * 1000;

/** The vault where the backup is now: it may have moved since the work was promised. */
async function placeOf(
  s: Services,
  { input }: Due,
  backupId: unknown,
): Promise<{ vaultId: string; resourceId: string }> {
  const promised = { vaultId: String(input.vaultId), resourceId: String(input.resourceId) };
  if (backupId === undefined) return promised;
  const backup = await load(s.records, backups, backupKey(String(backupId)));
  return backup === undefined ? promised : { vaultId: backup.vaultId, resourceId: backup.resourceId };
}

/** A backup of the resource has completed (RET-20) or failed, or a person has confirmed its plan. */
export async function lookAtResource(s: Services, due: Due): Promise<number | undefined> {
  const { completed, failed } = due.input;
  const ended = completed ?? failed;
  const { more } = await evaluateResource(s, {
    ...(await placeOf(s, due, ended)),
    what: failed === undefined ? "all" : "failed",
    ...(ended !== undefined && { ended: String(ended) }),
  });
  return more ? s.now() + MINUTE_MS : undefined;
}

/** A backup's date has come (RET-21). One that is kept all the same (held, last good one, busy) is looked at each day. */
export async function lookAtDate(s: Services, due: Due): Promise<number | undefined> {
  const backupId = String(due.input.backupId);
  if ((await load(s.records, backups, backupKey(backupId))) === undefined) return undefined;
  const place = await placeOf(s, due, backupId);
  const { more } = await evaluateResource(s, { ...place, what: "dates", ended: backupId });
  if (more) return s.now() + MINUTE_MS;
  const after = await load(s.records, backups, backupKey(backupId));
  return after === undefined ? undefined : s.now() + DAY_MS;
}
