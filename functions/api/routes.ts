/** Who answers which operation. */
import type { Services } from "../../core/app/services.ts";
import { auditEvent } from "../../core/domain/audit-events.ts";
import { ACTIONS } from "./actions.ts";
import { administer } from "./administration.ts";
import * as agents from "./agents.ts";
import * as audit from "./audit.ts";
import * as backups from "./backups.ts";
import * as checkpoints from "./checkpoints.ts";
import { showCompliance } from "./compliance.ts";
import * as domains from "./domains.ts";
import * as enterpriseProjects from "./enterprise-projects.ts";
import * as features from "./features.ts";
import * as freezing from "./freezing.ts";
import * as identity from "./identity.ts";
import type { Handler, Route } from "./kit/request.ts";
import * as members from "./members.ts";
import * as metering from "./metering.ts";
import * as migrates from "./migrates.ts";
import * as operationLogs from "./operation-logs.ts";
import { OPERATIONS, type OperationName } from "./operations.ts";
import * as orders from "./orders.ts";
import * as organizationPolicies from "./organization-policies.ts";
import * as policies from "./policies.ts";
import * as protectables from "./protectables.ts";
import * as replication from "./replication.ts";
import * as resources from "./resources.ts";
import * as retention from "./retention.ts";
import { listScheduledRuns } from "./scheduled-runs.ts";
import * as tags from "./tags.ts";
import { createTemporaryKey } from "./temporary-keys.ts";
import { traced } from "./traced.ts";
import * as switches from "./vault-switches.ts";
import * as vaults from "./vaults.ts";
import { listVersions, showHealth, showIdentityVersion } from "./versions.ts";

/**
 * A new operation goes here, under its name in operations.ts: `CreateVault: vaults.createVault`. One without a handler is
 * known all the same: after authentication and permission it answers 501 with its name.
 */
const HANDLERS: Partial<Record<OperationName, Handler<Services>>> = {
  ListVersions: listVersions,
  ShowVersion: listVersions,

  ShowIdentityVersion: showIdentityVersion,
  CreateToken: identity.createToken,
  ShowToken: identity.showToken,
  ListAuthProjects: identity.listProjects,
  ListAuthDomains: identity.listDomains,
  ShowCatalog: identity.showCatalog,
  ListIdentityProjects: identity.listProjects,
  ShowIdentityProject: identity.showProject,
  ListUsers: identity.listUsers,
  RevokeToken: identity.revokeToken,
  CreateTemporaryKey: createTemporaryKey,

  MigrateEnterpriseResource: enterpriseProjects.migrateResource,
  FilterEnterpriseResources: enterpriseProjects.filterResources,

  ListProjects: domains.listRegionProjects,
  ListDomainProjects: domains.listDomainProjects,
  ShowDomain: domains.showDomain,

  CreateVault: vaults.createVault,
  ListVault: vaults.listVaults,
  ShowVault: vaults.showVault,
  UpdateVault: vaults.updateVault,
  DeleteVault: vaults.deleteVault,
  AddVaultResource: vaults.addVaultResources,
  RemoveVaultResource: vaults.removeVaultResources,
  MigrateVaultResource: switches.migrateVaultResources,
  SetVaultResource: switches.setVaultResources,
  BatchUpdateVault: switches.batchUpdateVaults,
  ShowSummary: switches.showSummary,
  ListExternalVault: switches.listExternalVaults,
  AssociateVaultPolicy: policies.associatePolicy,
  DisassociateVaultPolicy: policies.dissociatePolicy,

  CreatePolicy: policies.createPolicy,
  ListPolicies: policies.listPolicies,
  ShowPolicy: policies.showPolicy,
  UpdatePolicy: policies.updatePolicy,
  DeletePolicy: policies.deletePolicy,

  CreatePostPaidVault: orders.orderVault,
  ChangeVaultChargeMode: orders.changeChargeMode,
  ChangeOrder: orders.changeOrder,
  UpdateOrder: orders.updateOrder,

  CreateOrganizationPolicy: organizationPolicies.createOrganizationPolicy,
  ListOrganizationPolicies: organizationPolicies.listOrganizationPolicies,
  ShowOrganizationPolicy: organizationPolicies.showOrganizationPolicy,
  UpdateOrganizationPolicy: organizationPolicies.updateOrganizationPolicy,
  DeleteOrganizationPolicy: organizationPolicies.deleteOrganizationPolicy,
  ListOrganizationPolicyDetail: organizationPolicies.listOrganizationPolicyDetail,

  CreateCheckpoint: checkpoints.createCheckpoint,
  ShowCheckpoint: checkpoints.showCheckpoint,

  ListBackups: backups.listBackups,
  ShowBackup: backups.showBackup,
  UpdateBackup: backups.updateBackup,
  DeleteBackup: backups.deleteBackup,
  RestoreBackup: backups.restoreBackup,
  ShowMetadata: backups.showBackupMetadata,

  CopyCheckpoint: replication.copyCheckpoint,
  ImportCheckpoint: replication.importCheckpoint,
  CopyBackup: replication.copyBackup,
  ImportBackup: replication.importBackup,

  AddMember: members.addMembers,
  ShowMembersDetail: members.listMembers,
  ShowMemberDetail: members.showMember,
  UpdateMemberStatus: members.updateMember,
  DeleteMember: members.deleteMember,

  ListOpLogs: operationLogs.listOperationLogs,
  ShowOpLog: operationLogs.showOperationLog,

  ListProtectable: protectables.listProtectables,
  ShowProtectable: protectables.showProtectable,
  ShowReplicationCapabilities: features.showReplicationCapabilities,

  CreateVaultTags: tags.createTag,
  ShowVaultTag: tags.showTags,
  DeleteVaultTag: tags.deleteTag,
  BatchCreateAndDeleteVaultTags: tags.changeTags,
  ShowVaultProjectTag: tags.listProjectTags,
  ShowVaultResourceInstances: tags.searchResourceInstances,

  ShowStorageUsage: switches.showStorageUsage,
  ListFeatures: features.listFeatures,
  ShowFeature: features.showFeature,

  CheckAgent: agents.checkAgent,
  RegisterAgent: agents.registerAgent,
  ListAgent: agents.listAgents,
  ShowAgent: agents.showAgent,
  UpdateAgent: agents.updateAgent,
  UnregisterAgent: agents.unregisterAgent,
  AddAgentPath: agents.addAgentPath,
  RemoveAgentPath: agents.removeAgentPath,

  ShowMigrateStatus: migrates.showMigrateStatus,
  MigrateDomain: migrates.migrateDomain,

  ShowHealth: showHealth,
  ListMetering: metering.listMetering,
  FreezeVault: freezing.freezeVault,
  UnfreezeVault: freezing.unfreezeVault,
  AddResource: resources.addResource,
  ListResources: resources.listResources,
  RemoveResource: resources.removeResource,
  Administer: administer,
  ListScheduledRuns: listScheduledRuns,
  ShowCompliance: showCompliance,
  ListTrash: retention.listTrash,
  UndeleteBackup: retention.undeleteBackup,
  ShowFate: retention.showFate,
  PreviewPolicy: retention.previewPolicy,
  ListHeldPlans: retention.listHeldPlans,
  ConfirmHeldPlan: retention.confirmHeldPlan,
  ListAudit: audit.listAudit,
  ListAuditBatches: audit.listAuditBatches,
  VerifyAudit: audit.verifyAuditTrail,
};

/** The route table of the API, for `createApi`. What changes something leaves a trace; signing in changes nothing. */
export const routes: readonly Route<Services>[] = OPERATIONS.map(([op, name, method, path, auth]) => {
  const event = auth === "none" ? undefined : auditEvent(name, method);
  const plain = HANDLERS[name];
  const handler = plain && event ? traced(event, plain) : plain;
  return {
    op,
    name,
    method,
    path,
    auth,
    ...(auth === "project" && { actions: ACTIONS[name] }),
    ...(handler !== undefined && { handler }),
  };
});
