/** What tests of refusals are made of: a request as an operation of the table takes it, and short ways to the states that refuse. */
import type { Backup, Binding, Part, Vault } from "../../../core/app/records/entities.ts";
import { bindingKey, vaultKey } from "../../../core/app/records/keys.ts";
import { bindings, load, vaults } from "../../../core/app/records/tables.ts";
import { SERVER } from "../../../core/domain/resource-types.ts";
import type { Given, REFUSALS } from "../../../functions/api/contract/refusals.ts";
import { backupRow, partRow, putBackup } from "../../support/backup-rows.ts";
import { forced } from "../../support/forced.ts";
import {
  type Answer,
  diskResource,
  PROJECT,
  serverResource,
  type VaultHost,
  vaultBody,
} from "../../support/vault-host.ts";

/** What goes into the template of an operation's path, and with it. */
export interface Asked {
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: object;
}
/** Brings about the state in which the operation refuses, and says what to ask then. */
export type Provoke = (host: VaultHost) => Promise<Asked>;
/** A way to every code that each of these operations gives: one too few or too many does not compile, and fails. */
export type Provocations<N extends keyof typeof REFUSALS> = {
  readonly [Name in N]: { readonly [Code in Given<Name>]: Provoke };
};

/** An id that nothing has. */
export const NOBODY = "11111111-1111-4111-8111-111111111111";
const NIGHTLY = "FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30";

/** @throws unless it succeeds */
export async function ok(asked: Promise<Answer>): Promise<Answer["body"]> {
  const { status, body } = await asked;
  if (status > 299) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

/** @returns the new vault's id */
export const vault = async (host: VaultHost, change: object = {}, billing: object = {}): Promise<string> =>
  (await ok(host.call("POST", "/vaults", vaultBody(change, billing)))).vault.id;

export const servers = { object_type: "server" };
export const replicas = { protect_type: "replication" };

/** A vault with one disk, `d1`. */
export async function diskVault(host: VaultHost, change: object = {}, billing: object = {}): Promise<string> {
  if (!host.resources.resources.has("d1")) host.resources.addDisk("d1");
  return vault(host, { resources: [diskResource("d1")], ...change }, billing);
}

/** A vault with one server, `srv`, of `disks` disks. */
export async function serverVault(host: VaultHost, disks = 1, billing: object = {}): Promise<string> {
  host.resources.addServer("srv", disks);
  return vault(host, { resources: [serverResource("srv")] }, { ...servers, ...billing });
}

/** Writes what work in progress would have written. */
export async function setBinding(host: VaultHost, id: string, resource: string, change: Partial<Binding>) {
  const binding = await load(host.records, bindings, bindingKey(id, resource));
  if (binding === undefined) throw new Error(`${resource} is not in vault ${id}`);
  await host.records.write(forced(bindings, { ...binding, ...change }));
}

export async function setVault(host: VaultHost, id: string, change: (vault: Vault) => Partial<Vault>): Promise<void> {
  const found = await load(host.records, vaults, vaultKey(id));
  if (found === undefined) throw new Error(`no vault ${id}`);
  await host.records.write(forced(vaults, { ...found, ...change(found) }));
}

/** No workflow runs here: what is started stays as it was started. */
export const backUp = (host: VaultHost, vault_id: string) =>
  ok(host.call("POST", "/checkpoints", { checkpoint: { vault_id } }));
export const remove = (host: VaultHost, id: string, resource: string) =>
  ok(host.call("POST", `/vaults/${id}/removeresources`, { resource_ids: [resource] }));
export const deleteVault = async (host: VaultHost, id: string): Promise<string> => {
  await ok(host.call("DELETE", `/vaults/${id}`));
  return id;
};
/** As an operator does. */
export const freeze = async (host: VaultHost, vaultId: string): Promise<string> => {
  await setVault(host, vaultId, () => ({ status: "frozen" }));
  return vaultId;
};

/** @returns the new policy's id */
export const policy = async (host: VaultHost, change: object = {}): Promise<string> =>
  (await ok(host.call("POST", "/policies", policyBody(change)))).policy.id;
export const policyBody = (change: object = {}) => ({
  policy: {
    name: "nightly",
    operation_type: "backup",
    operation_definition: { max_backups: 7 },
    trigger: { properties: { pattern: [NIGHTLY] } },
    ...change,
  },
});
export const replicating = {
  operation_type: "replication",
  operation_definition: { destination_region: "eu-2", destination_project_id: PROJECT },
};

export const organizationPolicyBody = (change: object = {}) => ({
  policy: {
    name: "org-nightly",
    operation_type: "backup",
    policy_name: "nightly",
    policy_enabled: true,
    policy_operation_definition: { max_backups: 10 },
    policy_trigger: { properties: { pattern: [NIGHTLY.replace("30", "00")] } },
    ...change,
  },
});

/** Where a replica shall go. */
export const destination = (change: object = {}) => ({
  destination_project_id: "b".repeat(32),
  destination_region: "there",
  destination_vault_id: NOBODY,
  ...change,
});

/** An on-premises backup that is to be imported. */
export const importBody = {
  sync: [
    {
      backup_id: NOBODY,
      backup_name: "b",
      bucket_name: "bucket",
      image_path: "i",
      resource_id: "r",
      resource_name: "r",
      resource_type: "OS::Native::Server",
      created_at: 0,
    },
  ],
};

export const tags = (count: number) => Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: "" }));
export const disks = (count: number) => Array.from({ length: count }, (_, n) => diskResource(`m${n}`));
export const agentBody = (change: object = {}) => ({
  agent: {
    agent_id: "a1",
    host_ip: "10.0.0.1",
    host_name: "h",
    host_os: "linux",
    agent_type: "native",
    agent_version: "1.2.3",
    ...change,
  },
});
/** @returns the agent's id */
export const agent = async (host: VaultHost): Promise<string> => {
  await ok(host.call("POST", "/agents", agentBody()));
  return "a1";
};

/** A backup of the disk of a new vault. @returns the vault */
export async function diskBackup(host: VaultHost, change: Partial<Backup> = {}, more: object = {}): Promise<string> {
  const vaultId = await diskVault(host, more);
  await putBackup(host.records, backupRow("b1", { vaultId, resourceId: "d1", ...change }), [
    partRow("b1", "b1", { diskId: "d1" }),
  ]);
  return vaultId;
}
/** A backup of a server whose disks are `b1-0`, `b1-1` …: its first is the system disk. @returns the vault */
export async function serverBackup(host: VaultHost, disks = 1, change: Partial<Part> = {}): Promise<string> {
  const vaultId = await serverVault(host, disks);
  const backup = backupRow("b1", { vaultId, resourceId: "srv", resourceType: SERVER });
  const parts = Array.from({ length: disks }, (_, n) =>
    partRow("b1", `b1-${n}`, { diskId: `srv-d${n}`, system: n === 0, ...change }),
  );
  await putBackup(host.records, backup, parts);
  return vaultId;
}

/** The path of both. */
export const path = { backup_id: "b1" };
