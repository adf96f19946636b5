/** Which policy does each function have? */
import { admin } from "./admin.ts";
import { api } from "./api.ts";
import { backupConclude } from "./backup-conclude.ts";
import { backupGroupTransfer } from "./backup-group-transfer.ts";
import { backupMemberCapture } from "./backup-member-capture.ts";
import { backupMemberConfirm } from "./backup-member-confirm.ts";
import { backupMemberFail } from "./backup-member-fail.ts";
import { backupMemberOpen } from "./backup-member-open.ts";
import { backupMemberReady } from "./backup-member-ready.ts";
import { backupMemberSeal } from "./backup-member-seal.ts";
import { backupPrepare } from "./backup-prepare.ts";
import { collectFail } from "./collect-fail.ts";
import { collectFinish } from "./collect-finish.ts";
import { collectMove } from "./collect-move.ts";
import { collectPlan } from "./collect-plan.ts";
import { collectTrash } from "./collect-trash.ts";
import { compareGroupCompare } from "./compare-group-compare.ts";
import { deleteBackupFail } from "./delete-backup-fail.ts";
import { deleteBackupRemove } from "./delete-backup-remove.ts";
import { deleteVaultBatch } from "./delete-vault-batch.ts";
import { deleteVaultFail } from "./delete-vault-fail.ts";
import { removeResourceBatch } from "./remove-resource-batch.ts";
import { removeResourceFail } from "./remove-resource-fail.ts";
import { restoreBegin } from "./restore-begin.ts";
import { restoreConclude } from "./restore-conclude.ts";
import { restoreFail } from "./restore-fail.ts";
import { restoreFinish } from "./restore-finish.ts";
import { restoreGroupWrite } from "./restore-group-write.ts";
import { restoreReplace } from "./restore-replace.ts";
import { restoreSwap } from "./restore-swap.ts";
import { logs, type Policy, type Scope, type Statement } from "./statements.ts";
import { sweep } from "./sweep.ts";
import { tick } from "./tick.ts";

const POLICIES: Readonly<Record<string, Policy>> = {
  admin,
  api,
  "backup-conclude": backupConclude,
  "backup-group-transfer": backupGroupTransfer,
  "backup-member-capture": backupMemberCapture,
  "backup-member-confirm": backupMemberConfirm,
  "backup-member-fail": backupMemberFail,
  "backup-member-open": backupMemberOpen,
  "backup-member-ready": backupMemberReady,
  "backup-member-seal": backupMemberSeal,
  "backup-prepare": backupPrepare,
  "collect-fail": collectFail,
  "collect-finish": collectFinish,
  "collect-move": collectMove,
  "collect-plan": collectPlan,
  "collect-trash": collectTrash,
  "compare-group-compare": compareGroupCompare,
  "delete-backup-fail": deleteBackupFail,
  "delete-backup-remove": deleteBackupRemove,
  "delete-vault-batch": deleteVaultBatch,
  "delete-vault-fail": deleteVaultFail,
  "remove-resource-batch": removeResourceBatch,
  "remove-resource-fail": removeResourceFail,
  "restore-begin": restoreBegin,
  "restore-conclude": restoreConclude,
  "restore-fail": restoreFail,
  "restore-finish": restoreFinish,
  "restore-group-write": restoreGroupWrite,
  "restore-replace": restoreReplace,
  "restore-swap": restoreSwap,
  sweep,
  tick,
};

/** All that a function may do, its log included. @throws TypeError when no file of this folder names the function */
export function policyOf(fn: string, scope: Scope): readonly Statement[] {
  const policy = POLICIES[fn];
  if (policy === undefined) throw new TypeError(`infra/policies has no file for the function ${fn}`);
  return [...policy(scope), logs(scope, fn)];
}
