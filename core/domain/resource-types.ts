/** Kinds of vaults and of what they hold: which types fit together, and the fixed ids that the CBR contract gives them (§8). */

export const OBJECT_TYPES = ["server", "disk", "turbo", "workspace", "vmware", "rds", "file"] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

export const SERVER = "OS::Nova::Server";
export const DISK = "OS::Cinder::Volume";

/** Resource types that a vault of each object type takes (cbr-api 8.2); rds and file have no published type. */
const FITTING: Readonly<Record<ObjectType, readonly string[]>> = {
  server: [SERVER, "OS::Ironic::BareMetalServer"],
  disk: [DISK],
  turbo: ["OS::Sfs::Turbo"],
  workspace: ["OS::Workspace::DesktopV2"],
  vmware: ["OS::Native::Server"],
  rds: [],
  file: [],
};

export const fits = (objectType: ObjectType, resourceType: string): boolean =>
  FITTING[objectType].includes(resourceType);

/** The code of "this resource does not exist", by the type that was asked for (cbr-api 9.2). */
export function missingCode(resourceType: string): "7000" | "7100" | "7500" | "7600" | "6302" {
  switch (resourceType) {
    case DISK:
      return "7000";
    case SERVER:
    case "OS::Ironic::BareMetalServer":
      return "7100";
    case "OS::Sfs::Turbo":
      return "7500";
    case "OS::Workspace::DesktopV2":
      return "7600";
    default:
      return "6302";
  }
}

const SERVER_PROVIDER = "0daac4c5-6707-4851-97ba-169e36266b66";
const DISK_PROVIDER = "d1603440-187d-4516-af25-121250c7cc97";
const TURBO_PROVIDER = "3f3c3220-245c-4805-b811-758870015881";
const HYBRID_PROVIDER = "a13639de-00be-4e94-af30-26912d75e4a2";
const WORKSPACE_PROVIDER = "86a80900-71bf-4961-956a-d52df944f84a";

/** provider_id of a vault (cbr-api 8.1). None is published for rds and file: they run in servers, so they get the servers' one. */
const VAULT_PROVIDER: Readonly<Record<ObjectType, string>> = {
  server: SERVER_PROVIDER,
  disk: DISK_PROVIDER,
  turbo: TURBO_PROVIDER,
  workspace: WORKSPACE_PROVIDER,
  vmware: HYBRID_PROVIDER,
  rds: SERVER_PROVIDER,
  file: SERVER_PROVIDER,
};

export const providerOfVault = (objectType: ObjectType): string => VAULT_PROVIDER[objectType];

/** provider_id of a backup, checkpoint or task, from the type of its resource. */
export function providerOfResource(resourceType: string): string {
  switch (resourceType) {
    case DISK:
      return DISK_PROVIDER;
    case "OS::Sfs::Turbo":
      return TURBO_PROVIDER;
    case "OS::Workspace::DesktopV2":
      return WORKSPACE_PROVIDER;
    case "OS::Native::Server":
      return HYBRID_PROVIDER;
    default:
      return SERVER_PROVIDER;
  }
}
