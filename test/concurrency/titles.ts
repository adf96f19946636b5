/** The columns of the matrix in words. */
import type { Request } from "../../core/domain/matrix.ts";

/** What the columns ask for. */
export const REQUEST_TITLES: Readonly<Record<Request, string>> = {
  backup: "manual backup",
  scheduled: "scheduled backup",
  restore: "restore",
  delete: "delete backup",
  replicate: "replicate",
  remove: "remove resource",
  migrate: "migrate resource",
  change: "change size or specification",
  "delete-vault": "delete vault",
  image: "make image",
  share: "share backup",
  undelete: "take a deletion back",
  bind: "bind, choose disks, suspend",
  edit: "other settings, apply a policy",
  tag: "tags, release from a policy",
  freeze: "freeze, release (operator)",
};
