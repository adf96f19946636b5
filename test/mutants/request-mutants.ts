/** Mistakes in who may ask what, what is written down of it, and what is only judged yet (PRM, AUD, AGT, REP, SHR, HYB, MIG). */
import { inFile, type Mutant } from "./mutant.ts";

export const REQUEST_MUTANTS: readonly Mutant[] = [
  ...inFile("core/domain/roles.ts", "domain/roles.test.ts", [
    [
      "PRM-01",
      "a role that allows beats one that denies",
      "if (deniedBy !== undefined) return",
      "if (deniedBy !== undefined && roles.length === 1) return",
    ],
    [
      "PRM-01",
      "a role that was granted in one project is good in all",
      "rights.roles.get(projectId) ?? []",
      "[...rights.roles.values()].flat()",
    ],
    ["PRM-02", "who may not make policies may change them", '      "cbr:policies:update",\n', ""],
  ]),
  ...inFile("functions/api/kit/create-api.ts", "api/authorisation-matrix.test.ts", [
    [
      "PRM-04",
      "the last action of an operation is not asked for",
      "checkActions(principal, projectId, actions)",
      "checkActions(principal, projectId, actions.slice(0, -1))",
    ],
  ]),
  ...inFile("core/domain/audit-events.ts", "domain/audit-events.test.ts", [
    [
      "AUD-01",
      "a trace is called after the operation, not by its published name",
      'DisassociateVaultPolicy: "dissociatePolicy"',
      'DisassociateVaultPolicy: "disassociatePolicy"',
    ],
    [
      "AUD-04",
      "questions that are sent with POST leave traces",
      'if (method === "GET" || QUESTIONS.includes(operation))',
      'if (method === "GET")',
    ],
  ]),
  ...inFile("core/app/backup/seal-run.ts", "app/associate-run.test.ts", [
    [
      "AUD-02",
      "each backup of a run is traced as a run",
      'byItself("createBackup", asBackup(backup), task)',
      'byItself("createVaultBackup", asBackup(backup), task)',
    ],
  ]),
  ...inFile("functions/api/traced.ts", "api/audit.test.ts", [
    [
      "AUD-02",
      "the trace of a run does not name its vault",
      "return inPath ?? textOf(named ?? moved);",
      "return inPath ?? textOf(moved);",
    ],
    [
      "AUD-05",
      "the trace of a deletion does not say what was deleted",
      'memberOf(made, "host_name")) ?? name,',
      'memberOf(made, "host_name")),',
    ],
  ]),
  ...inFile("core/domain/agent-paths.ts", "domain/agent-paths.test.ts", [
    [
      "AGT-04",
      "a path is measured in characters, not in bytes",
      "new TextEncoder().encode(path).length > LONGEST_PATH",
      "path.length > LONGEST_PATH",
    ],
  ]),
  ...inFile("core/app/agents/register-agent.ts", "api/agents.test.ts", [
    ["AGT-01", "an agent that introduces itself again is new", "createdAt: known?.createdAt ?? now", "createdAt: now"],
  ]),
  ...inFile("core/app/agents/add-paths.ts", "api/agents.test.ts", [
    [
      "AGT-02",
      "paths that were there before are not told of",
      "existed: wanted.filter((path) => known.has(path))",
      "existed: []",
    ],
  ]),
  ...inFile("core/app/replication/replicate-backup.ts", "api/replication.test.ts", [
    [
      "REP-02",
      "a server without its system disk is replicated",
      "if (backup.containSystemDisk === false)",
      "if (backup.containSystemDisk === undefined)",
    ],
  ]),
  ...inFile("core/app/replication/check-destination.ts", "api/replication.test.ts", [
    ["REP-01", "a region is compared with the project's id", "if (region === own)", "if (region === projectId)"],
  ]),
  ...inFile("core/domain/sharing.ts", "api/members.test.ts", [
    [
      "SHR-01",
      "a backup is shared with nine projects at most",
      "if (recipients.length > MAX_MEMBERS)",
      "if (recipients.length >= MAX_MEMBERS)",
    ],
  ]),
  ...inFile("core/domain/sharing.ts", "api/members.test.ts", [
    ["SHR-05", "a backup is offered to its own project", "if (id === owner)", 'if (id === "")'],
  ]),
  ...inFile("core/app/sharing/share-backup.ts", "api/members.test.ts", [
    [
      "SHR-03",
      "a backup is shared while its vault is being deleted",
      'refuseObstacle("share", { backup: backup.status, vault: status }',
      'refuseObstacle("share", { backup: backup.status, vault: status === "deleting" ? "available" : status }',
    ],
  ]),
  ...inFile("functions/api/replication.ts", "api/replication.test.ts", [
    ["HYB-04", "a vault that has nothing to synchronise is told to wait", 'fault("7300"', 'fault("7302"'],
  ]),
  ...inFile("functions/api/migrates.ts", "api/migrates.test.ts", [
    ["MIG-01", "an account that was never migrated is told that it cannot be", 'fault("4001"', 'fault("4002"'],
  ]),
];
