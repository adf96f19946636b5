/** What is written down when a new volume is where it belongs? */
import type { Replacement, Restoring } from "../../../core/ports/restore-targets.ts";
import { type Account, volumesById } from "./account.ts";
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
    if (fromTags(still.Tags)[TAG.replacedBy] !== to) await tag(account, from, old);
    // It may stand in place by an earlier restore, which is over.
    await untag(account, from, TAG.inPlace);
  }
  if (place !== undefined) await untag(account, to, TAG.place);
  await tag(account, to, { [TAG.inPlace]: from });
}
