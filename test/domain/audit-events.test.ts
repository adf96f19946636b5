/** Which operations leave a trace, and under which names? */
import { describe, expect, it } from "vitest";
import { auditEvent } from "../../core/domain/audit-events.ts";
import { OPERATIONS } from "../../functions/api/operations.ts";

/** cbr-behaviour §19; createBackup is for each backup of a run, deleteVaultBackup and disableProtect have no call (AUD-02, AUD-06). */
const PUBLISHED = {
  policy: ["createPolicy", "updatePolicy", "deletePolicy"],
  vault: [
    ...["createVault", "updateVault", "deleteVault", "addResources", "removeResources", "setResources"],
    ...["migrateResources", "associatePolicy", "dissociatePolicy", "createVaultBackup", "replicateVaultBackup"],
    ...["syncVaultBackup", "createVaultTag", "deleteVaultTag", "bulkCreateDeleteVaultTag"],
  ],
  backup: [
    ...["updateBackup", "deleteBackup", "restoreBackup", "replicateBackup", "syncBackup"],
    ...["createBackupMember", "updateBackupMember", "deleteBackupMember"],
  ],
};

const events = OPERATIONS.map(([, name, method]) => auditEvent(name, method)).filter((event) => event !== undefined);

describe("trace names", () => {
  it.each(Object.entries(PUBLISHED))("AUD-01: of a %s are the published ones", (type, names) => {
    const own = events.filter(({ resourceType }) => resourceType === type).map(({ name }) => name);
    expect([...new Set(own)].sort()).toEqual([...names].sort());
  });

  it("AUD-04: nothing that only reads has one, by GET or by POST", () => {
    for (const [, name, method] of OPERATIONS) if (method === "GET") expect(auditEvent(name, method)).toBeUndefined();
    expect(auditEvent("ShowVaultResourceInstances", "POST")).toBeUndefined();
    expect(auditEvent("CheckAgent", "POST")).toBeUndefined();
  });

  it("every operation that changes something has one, also one that no table knows yet", () => {
    for (const [, name, method] of OPERATIONS)
      if (
        method !== "GET" &&
        !["ShowVaultResourceInstances", "CheckAgent", "PreviewPolicy", "CreateToken"].includes(name)
      )
        expect(auditEvent(name, method)?.resourceType, name).not.toBe("other");
    expect(auditEvent("UndoEverything", "POST")).toEqual({ resourceType: "other", name: "undoEverything" });
  });
});
