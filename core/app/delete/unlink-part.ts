/** What does it take to get one disk's backup out of its chain, and what does that do to `used`? (CAP-03) */
import type { Write } from "../../ports/record-store.ts";
import type { Backup, Link, Part } from "../records/entities.ts";
import { chainKey } from "../records/keys.ts";
import { replaceAt } from "../records/tables.ts";
import { findLink, mergedChange, nextLink, previousLink } from "../repository/chain.ts";
import type { Services } from "../services.ts";

export interface Unlinked {
  /** What it does to `used`, in bytes: never positive. */
  readonly difference: number;
  readonly writes: readonly Write[];
  /** Where it stood; absent = it stood in no chain. */
  readonly link?: Link;
}

/** The writes lose to whoever changed this link or the next one; the caller adds the binding's, and computes all again then. */
export async function unlinkPart(s: Services, backup: Backup, part: Part): Promise<Unlinked> {
  const gone = await findLink(s, backup, part);
  if (gone === undefined) return { difference: 0, writes: [] };
  const [previous, next] = await Promise.all([
    previousLink(s, backup.vaultId, part.diskId, gone),
    nextLink(s, backup.vaultId, part.diskId, gone),
  ]);
  const place = (link: Link) => ({ key: chainKey(backup.vaultId, part.diskId, link.at, link.partId) });
  const removal: Write = { op: "delete", key: place(gone).key, if: { v: gone.v } };
  if (next === undefined) return { difference: -gone.change, writes: [removal], link: gone };
  const change = await mergedChange(s, backup.domainId, previous, gone, next);
  return {
    difference: change - next.change - gone.change,
    writes: [removal, replaceAt(place(next), { ...next, change })],
    link: gone,
  };
}
