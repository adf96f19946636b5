/** Whom a backup may be shared with, and when (SHR-01 to SHR-06). */
import { fault } from "./fault.ts";

/** SHR-01. */
const MAX_MEMBERS = 10;

/** @throws Fault 6701 (more than 10), 6704 (no project's id, or the owner's own), 6703 (named twice) */
export function checkRecipients(owner: string, recipients: readonly string[]): void {
  if (recipients.length > MAX_MEMBERS)
    fault("6701", `members: at most ${MAX_MEMBERS} projects, not ${recipients.length}`);
  for (const [n, id] of recipients.entries()) {
    if (!/^[0-9a-f]{32}$/.test(id)) fault("6704", `members[${n}]: must be the id of a project, 32 hexadecimal digits`);
    if (id === owner) fault("6704", `members[${n}]: the backup is this project's own`);
    if (recipients.indexOf(id) < n) fault("6703", `members[${n}]: project ${id} is named twice`);
  }
}
