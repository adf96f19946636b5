/** What do we write on the volumes, snapshots and instances that we make or touch, and how is it read back? */
import type { Tag } from "@aws-sdk/client-ec2";
import type { Owner } from "../../../core/ports/resource-provider.ts";

/** All of our tag keys. Everything we make carries `deployment`, and we delete nothing without it. */
export const TAG = {
  deployment: "holdfast:deployment",
  domain: "holdfast:domain",
  vault: "holdfast:vault",
  resource: "holdfast:resource",
  /** On captures. */
  run: "holdfast:run",
  attempt: "holdfast:attempt",
  /** The one call that took a capture: tells two callers of the same attempt apart. */
  set: "holdfast:set",
  /** On what a restore makes: the restore, and the live volume that it is for. */
  restore: "holdfast:restore",
  disk: "holdfast:disk",
  /**
   * On a snapshot that a restore writes to, with the restore, and on no volume: AWS's own backup services copy the tags of a
   * volume onto their snapshots of it, which are not ours to delete.
   */
  filled: "holdfast:filled",
  /** On a new volume while it is swapped: the place it goes to, written before the old volume leaves it. */
  place: "holdfast:place",
  /** On a new volume that stands in place of the live one it is for. */
  inPlace: "holdfast:in-place",
  /** On a replaced volume: kept until then (ISO 8601), and by which one it was replaced. */
  undoUntil: "holdfast:undo-until",
  replacedBy: "holdfast:replaced-by",
  /** On an instance that a restore stopped and will start again: the restore. */
  restart: "holdfast:restart",
} as const;

export type Tags = Readonly<Record<string, string>>;

export const toTags = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export const fromTags = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? ""]])));

export const ownerTags = ({ domainId, vaultId, resourceId }: Owner): Tags => ({
  [TAG.domain]: domainId,
  [TAG.vault]: vaultId,
  [TAG.resource]: resourceId,
});

/** Missing tags (somebody removed them) come out as empty texts: what is held is still told. */
export const ownerOf = (tags: Tags): Owner => ({
  domainId: tags[TAG.domain] ?? "",
  vaultId: tags[TAG.vault] ?? "",
  resourceId: tags[TAG.resource] ?? "",
});

/** The tags that somebody gave a volume or an instance, as the core knows tags: neither AWS's own nor ours. */
export const ownersTags = (
  tags: readonly Tag[] | undefined,
): readonly { readonly key: string; readonly value: string }[] =>
  Object.entries(fromTags(tags))
    .filter(([key]) => !isReserved(key))
    .map(([key, value]) => ({ key, value }));

const isReserved = (key: string): boolean => key.startsWith("aws:") || key.startsWith("holdfast:");

/** EC2 allows 50 tags on a resource (EC2 User Guide, "Tag restrictions"); we need up to 10 of them. */
const MOST_COPIED = 40;

/** The tags of a volume that its replacement takes over: neither AWS's own, which cannot be set, nor ours. */
export const tagsToCopy = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries(
    Object.entries(fromTags(tags))
      .filter(([key]) => !isReserved(key))
      .slice(0, MOST_COPIED),
  );
