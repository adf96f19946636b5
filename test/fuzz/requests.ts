/** Sound requests, one for each operation: what mutations begin with. */
import { OPERATIONS } from "../../functions/api/operations.ts";
import type { ToSign } from "../api/kit/test-signer.ts";
import type { FuzzWorld } from "./world.ts";

/** A request before it is signed. */
export type Draft = Omit<ToSign, "headers"> & { readonly headers: Readonly<Record<string, string>> };

const NOBODY = "11111111-2222-4333-8444-555555555555";
const DEFINITION = { max_backups: 7, day_backups: 3, timezone: "UTC+01:00" };
const PATTERN = ["FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=14;BYMINUTE=00"];

/** Bodies by operation; an operation that is not here gets an empty object. */
const bodies = ({ known }: FuzzWorld): Readonly<Record<string, unknown>> => ({
  CreateVault: {
    vault: {
      name: "fuzz",
      description: "d",
      billing: { object_type: "disk", protect_type: "backup", consistent_level: "crash_consistent", size: 100 },
      resources: [{ id: "disk-2", type: "OS::Cinder::Volume", extra_info: { exclude_volumes: [] } }],
      tags: [{ key: "k", value: "v" }],
      bind_rules: { tags: [{ key: "a", value: "b" }] },
      threshold: 80,
    },
  },
  UpdateVault: { vault: { name: "other", billing: { size: 200 }, threshold: 70, bind_rules: { tags: [] } } },
  AddVaultResource: { resources: [{ id: "disk-2", type: "OS::Cinder::Volume" }] },
  RemoveVaultResource: { resource_ids: ["disk-1"] },
  MigrateVaultResource: { destination_vault_id: NOBODY, resource_ids: ["disk-1"] },
  AssociateVaultPolicy: { policy_id: NOBODY },
  DisassociateVaultPolicy: { policy_id: NOBODY },
  SetVaultResource: { resource_ids: ["disk-1"], action: "suspend" },
  BatchUpdateVault: { vault: { smn_notify: true, threshold: 60 } },
  CreatePolicy: {
    policy: {
      name: "p",
      operation_type: "backup",
      enabled: true,
      operation_definition: DEFINITION,
      trigger: { properties: { pattern: PATTERN } },
    },
  },
  UpdatePolicy: { policy: { name: "q", enabled: false, operation_definition: { max_backups: 3 } } },
  CreateCheckpoint: {
    checkpoint: {
      vault_id: known.vault_id,
      parameters: { name: "c", incremental: true, resource_details: [{ id: "disk-1", type: "OS::Cinder::Volume" }] },
    },
  },
  UpdateBackup: { backup: { name: "b" } },
  RestoreBackup: { restore: { volume_id: "disk-1", mappings: [], power_on: false } },
  CreateVaultTags: { tag: { key: "k2", value: "v2" } },
  BatchCreateAndDeleteVaultTags: { action: "create", tags: [{ key: "k3", value: "" }] },
  ShowVaultResourceInstances: { action: "filter", limit: "10", offset: "0", tags: [{ key: "k", values: ["v"] }] },
  AddMember: { members: [NOBODY.replaceAll("-", "")] },
  UpdateMemberStatus: { status: "accepted", vault_id: known.vault_id },
  RegisterAgent: {
    agent: { agent_id: NOBODY, host_ip: "10.0.0.1", host_name: "h", host_os: "linux", agent_type: "cloud" },
  },
  AddAgentPath: { add_path: ["/srv"], exclude_path: [] },
  RemoveAgentPath: { remove_path: ["/srv"] },
  MigrateEnterpriseResource: { resource_type: "vault", resource_id: known.vault_id, project_id: known.project_id },
  FilterEnterpriseResources: { projects: [known.project_id], resource_types: ["vault"], limit: 10, offset: 0 },
  CreateToken: { auth: { identity: { methods: ["password"], password: { user: { name: "admin", password: "no" } } } } },
  AddResource: { resource: { kind: "disk", path: "/nowhere.img", name: "n" } },
});

/** One for each operation and spelling. Ids that the world has are named half of the time. */
export function soundRequests(world: FuzzWorld, random: () => number): readonly Draft[] {
  const made = bodies(world);
  return OPERATIONS.map(([, name, method, path]) => {
    const segments = path
      .split("/")
      .slice(1)
      .map((segment) => (segment.startsWith("{") ? segmentFor(segment.slice(1, -1), world, random) : segment));
    const hasBody = method === "POST" || method === "PUT";
    return {
      method,
      segments: segments.filter((segment) => segment !== ""),
      query: method === "GET" && path.startsWith("/v3/{") ? [["limit", "10"] as const, ["offset", "0"] as const] : [],
      headers: { "content-type": "application/json" },
      body: hasBody ? JSON.stringify(made[name] ?? {}) : "",
    };
  });
}

function segmentFor(parameter: string, { known }: FuzzWorld, random: () => number): string {
  const id = known[parameter];
  return id !== undefined && (parameter === "project_id" || random() < 0.5) ? id : NOBODY;
}
