/** What is stored: the schema of every entity, from which its type follows. A change here needs a migration. */
import { z } from "zod";
import {
  BACKUP_STATUSES,
  BINDING_STATUSES,
  FROZEN_SCENES,
  MEMBER_STATUSES,
  TASK_STATUSES,
  TASK_TYPES,
  VAULT_STATUSES,
} from "../../domain/statuses.ts";

const id = z.string().min(1).max(64);
const instant = z.number().int();
const tag = z.object({ key: z.string(), value: z.string() });

export const ExtraInfo = z.object({
  exclude_volumes: z.array(z.string()).optional(),
  include_volumes: z.array(z.object({ id: z.string(), os_version: z.string().optional() })).optional(),
});
export type ExtraInfo = z.infer<typeof ExtraInfo>;

export const Vault = z.object({
  schema: z.literal(1),
  id,
  projectId: id,
  userId: z.string(),
  name: z.string(),
  description: z.string(),
  createdAt: instant,
  updatedAt: instant,
  status: z.enum(VAULT_STATUSES),
  /** Why it is frozen; absent in rows of versions that did not ask. */
  frozenScene: z.enum(FROZEN_SCENES).optional(),
  /** The task that deletes it, while `status` is deleting. */
  deletingTask: id.optional(),
  billing: z.object({
    objectType: z.string(),
    protectType: z.enum(["backup", "replication"]),
    consistentLevel: z.enum(["crash_consistent", "app_consistent"]),
    cloudType: z.enum(["public", "hybrid"]),
    chargingMode: z.literal("post_paid"),
    /** GB. */
    size: z.number().int(),
    isMultiAz: z.boolean(),
  }),
  tags: z.array(tag),
  enterpriseProjectId: z.string(),
  autoBind: z.boolean(),
  bindRules: z.array(tag),
  autoExpand: z.boolean(),
  smnNotify: z.boolean(),
  threshold: z.number().int(),
  /** What people were told of its capacity, so that each crossing is told once (CAP-25); absent = nothing. */
  capacity: z.object({ above: z.boolean(), full: z.boolean() }).optional(),
  locked: z.boolean(),
  backupNamePrefix: z.string(),
  demandBilling: z.boolean(),
  availabilityZone: z.string(),
  sysLockSourceService: z.string(),
  /** Ids of the policies applied to it, at most one of each type (VLT-60). One that does not exist any more counts as none. */
  policies: z.object({ backup: id.optional(), replication: id.optional() }).optional(),
});
export type Vault = z.infer<typeof Vault>;

/** A change list against it is trusted only if root, size and disk are still those of the baseline (design §5). */
export const KeptCapture = z.object({ rootId: id, snapshotId: z.string(), size: z.number(), currentId: id });
export type KeptCapture = z.infer<typeof KeptCapture>;

const Lease = z.object({ holder: id, kind: z.enum(["backup", "restore", "remove", "migrate"]) });

export const Binding = z.object({
  schema: z.literal(1),
  vaultId: id,
  projectId: id,
  resourceId: id,
  resourceType: z.string(),
  name: z.string(),
  /** Bytes, as of binding or of the last backup. */
  size: z.number(),
  extraInfo: ExtraInfo,
  /** Disks claimed with it (a server's). */
  claimedDisks: z.array(id),
  status: z.enum(BINDING_STATUSES),
  lease: Lease.optional(),
  /** Grows with each lease; whatever is written under a lease carries it, so a dead holder's writes go nowhere. */
  fence: z.number().int(),
  /** Automatic runs leave it out; manual backups go on (VLT-31). Absent = not suspended. */
  suspended: z.boolean().optional(),
  /** A restore wrote to it and did not finish: no backup until one has. */
  restoreIncomplete: z.boolean(),
  /** The disks that it wrote to or was about to replace; a restore of only some of them does not mend the others. */
  incompleteDisks: z.array(id).optional(),
  /** Positional bytes of all its backups in this vault (CAP-01..04). */
  used: z.number(),
  /** All its backup rows in this vault, failed ones too. */
  backups: z.number().int(),
  /** Automatic backups since the last full one (CON-16). */
  sinceFull: z.number().int().optional(),
  /** When its last full backup began: a physically full first one counts as well (BKP-31). */
  fullAt: instant.optional(),
  /** Disk id → root that the next run compares with, independent of what the user keeps. */
  baselines: z.record(z.string(), id),
  /** Disk id → the capture that was kept of that root, to ask what changed since. Only where a provider can tell. */
  kept: z.record(z.string(), KeptCapture).optional(),
  /** Disk id → the disk that took its place in a restore. Clients and records go on calling it by the first id. */
  replaced: z.record(z.string(), id).optional(),
  boundAt: instant,
  /** While its backups follow it: the vault that they come from, and what its status is once they are all here. */
  migration: z.object({ from: id, status: z.enum(["available", "error"]) }).optional(),
});
export type Binding = z.infer<typeof Binding>;

export const Claim = z.object({
  schema: z.literal(1),
  vaultId: id,
  /** The bound resource through which this id is claimed (itself, or its server). */
  via: id,
  /** The saga that made it; the claim counts only once the vault says so or the saga is committed. */
  saga: id,
  madeAt: instant,
});
export type Claim = z.infer<typeof Claim>;

export const Checkpoint = z.object({
  schema: z.literal(1),
  id,
  projectId: id,
  vaultId: id,
  vaultName: z.string(),
  name: z.string(),
  description: z.string(),
  createdAt: instant,
  incremental: z.boolean(),
  autoTrigger: z.boolean(),
  /** The point of the policy that it was made for, and how many resources the vault held then. */
  scheduled: z.object({ policyId: id, nominal: instant, resources: z.number().int() }).optional(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

export const Member = z.object({
  schema: z.literal(1),
  resourceId: id,
  resourceType: z.string(),
  name: z.string(),
  size: z.number(),
  backupId: id,
  taskId: id,
  status: z.enum(MEMBER_STATUSES),
  /** Disks chosen for this run only; absent = as the binding says. */
  extraInfo: ExtraInfo.optional(),
});
export type Member = z.infer<typeof Member>;

export const Skipped = z.object({
  schema: z.literal(1),
  resourceId: id,
  resourceType: z.string(),
  name: z.string(),
  code: z.string(),
  reason: z.string(),
});
export type Skipped = z.infer<typeof Skipped>;

/** Why something was deleted, as it is told later. */
export const Told = z.object({
  /** `user` or `retention`. */
  by: z.enum(["user", "retention"]),
  /** Of the user. */
  userId: z.string().optional(),
  reason: z.string(),
});
export type Told = z.infer<typeof Told>;

export const Backup = z.object({
  schema: z.literal(1),
  id,
  projectId: id,
  vaultId: id,
  checkpointId: id,
  taskId: id,
  resourceId: id,
  resourceType: z.string(),
  resourceName: z.string(),
  /** Bytes. */
  resourceSize: z.number(),
  name: z.string(),
  description: z.string(),
  status: z.enum(BACKUP_STATUSES),
  incremental: z.boolean(),
  autoTrigger: z.boolean(),
  domainId: id,
  enterpriseProjectId: z.string(),
  createdAt: instant,
  updatedAt: instant,
  protectedAt: instant.optional(),
  expiredAt: instant.optional(),
  /** What the source promised about the captured state. */
  promise: z.string().optional(),
  containSystemDisk: z.boolean().optional(),
  /** One of its disks was kept encrypted where it was read from. */
  encrypted: z.boolean().optional(),
  /** Why no rule may delete it: shown to people. */
  hold: z.string().optional(),
  /** Its deletion was begun: by whom, why, and what it was before. Stays when that fails. */
  leaving: z.object({ told: Told, from: z.enum(["available", "error"]), at: instant }).optional(),
});
export type Backup = z.infer<typeof Backup>;

/** One disk of a sealed backup. Of a disk backup its id is the backup's; of a server backup it is the child's. */
export const Part = z.object({
  schema: z.literal(1),
  id,
  backupId: id,
  diskId: id,
  diskName: z.string(),
  /** Bytes. */
  size: z.number(),
  system: z.boolean(),
  /** Bytes that are not zero. */
  nonZero: z.number(),
  /** Its source was kept encrypted; absent = it was not. */
  encrypted: z.boolean().optional(),
});
export type Part = z.infer<typeof Part>;

/** Stands under a disk child's own id and points to its server backup. */
export const Alias = z.object({ schema: z.literal(1), aliasOf: id });
export type Alias = z.infer<typeof Alias>;

export const Link = z.object({
  schema: z.literal(1),
  backupId: id,
  partId: id,
  at: instant,
  /** d(previous, this) in bytes, along the chain as it stands now. */
  change: z.number(),
});
export type Link = z.infer<typeof Link>;

export const Task = z.object({
  schema: z.literal(1),
  id,
  projectId: id,
  type: z.enum(TASK_TYPES),
  status: z.enum(TASK_STATUSES),
  requestId: z.string(),
  vaultId: id.optional(),
  vaultName: z.string().optional(),
  /** That of the vault; absent in rows of versions that did not write it down. */
  enterpriseProjectId: z.string().optional(),
  checkpointId: id.optional(),
  policyId: id.optional(),
  resource: z.object({ id, type: z.string(), name: z.string() }).optional(),
  backup: z.object({ id, name: z.string() }).optional(),
  target: z.object({ id, name: z.string() }).optional(),
  /** Bytes that are 100 %, once known. */
  totalBytes: z.number().optional(),
  totals: z.object({ total: z.number(), failed: z.number() }).optional(),
  createdAt: instant,
  startedAt: instant.optional(),
  endedAt: instant.optional(),
  updatedAt: instant,
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type Task = z.infer<typeof Task>;

export const Due = z.object({
  schema: z.literal(1),
  workflow: z.enum([
    "backup",
    "backup-member",
    "restore",
    "delete-backup",
    "delete-vault",
    "remove-resource",
    "collect",
    "migrate",
    "meter",
    "expiry",
    "retention",
    "purge",
  ]),
  name: z.string(),
  input: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type Due = z.infer<typeof Due>;
