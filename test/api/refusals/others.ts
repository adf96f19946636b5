/** How each refusal of policies, tasks, tags, agents, orders and accounts (cbr-api 7.2, 7.3, 7.6–7.10) comes about. */
import {
  type Asked,
  agent,
  agentBody,
  deleteVault,
  NOBODY,
  ok,
  organizationPolicyBody,
  type Provocations,
  policy,
  policyBody,
  replicas,
  replicating,
  servers,
  tags,
  vault,
} from "./world.ts";

const orders = (resource_id: string): Asked => ({
  body: { resource_id, product_info: { product_id: "p", resource_size: 10, resource_spec_code: "s" } },
});
const camelOrders = (resourceId: string): Asked => ({
  path: { order_id: "o" },
  body: { resourceId, productInfo: { productId: "p", resourceSize: 10, resourceSpecCode: "s" } },
});
const path = (agent_id: string) => ({ agent_id });
const BAD_AGENT = { agent_id: "a b" };

export const otherRefusals: Provocations<
  | "CreatePolicy"
  | "ShowPolicy"
  | "UpdatePolicy"
  | "DeletePolicy"
  | "CreateOrganizationPolicy"
  | "ShowOpLog"
  | "ShowProtectable"
  | "CreateVaultTags"
  | "DeleteVaultTag"
  | "BatchCreateAndDeleteVaultTags"
  | "RegisterAgent"
  | "ShowAgent"
  | "UpdateAgent"
  | "UnregisterAgent"
  | "AddAgentPath"
  | "RemoveAgentPath"
  | "ChangeOrder"
  | "UpdateOrder"
  | "ShowMigrateStatus"
  | "MigrateDomain"
> = {
  CreatePolicy: {
    "6001": async (host) => {
      for (let n = 0; n < 32; n++) await policy(host);
      return { body: policyBody() };
    },
    "6117": async () => ({ body: policyBody({ operation_type: "copy" }) }),
  },
  ShowPolicy: { "6000": async () => ({ path: { policy_id: NOBODY } }) },
  UpdatePolicy: {
    "6000": async () => ({ path: { policy_id: NOBODY }, body: { policy: { enabled: false } } }),
    "6003": async (host) => {
      const id = await policy(host, replicating);
      const from = await vault(host, {}, servers);
      const destination_vault_id = await vault(host, {}, { ...servers, ...replicas });
      await ok(host.call("POST", `/vaults/${from}/associatepolicy`, { policy_id: id, destination_vault_id }));
      const operation_definition = { ...replicating.operation_definition, destination_region: "eu-3" };
      return { path: { policy_id: id }, body: { policy: { operation_definition } } };
    },
  },
  DeletePolicy: { "6000": async () => ({ path: { policy_id: NOBODY } }) },
  CreateOrganizationPolicy: {
    "6001": async (host) => {
      for (let n = 0; n < 32; n++) await ok(host.call("POST", "/organization-policies", organizationPolicyBody()));
      return { body: organizationPolicyBody() };
    },
  },
  ShowOpLog: { "6500": async () => ({ path: { operation_log_id: NOBODY } }) },
  ShowProtectable: {
    "6302": async () => ({ path: { protectable_type: "turbo", instance_id: "t" } }),
    "7000": async () => ({ path: { protectable_type: "disk", instance_id: "d" } }),
    "7100": async () => ({ path: { protectable_type: "server", instance_id: "s" } }),
  },
  CreateVaultTags: {
    "6112": async (host) => ({
      path: { vault_id: await deleteVault(host, await vault(host)) },
      body: { tag: { key: "k", value: "" } },
    }),
    "6600": async (host) => ({
      path: { vault_id: await vault(host, { tags: tags(20) }) },
      body: { tag: { key: "more", value: "" } },
    }),
  },
  DeleteVaultTag: {
    "6112": async (host) => ({
      path: { vault_id: await deleteVault(host, await vault(host, { tags: tags(1) })), key: "k0" },
    }),
    "6601": async (host) => ({ path: { vault_id: await vault(host), key: "k0" } }),
  },
  BatchCreateAndDeleteVaultTags: {
    "6112": async (host) => ({
      path: { vault_id: await deleteVault(host, await vault(host)) },
      body: { action: "create", tags: tags(1) },
    }),
    "6600": async (host) => ({
      path: { vault_id: await vault(host, { tags: tags(20) }) },
      body: { action: "create", tags: [{ key: "more", value: "" }] },
    }),
  },
  RegisterAgent: { "7403": async () => ({ body: agentBody(BAD_AGENT) }) },
  ShowAgent: { "7410": async () => ({ path: path("a1") }) },
  UpdateAgent: { "7403": async () => ({ path: BAD_AGENT, body: { agent: { status: "uninstall" } } }) },
  UnregisterAgent: {
    "7403": async () => ({ path: BAD_AGENT }),
    "7410": async () => ({ path: path("a1") }),
  },
  AddAgentPath: {
    "7403": async () => ({ path: BAD_AGENT, body: { add_path: ["/srv"] } }),
    "7407": async (host) => ({
      path: path(await agent(host)),
      body: { add_path: Array.from({ length: 41 }, (_, n) => `/srv/${n}`) },
    }),
  },
  RemoveAgentPath: { "7403": async () => ({ path: BAD_AGENT, body: { remove_path: ["/srv"] } }) },
  ChangeOrder: {
    "6105": async () => orders(NOBODY),
    "6109": async (host) => orders(await vault(host)),
  },
  UpdateOrder: {
    "6105": async () => camelOrders(NOBODY),
    "6109": async (host) => camelOrders(await vault(host)),
  },
  ShowMigrateStatus: { "4001": async () => ({}) },
  MigrateDomain: { "4002": async () => ({ body: { all_regions: true } }) },
};
