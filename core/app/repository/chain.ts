/**
 * Positional `used` (CAP-01..04): d(X, Y) is what Y holds that differs from X at the same place; a disk's `used` is the sum of
 * d along its backups in time order. One row per disk backup keeps the chain; exact whatever is deleted in which order.
 */

import { Damaged } from "../../ports/data-plane.ts";
import { ObjectMissing } from "../../ports/object-store.ts";
import type { Query, RecordStore } from "../../ports/record-store.ts";
import { type Backup, Link, type Part } from "../records/entities.ts";
import { chainKey } from "../records/keys.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import type { Services } from "../services.ts";

/** The chain's newest row of a disk in a vault, before `at` when given. */
export async function previousLink(
  s: Services,
  vaultId: string,
  diskId: string,
  before?: Link,
): Promise<Versioned<Link> | undefined> {
  const { pk } = chainKey(vaultId, diskId, 0, "");
  if (before === undefined) return firstBut(s, { pk, forward: false });
  const { sk } = chainKey(vaultId, diskId, before.at, before.partId);
  return firstBut(s, { pk, forward: false, sk: { to: sk } }, sk);
}

/** All rows of a disk in a vault, in time order. */
export async function chainOf(records: RecordStore, vaultId: string, diskId: string): Promise<readonly Link[]> {
  const { pk } = chainKey(vaultId, diskId, 0, "");
  const links: Link[] = [];
  let cursor: string | undefined;
  do {
    const page = await records.query({ pk, limit: 500, consistent: true, ...(cursor !== undefined && { cursor }) });
    for (const item of page.items) links.push(parseItem(Link, item));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return links;
}

/** The row after `link` in its chain. */
export async function nextLink(
  s: Services,
  vaultId: string,
  diskId: string,
  link: Link,
): Promise<Versioned<Link> | undefined> {
  const { pk, sk } = chainKey(vaultId, diskId, link.at, link.partId);
  return firstBut(s, { pk, sk: { from: sk } }, sk);
}

/** The chain row of a part: the chain is in time order, and the row's time is never before the backup's. */
export async function findLink(s: Services, backup: Backup, part: Part): Promise<Versioned<Link> | undefined> {
  let cursor: string | undefined;
  const { pk, sk } = chainKey(backup.vaultId, part.diskId, backup.createdAt, "");
  do {
    const page = await s.records.query({
      pk,
      sk: { from: sk },
      limit: 100,
      consistent: true,
      ...(cursor !== undefined && { cursor }),
    });
    const item = page.items.find((i) => i.body.partId === part.id);
    if (item !== undefined) return parseItem(Link, item);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
}

/** The first row of a range that is not the one at its end. A page may be short, even empty, though more follows. */
async function firstBut(
  s: Services,
  range: Pick<Query, "pk" | "sk" | "forward">,
  end?: string,
): Promise<Versioned<Link> | undefined> {
  let cursor: string | undefined;
  do {
    const page = await s.records.query({
      ...range,
      limit: 2,
      consistent: true,
      ...(cursor !== undefined && { cursor }),
    });
    const item = page.items.find((i) => i.sk !== end);
    if (item !== undefined) return parseItem(Link, item);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
}

/**
 * What the row after a deleted one changes to: d(previous, next). When a root cannot be read any more the sum of both steps
 * stands in for it (it is never less): a damaged backup must stay deletable.
 */
export const mergedChange = (
  s: Services,
  domainId: string,
  previous: Link | undefined,
  gone: Link,
  next: Link,
): Promise<number> =>
  changeOr(s, domainId, { previous: previous?.partId, next: next.partId }, async () => gone.change + next.change);

/** d(previous, next) as the roots say it, or what stands in for it when one of them cannot be read any more. */
export async function changeOr(
  s: Services,
  domainId: string,
  roots: { readonly previous: string | undefined; readonly next: string },
  standIn: () => Promise<number>,
): Promise<number> {
  try {
    return await s.dataPlane.difference(await s.keyring.open(domainId), roots.previous, roots.next);
  } catch (error) {
    if (!(error instanceof Damaged || error instanceof ObjectMissing)) throw error;
    s.log({
      level: "error",
      text: "used is an upper bound now: a root is damaged",
      error: error.message,
      next: roots.next,
    });
    return standIn();
  }
}
