/** Which right does each operation on a project need (cbr-api §10)? */
import type { Action } from "../../core/domain/roles.ts";
import type { ProjectOperation } from "./operations.ts";

/**
 * All of an operation's actions must be allowed. Those marked "ours" stand for operations whose actions are not published
 * (S-13): they are named so that reading ones begin with `get` or `list`, which CBR ReadOnlyAccess allows. PRM-03's rights to list
 * servers and disks are here those of ListProtectable and ShowProtectable: every role that may bind resources has them.
 */
export const ACTIONS: Readonly<Record<ProjectOperation, readonly [Action, ...Action[]]>> = {
  CreateVault: ["cbr:vaults:create"],
  CreatePostPaidVault: ["cbr:vaults:create"],
  ListVault: ["cbr:vaults:list"],
  ShowVault: ["cbr:vaults:get"],
  UpdateVault: ["cbr:vaults:update"],
  DeleteVault: ["cbr:vaults:delete"],
  AddVaultResource: ["cbr:vaults:addResources"],
  RemoveVaultResource: ["cbr:vaults:removeResources"],
  MigrateVaultResource: ["cbr:vaults:migrateResources", "cbr:vaults:addResources"],
  AssociateVaultPolicy: ["cbr:vaults:associatePolicy"],
  DisassociateVaultPolicy: ["cbr:vaults:dissociatePolicy"],
  SetVaultResource: ["cbr:vaults:setResources"], // ours
  BatchUpdateVault: ["cbr:vaults:update"],
  ChangeVaultChargeMode: ["cbr:vaults:changeChargeMode"], // ours
  ShowSummary: ["cbr:vaults:getSummary"], // ours
  ListExternalVault: ["cbr:vaults:listExternalVaults"],

  CreatePolicy: ["cbr:policies:create"],
  ListPolicies: ["cbr:policies:list"],
  ShowPolicy: ["cbr:policies:get"],
  UpdatePolicy: ["cbr:policies:update"],
  DeletePolicy: ["cbr:policies:delete"],
  CreateOrganizationPolicy: ["cbr:organizationPolicies:create"], // ours, and the next five
  ListOrganizationPolicies: ["cbr:organizationPolicies:list"],
  ShowOrganizationPolicy: ["cbr:organizationPolicies:get"],
  UpdateOrganizationPolicy: ["cbr:organizationPolicies:update"],
  DeleteOrganizationPolicy: ["cbr:organizationPolicies:delete"],
  ListOrganizationPolicyDetail: ["cbr:organizationPolicies:get"],

  CreateCheckpoint: ["cbr:vaults:backup"],
  ShowCheckpoint: ["cbr:vaults:getCheckpoint"], // ours
  CopyCheckpoint: ["cbr:vaults:replicate"],
  ImportCheckpoint: ["cbr:vaults:sync"],

  ListBackups: ["cbr:backups:list"],
  ShowBackup: ["cbr:backups:get"],
  UpdateBackup: ["cbr:backups:update"], // ours
  DeleteBackup: ["cbr:backups:delete"],
  RestoreBackup: ["cbr:backups:restore"],
  CopyBackup: ["cbr:backups:replicate"],
  ShowMetadata: ["cbr:backups:getMetadata"], // ours
  ImportBackup: ["cbr:backups:sync"],
  AddMember: ["cbr:member:create"],
  ShowMembersDetail: ["cbr:member:list"],
  ShowMemberDetail: ["cbr:member:get"],
  UpdateMemberStatus: ["cbr:member:update"],
  DeleteMember: ["cbr:member:delete"],

  ListOpLogs: ["cbr:tasks:list"],
  ShowOpLog: ["cbr:tasks:get"],
  ListProtectable: ["cbr:vaults:listProtectables"],
  ShowProtectable: ["cbr:vaults:getProtectables"],
  CheckAgent: ["cbr:backups:checkAgent"],
  ShowReplicationCapabilities: ["cbr:backups:queryReplicationCapability"],

  CreateVaultTags: ["cbr:vaults:setTags"],
  ShowVaultTag: ["cbr:vaults:getTags"],
  DeleteVaultTag: ["cbr:vaults:deleteTags"],
  BatchCreateAndDeleteVaultTags: ["cbr:vaults:bulkCreateOrDeleteTags"],
  ShowVaultProjectTag: ["cbr:vaults:listProjectTags"],
  ShowVaultResourceInstances: ["cbr:vaults:listResourceInstances"],

  RegisterAgent: ["cbr:agents:register"],
  ListAgent: ["cbr:agents:list"],
  ShowAgent: ["cbr:agents:get"],
  UpdateAgent: ["cbr:agents:update"],
  UnregisterAgent: ["cbr:agents:delete"],
  AddAgentPath: ["cbr:agents:addPath"],
  RemoveAgentPath: ["cbr:agents:removePath"],

  ChangeOrder: ["cbr:orders:change"], // ours, and all that follow
  UpdateOrder: ["cbr:orders:update"],
  ShowStorageUsage: ["cbr:vaults:getStorageUsage"],
  ListFeatures: ["cbr:features:list"],
  ShowFeature: ["cbr:features:get"],
  AddResource: ["holdfast:resources:create"],
  ListResources: ["holdfast:resources:list"],
  RemoveResource: ["holdfast:resources:delete"],
  ListScheduledRuns: ["cbr:runs:list"],
  ShowCompliance: ["cbr:policies:getCompliance"],
  ListTrash: ["cbr:trash:list"],
  UndeleteBackup: ["cbr:trash:undelete"],
  ShowFate: ["cbr:backups:getFate"],
  PreviewPolicy: ["cbr:policies:getPreview"],
  ListHeldPlans: ["cbr:heldPlans:list"],
  ConfirmHeldPlan: ["cbr:heldPlans:confirm"],
  ListAudit: ["cbr:audit:list"],
  ListAuditBatches: ["cbr:audit:listBatches"],
  VerifyAudit: ["cbr:audit:getVerification"],
  ListMetering: ["cbr:metering:list"],
  FreezeVault: ["holdfast:vaults:freeze"],
  UnfreezeVault: ["holdfast:vaults:unfreeze"],
};
