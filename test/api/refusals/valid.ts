/** A body that every operation with one accepts, for tests of what is wrong with others. */
import { SERVER } from "../../../core/domain/resource-types.ts";
import { diskResource, vaultBody } from "../../support/vault-host.ts";
import { agentBody, destination, importBody, NOBODY, organizationPolicyBody, policyBody, tags } from "./world.ts";

const orders = { product_id: "p", resource_size: 10, resource_spec_code: "s", resource_size_measure_id: 17 };

/** `policyId`: of a policy that exists: it is looked for before the vault is. */
export const validBodies = (policyId: string) =>
  ({
    CreateVault: vaultBody(),
    CreatePostPaidVault: vaultBody({}, { period_type: "month", period_num: 1 }),
    UpdateVault: { vault: { name: "n" } },
    AddVaultResource: { resources: [diskResource("d1")] },
    RemoveVaultResource: { resource_ids: ["d1"] },
    MigrateVaultResource: { destination_vault_id: NOBODY.replaceAll("1", "2"), resource_ids: ["d1"] },
    AssociateVaultPolicy: { policy_id: policyId },
    DisassociateVaultPolicy: { policy_id: policyId },
    SetVaultResource: { resource_ids: ["d1"], action: "suspend" },
    BatchUpdateVault: { vault: { threshold: 80 } },
    ChangeVaultChargeMode: { vault_ids: [NOBODY], charging_mode: "pre_paid", period_type: "month", period_num: 1 },
    CreatePolicy: policyBody(),
    UpdatePolicy: { policy: { enabled: false } },
    CreateOrganizationPolicy: organizationPolicyBody(),
    UpdateOrganizationPolicy: { policy: { policy_enabled: false } },
    CreateCheckpoint: { checkpoint: { vault_id: NOBODY } },
    CopyCheckpoint: { replicate: { vault_id: NOBODY, ...destination() } },
    ImportCheckpoint: { sync: { vault_id: NOBODY, auto_trigger: false } },
    UpdateBackup: { backup: { name: "n" } },
    RestoreBackup: { restore: { volume_id: "d1" } },
    CopyBackup: { replicate: destination() },
    ImportBackup: importBody,
    AddMember: { members: ["b".repeat(32)] },
    UpdateMemberStatus: { status: "rejected" },
    CheckAgent: { agent_status: [{ resource_id: "s", resource_type: SERVER }] },
    CreateVaultTags: { tag: { key: "k", value: "v" } },
    BatchCreateAndDeleteVaultTags: { action: "create", tags: tags(1) },
    ShowVaultResourceInstances: { action: "count" },
    RegisterAgent: agentBody(),
    UpdateAgent: { agent: { status: "uninstall" } },
    AddAgentPath: { add_path: ["/srv"] },
    RemoveAgentPath: { remove_path: ["/srv"] },
    ChangeOrder: { resource_id: NOBODY, product_info: orders },
    UpdateOrder: {
      resourceId: NOBODY,
      productInfo: { productId: "p", resourceSize: 10, resourceSpecCode: "s", resourceSizeMeasureId: 17 },
    },
    MigrateDomain: { all_regions: true },
  }) as const satisfies Readonly<Record<string, object>>;
