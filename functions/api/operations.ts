/** Which operations the API has: all 75 of the CBR contract (cbr-api §6), the facades of identity (clients.md §1) and of enterprise projects (cbr-api 4.3), and ours. */
import type { AuthKind, Route } from "./kit/request.ts";

type Row = readonly [op: number | string, name: string, method: Route<never>["method"], path: string, auth: AuthKind];

/**
 * Number or group, name, method, path, who may ask. The order does not matter: the router prefers literal segments. A name
 * that stands twice has two spellings on the wire (cbr-api D-26 and the note below §6). Infra builds its routes from here.
 */
export const OPERATIONS = [
  // versions
  [1, "ListVersions", "GET", "/", "none"],
  [2, "ShowVersion", "GET", "/cbr", "none"],
  [2, "ShowVersion", "GET", "/csbs", "none"],
  [2, "ShowVersion", "GET", "/vbs", "none"],
  // vaults
  [3, "CreateVault", "POST", "/v3/{project_id}/vaults", "project"],
  [4, "CreatePostPaidVault", "POST", "/v3/{project_id}/vaults/order", "project"],
  [5, "ListVault", "GET", "/v3/{project_id}/vaults", "project"],
  [6, "ShowVault", "GET", "/v3/{project_id}/vaults/{vault_id}", "project"],
  [7, "UpdateVault", "PUT", "/v3/{project_id}/vaults/{vault_id}", "project"],
  [8, "DeleteVault", "DELETE", "/v3/{project_id}/vaults/{vault_id}", "project"],
  [9, "AddVaultResource", "POST", "/v3/{project_id}/vaults/{vault_id}/addresources", "project"],
  [10, "RemoveVaultResource", "POST", "/v3/{project_id}/vaults/{vault_id}/removeresources", "project"],
  [11, "MigrateVaultResource", "POST", "/v3/{project_id}/vaults/{vault_id}/migrateresources", "project"],
  [12, "AssociateVaultPolicy", "POST", "/v3/{project_id}/vaults/{vault_id}/associatepolicy", "project"],
  [13, "DisassociateVaultPolicy", "POST", "/v3/{project_id}/vaults/{vault_id}/dissociatepolicy", "project"],
  [14, "SetVaultResource", "PUT", "/v3/{project_id}/vaults/{vault_id}/set-resources", "project"],
  [14, "SetVaultResource", "PUT", "/v3/{project_id}/vaults/{vault_id}/set_resource", "project"],
  [15, "BatchUpdateVault", "PUT", "/v3/{project_id}/vaults/batch-update", "project"],
  [16, "ChangeVaultChargeMode", "POST", "/v3/{project_id}/vaults/change-charge-mode", "project"],
  [17, "ShowSummary", "GET", "/v3/{project_id}/vaults/summary", "project"],
  [18, "ListExternalVault", "GET", "/v3/{project_id}/vaults/external", "project"],
  [18, "ListExternalVault", "GET", "/v3/{project_id}/external_vaults", "project"],
  // policies
  [19, "CreatePolicy", "POST", "/v3/{project_id}/policies", "project"],
  [20, "ListPolicies", "GET", "/v3/{project_id}/policies", "project"],
  [21, "ShowPolicy", "GET", "/v3/{project_id}/policies/{policy_id}", "project"],
  [22, "UpdatePolicy", "PUT", "/v3/{project_id}/policies/{policy_id}", "project"],
  [23, "DeletePolicy", "DELETE", "/v3/{project_id}/policies/{policy_id}", "project"],
  // organization policies
  [24, "CreateOrganizationPolicy", "POST", "/v3/{project_id}/organization-policies", "project"],
  [25, "ListOrganizationPolicies", "GET", "/v3/{project_id}/organization-policies", "project"],
  [26, "ShowOrganizationPolicy", "GET", "/v3/{project_id}/organization-policies/{organization_policy_id}", "project"],
  [27, "UpdateOrganizationPolicy", "PUT", "/v3/{project_id}/organization-policies/{organization_policy_id}", "project"],
  [
    28,
    "DeleteOrganizationPolicy",
    "DELETE",
    "/v3/{project_id}/organization-policies/{organization_policy_id}",
    "project",
  ],
  [
    29,
    "ListOrganizationPolicyDetail",
    "GET",
    "/v3/{project_id}/organization-policies/{organization_policy_id}/policy-detail",
    "project",
  ],
  // restore points
  [30, "CreateCheckpoint", "POST", "/v3/{project_id}/checkpoints", "project"],
  [31, "ShowCheckpoint", "GET", "/v3/{project_id}/checkpoints/{checkpoint_id}", "project"],
  [32, "CopyCheckpoint", "POST", "/v3/{project_id}/checkpoints/replicate", "project"],
  [33, "ImportCheckpoint", "POST", "/v3/{project_id}/checkpoints/sync", "project"],
  // backups
  [34, "ListBackups", "GET", "/v3/{project_id}/backups", "project"],
  [35, "ShowBackup", "GET", "/v3/{project_id}/backups/{backup_id}", "project"],
  [36, "UpdateBackup", "PUT", "/v3/{project_id}/backups/{backup_id}", "project"],
  [37, "DeleteBackup", "DELETE", "/v3/{project_id}/backups/{backup_id}", "project"],
  [38, "RestoreBackup", "POST", "/v3/{project_id}/backups/{backup_id}/restore", "project"],
  [39, "CopyBackup", "POST", "/v3/{project_id}/backups/{backup_id}/replicate", "project"],
  [40, "ShowMetadata", "GET", "/v3/{project_id}/backups/{backup_id}/metadata", "project"],
  [41, "ImportBackup", "POST", "/v3/{project_id}/backups/sync", "project"],
  // sharing
  [42, "AddMember", "POST", "/v3/{project_id}/backups/{backup_id}/members", "project"],
  [43, "ShowMembersDetail", "GET", "/v3/{project_id}/backups/{backup_id}/members", "project"],
  [44, "ShowMemberDetail", "GET", "/v3/{project_id}/backups/{backup_id}/members/{member_id}", "project"],
  [45, "UpdateMemberStatus", "PUT", "/v3/{project_id}/backups/{backup_id}/members/{member_id}", "project"],
  [46, "DeleteMember", "DELETE", "/v3/{project_id}/backups/{backup_id}/members/{member_id}", "project"],
  // tasks
  [47, "ListOpLogs", "GET", "/v3/{project_id}/operation-logs", "project"],
  [48, "ShowOpLog", "GET", "/v3/{project_id}/operation-logs/{operation_log_id}", "project"],
  // protectability
  [49, "ListProtectable", "GET", "/v3/{project_id}/protectables/{protectable_type}/instances", "project"],
  [50, "ShowProtectable", "GET", "/v3/{project_id}/protectables/{protectable_type}/instances/{instance_id}", "project"],
  [51, "CheckAgent", "POST", "/v3/{project_id}/agent/check", "project"],
  [52, "ShowReplicationCapabilities", "GET", "/v3/{project_id}/replication-capabilities", "project"],
  // tags
  [53, "CreateVaultTags", "POST", "/v3/{project_id}/vault/{vault_id}/tags", "project"],
  [54, "ShowVaultTag", "GET", "/v3/{project_id}/vault/{vault_id}/tags", "project"],
  [55, "DeleteVaultTag", "DELETE", "/v3/{project_id}/vault/{vault_id}/tags/{key}", "project"],
  [56, "BatchCreateAndDeleteVaultTags", "POST", "/v3/{project_id}/vault/{vault_id}/tags/action", "project"],
  [57, "ShowVaultProjectTag", "GET", "/v3/{project_id}/vault/tags", "project"],
  [58, "ShowVaultResourceInstances", "POST", "/v3/{project_id}/vault/resource_instances/action", "project"],
  // agents (file backup)
  [59, "RegisterAgent", "POST", "/v3/{project_id}/agents", "project"],
  [60, "ListAgent", "GET", "/v3/{project_id}/agents", "project"],
  [61, "ShowAgent", "GET", "/v3/{project_id}/agents/{agent_id}", "project"],
  [62, "UpdateAgent", "PUT", "/v3/{project_id}/agents/{agent_id}", "project"],
  [63, "UnregisterAgent", "DELETE", "/v3/{project_id}/agents/{agent_id}", "project"],
  [64, "AddAgentPath", "POST", "/v3/{project_id}/agents/{agent_id}/add-path", "project"],
  [65, "RemoveAgentPath", "POST", "/v3/{project_id}/agents/{agent_id}/remove-path", "project"],
  // billing/orders
  [66, "ChangeOrder", "POST", "/v3/{project_id}/orders/change", "project"],
  [67, "UpdateOrder", "PUT", "/v3/{project_id}/orders/{order_id}", "project"],
  [68, "ShowStorageUsage", "GET", "/v3/{project_id}/storage_usage", "project"],
  // features
  [69, "ListFeatures", "GET", "/v3/{project_id}/cbr-features", "project"],
  [70, "ShowFeature", "GET", "/v3/{project_id}/cbr-features/{feature_key}", "project"],
  // account level
  [71, "ShowMigrateStatus", "GET", "/v3/migrates", "account"],
  [72, "MigrateDomain", "POST", "/v3/migrates", "account"],
  [73, "ListProjects", "GET", "/v3/region-projects", "account"],
  [74, "ListDomainProjects", "GET", "/v3/domain/{domain_name}/projects", "account"],
  [75, "ShowDomain", "GET", "/v3/domain/{source_project_id}", "account"],
  // identity
  ["identity", "ShowIdentityVersion", "GET", "/v3", "none"],
  ["identity", "CreateToken", "POST", "/v3/auth/tokens", "none"],
  ["identity", "ShowToken", "GET", "/v3/auth/tokens", "account"],
  ["identity", "ListAuthProjects", "GET", "/v3/auth/projects", "account"],
  ["identity", "ListAuthDomains", "GET", "/v3/auth/domains", "account"],
  ["identity", "ShowCatalog", "GET", "/v3/auth/catalog", "account"],
  ["identity", "ListIdentityProjects", "GET", "/v3/projects", "account"],
  ["identity", "ShowIdentityProject", "GET", "/v3/projects/{id}", "account"],
  ["identity", "ListUsers", "GET", "/v3/users", "account"],
  ["identity", "RevokeToken", "DELETE", "/v3/auth/tokens", "account"],
  ["identity", "CreateTemporaryKey", "POST", "/v3.0/OS-CREDENTIAL/securitytokens", "account"],
  // enterprise projects
  [
    "enterprise",
    "MigrateEnterpriseResource",
    "POST",
    "/v1.0/enterprise-projects/{enterprise_project_id}/resources-migrate",
    "account",
  ],
  [
    "enterprise",
    "FilterEnterpriseResources",
    "POST",
    "/v1.0/enterprise-projects/{enterprise_project_id}/resources/filter",
    "account",
  ],
  // ours
  ["host", "ShowHealth", "GET", "/healthz", "none"],
  ["host", "ListMetering", "GET", "/v3/{project_id}/holdfast/metering", "project"],
  ["host", "FreezeVault", "POST", "/v3/{project_id}/holdfast/vaults/{vault_id}/freeze", "project"],
  ["host", "UnfreezeVault", "POST", "/v3/{project_id}/holdfast/vaults/{vault_id}/unfreeze", "project"],
  ["host", "AddResource", "POST", "/v3/{project_id}/holdfast/resources", "project"],
  ["host", "ListResources", "GET", "/v3/{project_id}/holdfast/resources", "project"],
  ["host", "RemoveResource", "DELETE", "/v3/{project_id}/holdfast/resources/{resource_id}", "project"],
  ["host", "Administer", "POST", "/v3/holdfast/administration", "operator"],
  ["host", "ListScheduledRuns", "GET", "/v3/{project_id}/holdfast/runs", "project"],
  ["host", "ShowCompliance", "GET", "/v3/{project_id}/holdfast/compliance", "project"],
  ["host", "ListTrash", "GET", "/v3/{project_id}/holdfast/trash", "project"],
  ["host", "UndeleteBackup", "POST", "/v3/{project_id}/holdfast/backups/{backup_id}/undelete", "project"],
  ["host", "ShowFate", "GET", "/v3/{project_id}/holdfast/backups/{backup_id}/fate", "project"],
  ["host", "PreviewPolicy", "POST", "/v3/{project_id}/holdfast/policies/{policy_id}/preview", "project"],
  ["host", "ListHeldPlans", "GET", "/v3/{project_id}/holdfast/held-plans", "project"],
  ["host", "ConfirmHeldPlan", "POST", "/v3/{project_id}/holdfast/held-plans/{resource_id}/confirm", "project"],
  ["host", "ListAudit", "GET", "/v3/{project_id}/holdfast/audit", "project"],
  ["host", "ListAuditBatches", "GET", "/v3/{project_id}/holdfast/audit/batches", "project"],
  ["host", "VerifyAudit", "GET", "/v3/{project_id}/holdfast/audit/verification", "project"],
] as const satisfies readonly Row[];

/** Names of operations: what a handler is registered under in routes.ts. */
export type OperationName = (typeof OPERATIONS)[number][1];

/** Those on a project: each needs a right (actions.ts). */
export type ProjectOperation = Extract<(typeof OPERATIONS)[number], readonly [...unknown[], "project"]>[1];
