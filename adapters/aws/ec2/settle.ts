/** What is written down when a new volume is where it belongs? */
import type { Replacement, Restoring } from "../../../core/ports/restore-targets.ts";
import { type Account, isCode, volumesById } from "./account.ts";
import { keepEnding, type Place, tag, untag } from "./places.ts";
import { restoreTags } from "./restored.ts";
import { fromTags, TAG, type Tags } from "./tags.ts";

/** How long a replaced volume is kept (design §8: 7 days). */
export const UNDO_MS = 7 * 24 * 3_600_000;

/** The old volume is to be kept for a week, the new one stands in its place: the tag that says so is the last thing. */
export async function settle(
  account: Account,
  restoring: Pick<Restoring, "restoreId" | "owner">,
  { from, to }: Replacement,
  place: Place | undefined,
): Promise<void> {
  if (place?.deleteOnTermination === true) await keepEnding(account, place);
  const old: Tags = {
    ...restoreTags(account, restoring, from),
    [TAG.undoUntil]: new Date(account.timing.now() + UNDO_MS).toISOString(),
    [TAG.replacedBy]: to,
  };
  const still = (await volumesById(account.ec2, [from])).get(from);
  if (still !== undefined) {
    const tags = fromTags(still.Tags);
    const marked = tags[TAG.replacedBy] === to || (await markReplaced(account, from, old));
    // It may stand in place by an earlier restore, which is over.
    if (marked || tags[TAG.inPlace] !== undefined) await untag(account, from, TAG.inPlace);
  }
  if (place !== undefined) await untag(account, to, TAG.place);
  await tag(account, to, { [TAG.inPlace]: from });
}

/** A volume that has 50 tags takes none of ours: it stays, and nobody but its owner deletes it. That is no reason to fail. */
async function markReplaced(account: Account, from: string, tags: Tags): Promise<boolean> {
  try {
    await tag(account, from, tags);
    return true;
  } catch (error) {
    if (!isCode(error, "TagLimitExceeded")) throw error;
    account.log(`volume ${from} was replaced and has too many tags to say so: delete it yourself`);
    return false;
  }
}
