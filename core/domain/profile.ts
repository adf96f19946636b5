/** Which of the two public clouds does the service take after (cbr-behaviour §1)? A profile only decides what is refused. */
import { badField, fault } from "./fault.ts";
import type { ObjectType } from "./resource-types.ts";

export const PROFILE_NAMES = ["huawei", "otc"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/**
 * One cloud's switches. Those of §1 that decide nothing here have none: tags (20 in both, D-4), minutes of a schedule (any, D-21), prepaid
 * vaults (neither: nothing is sold), and what belongs to shares, replicas, file systems and vaults in `lock`, which do not exist yet.
 */
export interface Profile {
  readonly name: ProfileName;
  /** Object types of vaults. */
  readonly objectTypes: readonly ObjectType[];
  readonly consistentLevels: readonly ("crash_consistent" | "app_consistent")[];
  /** Names, tag keys and tag values may have Chinese letters; values a `.` as well. */
  readonly chinese: boolean;
  /** Kinds of vaults whose backups are replicated. */
  readonly replicatedKinds: readonly ObjectType[];
  /** Policies of an organisation for its members' projects (ORG-06). */
  readonly organizationPolicies: boolean;
}

const HUAWEI: Profile = {
  name: "huawei",
  objectTypes: ["server", "disk", "turbo", "workspace", "vmware", "file", "rds"],
  consistentLevels: ["crash_consistent", "app_consistent"],
  chinese: true,
  replicatedKinds: ["server", "turbo", "vmware"],
  organizationPolicies: true,
};

const OTC: Profile = {
  name: "otc",
  objectTypes: ["server", "disk", "turbo"],
  consistentLevels: ["crash_consistent"],
  chinese: false,
  replicatedKinds: ["server"],
  organizationPolicies: false,
};

export const PROFILES: Readonly<Record<ProfileName, Profile>> = { huawei: HUAWEI, otc: OTC };

/** What a request says of a vault or a backup; absent is not asked for. */
interface AskedOfProfile {
  readonly objectType?: ObjectType | undefined;
  readonly consistentLevel?: "crash_consistent" | "app_consistent" | undefined;
  readonly name?: string | undefined;
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
}

const LATIN_NAME = /^[a-zA-Z0-9_-]*$/;

/** Refuses what this cloud has not, although another has. `thing` is the member of the body. @throws Fault 9900 */
export function checkProfile(profile: Profile, thing: "vault" | "backup", asked: AskedOfProfile): void {
  const { objectType, consistentLevel, name, tags = [] } = asked;
  const here = `in the profile ${profile.name}`;
  if (objectType !== undefined && !profile.objectTypes.includes(objectType))
    badField(`${thing}.billing.object_type`, `must be ${profile.objectTypes.join(", ")} ${here}, not "${objectType}"`);
  if (consistentLevel !== undefined && !profile.consistentLevels.includes(consistentLevel))
    badField(`${thing}.billing.consistent_level`, `must be ${profile.consistentLevels.join(", ")} ${here}`);
  if (profile.chinese) return;
  if (name !== undefined && !LATIN_NAME.test(name))
    badField(`${thing}.name`, `must be Latin letters, digits, \`_\` or \`-\` ${here}`);
  tags.forEach(({ key, value }, i) => {
    for (const [member, text] of Object.entries({ key, value }))
      if (!LATIN_NAME.test(text))
        badField(`${thing}.tags[${i}].${member}`, `must be Latin letters, digits, \`_\` or \`-\` ${here}`);
  });
}

/** Refuses vaults whose backups this cloud does not replicate (REP-02). @throws Fault 6122 */
export function checkReplicated({ name, replicatedKinds }: Profile, vaultId: string, objectType: string): void {
  if (!replicatedKinds.some((kind) => kind === objectType))
    fault("6122", `vault ${vaultId} holds backups of the type ${objectType}, not replicated in the profile ${name}`);
}
