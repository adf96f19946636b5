/** DELETE backups/{id}: a person deletes a backup. */
import type { Caller, Services } from "../services.ts";
import { startDeletion } from "./start-deletion.ts";

/** @throws Fault 6200, 6201, 6112, 6216, 6220: see start-deletion.ts */
export const startDeleteBackup = (s: Services, caller: Caller, backupId: string): Promise<void> =>
  startDeletion(s, {
    projectId: caller.projectId,
    requestId: caller.requestId,
    backupId,
    told: { by: "user", userId: caller.userId, reason: "deleted by a person" },
  });
