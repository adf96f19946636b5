/** Which refusals are documented for each of the 75 operations (cbr-api §7), which of them are given here, and why others never are. */
import { FAULTS, type FaultCode } from "../../../core/domain/fault-codes.ts";
import { OPERATIONS, type OperationName } from "../operations.ts";
import {
  BARE_METAL,
  BINDING,
  BUSY,
  DESKTOP,
  FORM,
  FORM_OF_TARGET,
  GONE,
  HYBRID,
  IMAGE,
  LATER,
  OWN_SERVER,
  PREDECESSOR,
  PREPAID,
  RECOVERY_SITE,
  REPLICAS,
  REPLICATION,
  SHARING,
  TURBO,
} from "./refusal-reasons.ts";

/**
 * The codes of one operation beyond 9900 (a parameter) and that of an unknown id in its path (`UNKNOWN`). Every code that is
 * given has a test of its own: test/api/refusals.test.ts. `documented` but for `never` and with `also` is what is given.
 */
export interface Refusals {
  /** What the contract names for the operation, with blanks between. */
  readonly documented?: string;
  /** Documented, and never given here: the reason. */
  readonly never?: Readonly<Partial<Record<FaultCode, string>>>;
  /** Given here without being documented for it: rules that the contract states elsewhere. */
  readonly also?: string;
}

/** The code of an id in the path that does not exist. */
export const UNKNOWN = {
  vault_id: "6105",
  policy_id: "6000",
  organization_policy_id: "6000",
  checkpoint_id: "6217",
  backup_id: "6200",
  operation_log_id: "6500",
  agent_id: "7410",
} as const satisfies Readonly<Record<string, FaultCode>>;

type Numbered = Extract<(typeof OPERATIONS)[number], readonly [number, ...unknown[]]>[1];

/** Every operation of the contract. */
export const REFUSALS = {
  ListVersions: {},
  ShowVersion: {},
  CreateVault: {
    documented: "6000 6100 6101 6102 6103 6104 6116 6132 6133 6205 6600 7000 7003 7100 7101 7103 7108 7500 8600",
    never: {
      "6132": "a vault is made by one commit or not at all; what else goes wrong is a defect, 9910",
      "6133": "the number of vaults is not limited",
      "6205": PREDECESSOR,
      "7103": BINDING["7103"],
      "8600": "accounts are made by the operator: nobody's name is verified",
    },
    also: "6108 6127 6136 6137 6302 7600",
  },
  CreatePostPaidVault: {
    also: "6100 6101 6102 6104 6116 6137 6302 6600 7000 7003 7100 7101 7108 7500 7600",
  },
  ListVault: {},
  ShowVault: { documented: "6105" },
  UpdateVault: {
    documented: "6101 6105 6107 6110 6112 6123",
    never: {
      "6107": "a vault's size is a promise, not a thing that can fail to grow",
    },
  },
  DeleteVault: {
    documented: "6105 6111 6112 6121 6125 6203 6204 7301",
    never: {
      "6111": PREPAID,
      "6121": LATER,
      "6125": "said with 6203, which is documented for the same",
      "6204": IMAGE,
      "7301": HYBRID,
    },
    also: "6220",
  },
  AddVaultResource: {
    documented:
      "6100 6102 6103 6104 6105 6108 6137 7000 7001 7002 7003 7006 7100 7101 7102 7103 7104 7105 7106 7107 7108 7109 7110 7111 7116 7500",
    never: BINDING,
    also: "6112 6134 6302 7600",
  },
  RemoveVaultResource: {
    documented: "6105 6110 6115 6125 6134 6135 6203 6220",
    never: { "6115": LATER, "6203": BUSY, "6220": "said with 6110: nothing leaves a locked vault" },
    also: "2010 6104 6112",
  },
  MigrateVaultResource: {
    documented: "6102 6105 6112 6114 6119 6125 6129 6135",
    never: {
      "6114": "said with 6129, which tells the vaults apart",
      "6125": "said with 6112: a vault that is at work takes and gives nothing (CCY 23.1)",
    },
    also: "6100 6104 6110 6134",
  },
  AssociateVaultPolicy: {
    documented: "6000 6105 6117 6118 6119 6120 6122 6127 6128 6136",
    never: { "6117": "a policy of another type was never created: CreatePolicy says it" },
    also: "6112 6129",
  },
  DisassociateVaultPolicy: { documented: "6002 6105", also: "6112" },
  SetVaultResource: { documented: "6134 6135", also: "6104 6112" },
  BatchUpdateVault: {},
  ChangeVaultChargeMode: { also: "6105" },
  ShowSummary: {},
  ListExternalVault: {},
  CreatePolicy: {
    documented: "1005 1011 6001 6117",
    never: {
      "1005": "a replication policy is kept for the day on which its region takes replicas",
      "1011": "a replication policy is kept for the day on which its project takes replicas",
    },
  },
  ListPolicies: {},
  ShowPolicy: { documented: "6000" },
  UpdatePolicy: { documented: "6000 6003" },
  DeletePolicy: { documented: "6000" },
  CreateOrganizationPolicy: { also: "6001" },
  ListOrganizationPolicies: {},
  ShowOrganizationPolicy: {},
  UpdateOrganizationPolicy: {},
  DeleteOrganizationPolicy: {},
  ListOrganizationPolicyDetail: {},
  CreateCheckpoint: {
    documented:
      "0001 0002 1001 2010 6105 6113 6114 6124 6125 6126 6135 6203 6215 7100 7101 7102 7103 7104 7105 7106 7107 7108 7109 7110 7111 7112 7113 8300",
    never: {
      "0002": BUSY,
      "1001": BUSY,
      "6126": "application consistency is not built yet: databases are backed up as crash-consistent disks",
      "6203": BUSY,
      "7102": GONE,
      "7103": BINDING["7103"],
      "7104": FORM,
      "7105": FORM,
      "7106": FORM,
      "7107": FORM,
      "7109": BARE_METAL,
      "7110": BINDING["7110"],
      "7111": FORM,
      "7112": PREDECESSOR,
      "7113": BARE_METAL,
      "8300": LATER,
    },
    also: "6000 6002 6104 6112 6134 7000 7003",
  },
  ShowCheckpoint: { documented: "6217" },
  CopyCheckpoint: {
    documented: "0001 1002 1003 1004 1005 1006 1007 1008 1009 1011 1012 1013 6118 6119 6120 6121 6122 6128 6129 6130",
    never: {
      ...REPLICATION,
      "1003": "said of the vault, with 6122",
      "1004": "each backup is judged when it is replicated, and none is yet",
    },
    also: "6105 6112 6134",
  },
  ImportCheckpoint: { documented: "7300 7302", never: { "7302": HYBRID }, also: "6105" },
  ListBackups: {},
  ShowBackup: { documented: "6200" },
  UpdateBackup: {},
  DeleteBackup: {
    documented: "6200 6201 6203 6204 6216 6220 6710",
    never: { "6203": "said with 6216: what keeps it is the next backup, or a restore", "6204": IMAGE, "6710": SHARING },
    also: "6112",
  },
  RestoreBackup: {
    documented:
      "2001 2002 2003 2004 2005 2006 2007 2008 2009 2010 2011 2012 2013 2014 2015 6200 6202 7008 7114 7115 7117 7507 7508 7509 7510 7511 7601 7603",
    never: {
      "2004": REPLICAS,
      "2006": BARE_METAL,
      "2007": GONE,
      "2009": FORM_OF_TARGET,
      "2014": BARE_METAL,
      "2015": OWN_SERVER,
      "7008": RECOVERY_SITE,
      "7114": OWN_SERVER,
      "7115": OWN_SERVER,
      "7117": RECOVERY_SITE,
      "7507": TURBO,
      "7508": TURBO,
      "7509": TURBO,
      "7510": TURBO,
      "7511": TURBO,
      "7601": DESKTOP,
      "7603": DESKTOP,
    },
    also: "6134 6135 7000 7100",
  },
  CopyBackup: {
    documented: "1001 1002 1003 1004 1005 1006 1007 1008 1009 1011 1012 1013 6118 6119 6120 6121 6122 6128 6129 6130",
    never: {
      ...REPLICATION,
      "6122": "said of the backup, with 1003",
      "6128": "a replication vault holds no backup of its own to replicate",
    },
    also: "6112 6134",
  },
  ShowMetadata: { documented: "6206" },
  ImportBackup: { also: "9910" },
  AddMember: {
    documented: "6700 6701 6702 6703 6704 6707 6709 6712 6714",
    never: {
      "6700": "backups of disks may be shared as well (D-18)",
      "6709": "judged before encryption is: sharing is not built yet, 6707",
      "6714": SHARING,
    },
  },
  ShowMembersDetail: {},
  ShowMemberDetail: { documented: "6705" },
  UpdateMemberStatus: {
    documented: "6114 6129 6705 6706 6708 6713",
    never: { "6114": SHARING, "6129": SHARING, "6706": SHARING, "6708": SHARING, "6713": SHARING },
    also: "6105",
  },
  DeleteMember: { documented: "6705 6710 6711", never: { "6710": SHARING, "6711": SHARING } },
  ListOpLogs: {},
  ShowOpLog: { documented: "6500" },
  ListProtectable: {},
  ShowProtectable: { documented: "6302 7000 7100" },
  CheckAgent: {},
  ShowReplicationCapabilities: {},
  CreateVaultTags: { documented: "6600", also: "6112" },
  ShowVaultTag: {},
  DeleteVaultTag: { documented: "6601", also: "6112" },
  BatchCreateAndDeleteVaultTags: { also: "6112 6600" },
  ShowVaultProjectTag: {},
  ShowVaultResourceInstances: {},
  RegisterAgent: { documented: "7403" },
  ListAgent: {},
  ShowAgent: { documented: "7410" },
  UpdateAgent: { also: "7403" },
  UnregisterAgent: { documented: "7403 7410" },
  AddAgentPath: { documented: "7407", also: "7403" },
  RemoveAgentPath: { also: "7403" },
  ChangeOrder: { also: "6105 6109" },
  UpdateOrder: { also: "6105 6109" },
  ShowStorageUsage: {},
  ListFeatures: {},
  ShowFeature: {},
  ShowMigrateStatus: { documented: "4001" },
  MigrateDomain: { documented: "4002 4003", never: { "4003": PREDECESSOR } },
  ListProjects: {},
  ListDomainProjects: {},
  ShowDomain: {},
} as const satisfies Readonly<Record<Numbered, Refusals>>;

type CodesIn<Text> = Text extends `${infer Code} ${infer Rest}` ? Code | CodesIn<Rest> : Text;
type Of<R, Member extends "documented" | "also"> = R extends { readonly [M in Member]: infer Value } ? Value : never;
type NeverOf<R> = R extends { readonly never: infer Reasons } ? keyof Reasons : never;
/** The codes that an operation of the contract gives here. */
export type Given<N extends Numbered> = Extract<
  | Exclude<CodesIn<Of<(typeof REFUSALS)[N], "documented">>, NeverOf<(typeof REFUSALS)[N]>>
  | CodesIn<Of<(typeof REFUSALS)[N], "also">>,
  FaultCode
>;

/** @throws Error for one that is no fault's */
export const codesIn = (text = ""): readonly FaultCode[] =>
  text
    .split(" ")
    .filter((code) => code !== "")
    .map((code) => {
      if (!Object.hasOwn(FAULTS, code)) throw new Error(`there is no fault ${code}`);
      return code as FaultCode;
    });

/** What an operation may say beyond 9900 and unknown ids, in the order of the codes; undefined for operations of ours. */
export function givenBy(name: OperationName): readonly FaultCode[] | undefined {
  if (!Object.hasOwn(REFUSALS, name)) return undefined;
  const { documented, also, never = {} }: Refusals = REFUSALS[name as Numbered];
  return [...codesIn(documented).filter((code) => !(code in never)), ...codesIn(also)].sort();
}

/** The codes of unknown ids in an operation's paths. */
export const unknownIn = (name: OperationName): readonly FaultCode[] =>
  OPERATIONS.filter(([, other]) => other === name).flatMap(([, , , path]) =>
    Object.entries(UNKNOWN).flatMap(([parameter, code]) => (path.includes(`{${parameter}}`) ? [code] : [])),
  );
