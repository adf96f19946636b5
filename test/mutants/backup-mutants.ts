/** Mistakes in what is done with backups: making, deleting and restoring them, each at its time (BKP, DEL, RST, CCY, TSK, MON). */
import { inFile, type Mutant } from "./mutant.ts";

export const BACKUP_MUTANTS: readonly Mutant[] = [
  ...inFile("core/domain/naming.ts", "app/backup.test.ts", [
    ["BKP-02", "members of a run are numbered from 0000", "String(index + 1)", "String(index)"],
  ]),
  ...inFile("core/app/backup/capture-run.ts", "app/backup.test.ts", [
    [
      "BKP-16",
      "the instant of a backup is when its snapshot was told of",
      "protectedAt: capture.instant",
      "protectedAt: s.now()",
    ],
  ]),
  ...inFile("core/app/backup/choose-members.ts", "app/backup.test.ts", [
    [
      "BKP-07",
      "one resource that is unfit keeps all others from the run",
      "return chosen.length > 0 ?",
      "return unfit.length === 0 ?",
    ],
  ]),
  ...inFile("core/app/backup/create-checkpoint.ts", "app/backup-running.test.ts", [
    [
      "BKP-05",
      "a vault that is being deleted takes a run",
      'refuseObstacle(autoTrigger ? "scheduled" : "backup", { vault',
      'if (vault.status !== "deleting") refuseObstacle(autoTrigger ? "scheduled" : "backup", { vault',
    ],
  ]),
  ...inFile("core/app/backup/choose-members.ts", "app/backup-running.test.ts", [
    [
      "BKP-21",
      "a resource that is being backed up is backed up once more",
      "{ resources: [binding.status] });",
      '{ resources: [binding.status === "protecting" ? "available" : binding.status] });',
    ],
  ]),
  ...inFile("core/domain/statuses.ts", "app/backup-running.test.ts", [
    [
      "BKP-26",
      "one failed backup makes the whole checkpoint an error",
      'members.some((m) => m === "available"',
      'members.every((m) => m === "available"',
    ],
  ]),
  ...inFile("core/domain/retention.ts", "app/retention.test.ts", [
    ["BKP-27", "nine failed backups are kept", "if (place > FAILED_KEPT)", "if (place >= FAILED_KEPT)"],
  ]),
  ...inFile("core/domain/policy.ts", "domain/policy.test.ts", [
    [
      "BKP-31",
      "a full backup a day after the last one is put off once more",
      "now - resource.fullAt >= DAY_MS",
      "now - resource.fullAt > DAY_MS",
    ],
    [
      "CON-16",
      "the backup after every N-th is full",
      "resource.sinceFull + 1 < interval",
      "resource.sinceFull < interval",
    ],
  ]),
  ...inFile("core/domain/matrix.ts", "app/delete.test.ts", [
    [
      "DEL-01",
      "a failed backup cannot be deleted",
      'cells: { restore: "2005", replicate: "1001", image',
      'cells: { restore: "2005", delete: "6201", replicate: "1001", image',
    ],
  ]),
  ...inFile("core/app/delete/start-deletion.ts", "app/delete.test.ts", [
    [
      "DEL-03",
      "one disk of a server's backup is nothing special",
      "if (parent !== undefined) {",
      "if (parent === backupId) {",
    ],
    [
      "DEL-04",
      "the backup that is being made counts as a newer one",
      'if (other.status === "available" && other.vaultId === backup.vaultId) return false;',
      "if (other.vaultId === backup.vaultId) return false;",
    ],
  ]),
  ...inFile("core/app/delete/delete-one.ts", "app/delete.test.ts", [
    ["DEL-07", "a checkpoint outlives its last backup", '    ...(await memberAfter(s, backup, "delete")),\n', ""],
  ]),
  ...inFile("core/app/delete/trash-backup.ts", "app/trash.test.ts", [
    [
      "DEL-07",
      "a checkpoint outlives its last backup while that is in the trash",
      '      ...(await memberAfter(s, backup, "delete")),\n',
      "",
    ],
  ]),
  ...inFile("core/app/restore/choose-targets.ts", "app/restore.test.ts", [
    [
      "RST-06",
      "mappings may leave out a disk that still exists",
      "if (left !== undefined)\n",
      "if (left !== undefined && pairs.length === 0)\n",
    ],
    [
      "RST-17",
      "a server that has lost a disk cannot be restored",
      "if (pairs.length === 0)\n",
      "if (pairs.length < parts.length)\n",
    ],
    [
      "RST-08",
      "a disk that has grown cannot be restored to",
      "if (disk.size < part.size)",
      "if (disk.size !== part.size)",
    ],
    [
      "RST-11",
      "a server in error is restored to",
      'if (resource.status === "ERROR")\n',
      'if (resource.status === "ERROR" && resource.disks.length === 0)\n',
    ],
    [
      "RST-13",
      "a system disk's backup does not go onto a data disk, a data disk's onto a system disk",
      "if (disk.system && !part.system)",
      "if (!disk.system && part.system)",
    ],
    [
      "RST-14",
      "another server may be named as long as the backup's own is there",
      'if (asked !== backup.resourceId)\n    return fault("2003"',
      'if (asked !== backup.resourceId && resource === undefined)\n    return fault("2003"',
    ],
  ]),
  ...inFile("core/app/restore/start-restore.ts", "app/restore.test.ts", [
    [
      "RST-21",
      "a server that does not exist is only another one than the backup's",
      '?.kind !== "server") fault("7100"',
      '?.kind === "disk") fault("7100"',
    ],
  ]),
  ...inFile("core/domain/matrix.ts", "app/restore.test.ts", [
    [
      "RST-04",
      "a resource is restored while it is being restored from another backup",
      '      backup: "2010",\n      scheduled: "skip",\n      restore: "2010",\n',
      '      backup: "2010",\n      scheduled: "skip",\n',
    ],
  ]),
  ...inFile("core/app/restore/run-restore.ts", "app/restore.test.ts", [
    [
      "RST-05",
      "a backup that was restored stays in restoring",
      '      replace(backups, { ...backup, status: next(BACKUP, backup.status, "finish"), updatedAt: now }),\n',
      "      replace(backups, { ...backup, updatedAt: now }),\n",
    ],
  ]),
  ...inFile("core/app/restore/replace-disks.ts", "app/replace-disks.test.ts", [
    ["RST-10", "a server is started whatever the request says", "run.powerOn ?? true", "run.powerOn || true"],
  ]),
  ...inFile("core/app/vaults/start-delete-vault.ts", "app/backup-running.test.ts", [
    [
      "CCY-01",
      "a vault is deleted while a backup runs in it",
      'refuseObstacle("delete-vault", { resources',
      'if (status !== "protecting") refuseObstacle("delete-vault", { resources',
    ],
  ]),
  ...inFile("core/app/records/tables.ts", "api/tags.test.ts", [
    [
      "CCY-02",
      "a change is stored over whatever stands there by now",
      "item: toItem(t.place(entity), entity, entity.v), if: { v: entity.v } }",
      'item: toItem(t.place(entity), entity, entity.v), if: "any" }',
    ],
  ]),
  ...inFile("core/app/records/tables.ts", "app/vaults-binding.test.ts", [
    [
      "CCY-02",
      "who claims last holds the resource",
      '  item: toItem(placement, entity, 0),\n  if: "absent",',
      '  item: toItem(placement, entity, 0),\n  if: "any",',
    ],
  ]),
  ...inFile("core/app/time/tick.ts", "app/tick.test.ts", [
    ["CCY-04", "a run without a sign of life is waited for a day", "return at - newest > LEASE_MS || ", "return "],
  ]),
  ...inFile("core/app/lists/show-task.ts", "api/operation-logs.test.ts", [
    ["TSK-07", "a task shows 100 % before it has ended", "Math.min(99,", "Math.min(100,"],
  ]),
  ...inFile("core/app/lists/list-tasks.ts", "api/operation-logs.test.ts", [
    ["TSK-03", "the end of a window of time is left out", "task.createdAt <= filter.to", "task.createdAt < filter.to"],
  ]),
  ...inFile("core/app/backup/fail-run.ts", "app/backup-running.test.ts", [
    ["TSK-04", "a failed task does not say why", "              error: failureOf(ask.error),\n", ""],
  ]),
  ...inFile("core/app/vaults/freeze-vault.ts", "app/freeze.test.ts", [
    ["MON-03", "people are told again of what is frozen already", "if (changed)", "if (changed || ask.frozen)"],
  ]),
];
