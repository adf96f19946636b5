/** Which operations change something, and what a trace of them is called (cbr-behaviour §19, AUD-01). */

export interface AuditEvent {
  readonly resourceType: string;
  readonly name: string;
}

const of = (resourceType: string, names: Readonly<Record<string, string>>) =>
  Object.entries(names).map(([operation, name]) => [operation, { resourceType, name }] as const);

/** The published names, and for what has none (agents, orders, our own operations) names of the same making. */
const EVENTS: ReadonlyMap<string, AuditEvent> = new Map([
  ...of("policy", { CreatePolicy: "createPolicy", UpdatePolicy: "updatePolicy", DeletePolicy: "deletePolicy" }),
  ...of("organizationPolicy", {
    CreateOrganizationPolicy: "createOrganizationPolicy",
    UpdateOrganizationPolicy: "updateOrganizationPolicy",
    DeleteOrganizationPolicy: "deleteOrganizationPolicy",
  }),
  ...of("vault", {
    CreateVault: "createVault",
    CreatePostPaidVault: "createVault",
    UpdateVault: "updateVault",
    BatchUpdateVault: "updateVault",
    ChangeVaultChargeMode: "updateVault",
    DeleteVault: "deleteVault",
    AddVaultResource: "addResources",
    RemoveVaultResource: "removeResources",
    SetVaultResource: "setResources",
    MigrateVaultResource: "migrateResources",
    AssociateVaultPolicy: "associatePolicy",
    DisassociateVaultPolicy: "dissociatePolicy",
    MigrateEnterpriseResource: "updateVault",
    CreateCheckpoint: "createVaultBackup",
    CopyCheckpoint: "replicateVaultBackup",
    ImportCheckpoint: "syncVaultBackup",
    CreateVaultTags: "createVaultTag",
    DeleteVaultTag: "deleteVaultTag",
    BatchCreateAndDeleteVaultTags: "bulkCreateDeleteVaultTag",
  }),
  ...of("backup", {
    UpdateBackup: "updateBackup",
    DeleteBackup: "deleteBackup",
    RestoreBackup: "restoreBackup",
    CopyBackup: "replicateBackup",
    ImportBackup: "syncBackup",
    AddMember: "createBackupMember",
    UpdateMemberStatus: "updateBackupMember",
    DeleteMember: "deleteBackupMember",
  }),
  ...of("agent", {
    RegisterAgent: "createAgent",
    UpdateAgent: "updateAgent",
    UnregisterAgent: "deleteAgent",
    AddAgentPath: "addAgentPaths",
    RemoveAgentPath: "removeAgentPaths",
  }),
  ...of("order", { ChangeOrder: "updateOrder", UpdateOrder: "updateOrder" }),
  ...of("account", { MigrateDomain: "migrateAccount" }),
  ...of("administration", {
    Administer: "administerAccounts",
    FreezeVault: "freezeVault",
    UnfreezeVault: "unfreezeVault",
  }),
  ...of("credential", { RevokeToken: "revokeToken", CreateTemporaryKey: "createTemporaryKey" }),
  ...of("retention", { UndeleteBackup: "undeleteBackup", ConfirmHeldPlan: "confirmHeldPlan" }),
  ...of("resource", { AddResource: "createResource", RemoveResource: "deleteResource" }),
]);

/** Sent with POST because their question needs a body: they change nothing. */
const QUESTIONS = ["ShowVaultResourceInstances", "CheckAgent", "PreviewPolicy", "FilterEnterpriseResources"];

/** Undefined for what only reads (AUD-04). An operation that the tables do not know is called after itself. */
export function auditEvent(operation: string, method: string): AuditEvent | undefined {
  if (method === "GET" || QUESTIONS.includes(operation)) return undefined;
  const name = operation.charAt(0).toLowerCase() + operation.slice(1);
  return EVENTS.get(operation) ?? { resourceType: "other", name };
}
