/**
 * Which request is refused by what runs (cbr-behaviour §23.1), as data: a row is what runs, or the state that it left; a column is
 * what is asked. obstacle.ts decides by it, docs/developer/concurrency.md is made of it.
 */
import type { FaultCode } from "./fault-codes.ts";
import type { BackupStatus, BindingStatus, VaultStatus } from "./statuses.ts";

/** The columns; from `share` on they are ours. */
export const REQUESTS = [
  "backup",
  "scheduled",
  "restore",
  "delete",
  "replicate",
  "remove",
  "migrate",
  "change",
  "delete-vault",
  "image",
  "share",
  "undelete",
  "bind",
  "edit",
  "tag",
  "freeze",
] as const;
export type Request = (typeof REQUESTS)[number];

/** Requests that end in a refusal where nothing stands in their way. */
export const NOT_BUILT: Partial<Readonly<Record<Request, { readonly code?: FaultCode; readonly why: string }>>> = {
  replicate: { code: "1005", why: "replication is not built yet: no region takes replicas" },
  share: { code: "6707", why: "sharing is not built yet" },
  image: { why: "images are not built yet: there is no operation that makes one (IMG-07)" },
};

/** `ok`: both run. `skip`: the run is made without it, or not at all, and the ledger says so with the code of a manual one (CCY-03). */
export type Cell = "ok" | "skip" | FaultCode | Conditional;
/** Refused for the resource's newest backup alone. */
interface Conditional {
  readonly newest: FaultCode;
}

/**
 * What a row speaks of: the very backup that is asked about; a resource that the request acts on (all of them, when it is about
 * the vault); another resource of the vault; the vault.
 */
export type Scope = "backup" | "resource" | "elsewhere" | "vault";

export interface Row {
  readonly what: string;
  /** Behaviours that say so; `ours`: the matrix of the research has no such row, or not as fine a one. */
  readonly source: string;
  /** What the caller is told. */
  readonly why: string;
  /** What is not named is `ok`. */
  readonly cells: { readonly [asked in Request]?: Exclude<Cell, "ok"> };
}

const newest = (code: FaultCode): Conditional => ({ newest: code });

const BACKUP_ROWS: Readonly<Record<Exclude<BackupStatus, "available">, Row>> = {
  protecting: {
    what: "backup, this one",
    source: "CCY 23.1; RST-02, DEL-01, REP-02, IMG-02, SHR-03",
    why: "the backup is still being made",
    cells: { restore: "2005", delete: "6201", replicate: "1001", image: "6208", share: "6702" },
  },
  restoring: {
    what: "restore, this backup",
    source: "CCY 23.1; RST-04, DEL-04, REP-02, IMG-02, SHR-03",
    why: "the backup is being restored",
    cells: { restore: "2010", delete: "6216", replicate: "1001", image: "6208", share: "6702" },
  },
  deleting: {
    what: "delete backup, this one",
    source: "ours; RST-02, DEL-01, REP-02, IMG-02, SHR-03",
    why: "the backup is being deleted",
    cells: { restore: "2005", delete: "6201", replicate: "1001", image: "6208", share: "6702" },
  },
  error: {
    what: "backup that failed",
    source: "ours; BKP-26, DEL-01",
    why: "the backup is in error",
    cells: { restore: "2005", replicate: "1001", image: "6208", share: "6702" },
  },
};

const RESOURCE_ROWS: Readonly<Record<Exclude<BindingStatus, "available" | "error">, Row>> = {
  protecting: {
    what: "backup, same resource",
    source: "CCY 23.1; BKP-21, SCH-20, SCH-21, RST-04, DEL-04",
    why: "the resource is being backed up",
    cells: {
      backup: "6125",
      scheduled: "skip",
      restore: "2002",
      delete: newest("6216"),
      remove: "6125",
      migrate: "6112",
      "delete-vault": "6203",
    },
  },
  restoring: {
    what: "restore, same resource",
    source: "CCY 23.1; RST-04, BKP-07",
    why: "the resource is being restored",
    cells: {
      backup: "2010",
      scheduled: "skip",
      restore: "2010",
      remove: "2010",
      migrate: "6112",
      "delete-vault": "6203",
    },
  },
  removing: {
    what: "remove resource",
    source: "CCY 23.1; VLT-29, BKP-07",
    why: "the resource is being removed from its vault",
    cells: {
      backup: "6134",
      scheduled: "skip",
      restore: "6134",
      delete: "6201",
      replicate: "6134",
      remove: "6134",
      migrate: "6134",
      "delete-vault": "6112",
      image: "6201",
      undelete: "6135",
      bind: "6134",
    },
  },
  migrating: {
    what: "migrate resource",
    source: "CCY 23.1",
    why: "the resource is being moved from another vault",
    cells: {
      backup: "6112",
      scheduled: "skip",
      restore: "6202",
      delete: "6201",
      replicate: "6130",
      remove: "6134",
      migrate: "6112",
      change: "6123",
      "delete-vault": "6112",
      image: "6208",
      undelete: "6112",
    },
  },
};

type Busy = keyof typeof RESOURCE_ROWS;

/**
 * B-16: what runs stands in the way of its own resource; and of what is about the whole vault, as it does there. VLT-40: a resource
 * moves while no task runs in either vault.
 */
function elsewhere(status: Busy, what: string, why: string, source = "ours; VLT-40"): Row {
  const { change, "delete-vault": deletion } = RESOURCE_ROWS[status].cells;
  const cells = { migrate: "6112", ...(change && { change }), ...(deletion && { "delete-vault": deletion }) } as const;
  return { what, source, why: `another ${why}`, cells };
}
const ELSEWHERE_ROWS: Readonly<Record<Busy, Row>> = {
  protecting: elsewhere(
    "protecting",
    "backup, other resource of the vault",
    "resource of the vault is being backed up",
    "CCY 23.1; B-16, VLT-40",
  ),
  restoring: elsewhere("restoring", "restore, other resource of the vault", "resource of the vault is being restored"),
  removing: elsewhere("removing", "remove, other resource of the vault", "resource of the vault is being removed"),
  migrating: elsewhere("migrating", "migrate, other resource into the vault", "resource is being moved into the vault"),
};

const VAULT_ROWS: Readonly<Record<Exclude<VaultStatus, "available">, Row>> = {
  deleting: {
    what: "vault deleting",
    source: "CCY 23.1; BKP-05, SCH-24, RST-02, VLT-10, SHR-03",
    why: "the vault is being deleted with everything in it",
    cells: {
      backup: "6113",
      scheduled: "skip",
      restore: "6202",
      delete: "6201",
      replicate: "6112",
      remove: "6112",
      migrate: "6112",
      change: "6112",
      "delete-vault": "6112",
      image: "6208",
      share: "6712",
      undelete: "6112",
      bind: "6112",
      edit: "6112",
      tag: "6112",
      freeze: "6112",
    },
  },
  frozen: {
    what: "vault frozen",
    source: "CCY 23.1; BKP-05, SCH-24, RST-02, CAP-37, SHR-03",
    why: "the vault is frozen",
    cells: {
      backup: "6113",
      scheduled: "skip",
      restore: "6202",
      delete: "6112",
      replicate: "6112",
      remove: "6112",
      migrate: "6112",
      change: "6112",
      "delete-vault": "6112",
      image: "6208",
      share: "6712",
      undelete: "6112",
      bind: "6112",
      edit: "6112",
    },
  },
  error: {
    what: "vault in error",
    source: "ours; VLT-08, VLT-12, BKP-05, SCH-24",
    why: "the vault is in error: it can be deleted",
    cells: {
      backup: "6113",
      scheduled: "skip",
      restore: "6202",
      replicate: "6112",
      remove: "6112",
      migrate: "6112",
      change: "6112",
      image: "6208",
      share: "6712",
      undelete: "6112",
      bind: "6112",
      edit: "6112",
      freeze: "6112",
    },
  },
};

/** The rows, by what they speak of and the status that shows it. What is not here stands in nobody's way. */
export const MATRIX: Readonly<Record<Scope, Readonly<Partial<Record<string, Row>>>>> = {
  backup: BACKUP_ROWS,
  vault: VAULT_ROWS,
  resource: RESOURCE_ROWS,
  elsewhere: ELSEWHERE_ROWS,
};

/** Rows of the research that nothing makes true here, with the cells they will have, and why nobody meets them. */
export const NEVER: readonly (Row & { readonly reason: string })[] = [
  {
    what: "replication of the backup or vault",
    source: "CCY 23.1; REP-10",
    why: "it is being replicated",
    reason:
      "replication is not built yet: every request for one is refused (1005); one to the same region will be 1009 (REP-04)",
    cells: {
      restore: "2005",
      delete: "6216",
      replicate: "6130",
      remove: "6130",
      migrate: "6130",
      "delete-vault": "6130",
    },
  },
  {
    what: "expansion, change of specification or charging (status lock)",
    source: "CCY 23.1; VLT-13",
    why: "the vault is being expanded",
    reason:
      "an expansion is one write: the vault is available again in its answer (in the profile otc resources move meanwhile)",
    cells: { migrate: "6112", change: "6123", "delete-vault": "6112" },
  },
  {
    what: "sync (hybrid)",
    source: "CCY 23.1",
    why: "the vault is being synchronised",
    reason: "hybrid backup is not built yet: every synchronisation is refused (7300)",
    cells: { replicate: "6130", migrate: "6112", "delete-vault": "6112" },
  },
];
