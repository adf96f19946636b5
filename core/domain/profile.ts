/** Which of the two public clouds does the service take after (cbr-behaviour §1)? A profile only decides what is refused. */
import { badField } from "./fault.ts";
import type { ObjectType } from "./resource-types.ts";

export const PROFILE_NAMES = ["huawei", "otc"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** One cloud's switches. */
export interface Profile {
  readonly name: ProfileName;
  /** Object types of vaults. */
  readonly objectTypes: readonly ObjectType[];
  readonly consistentLevels: readonly ("crash_consistent" | "app_consistent")[];
  readonly chargingModes: readonly ("post_paid" | "pre_paid")[];
  /** Whether backups of encrypted disks can be shared (6709 otherwise, D-24). */
  readonly sharesEncrypted: boolean;
  /** D-4: Huawei has 10, and 20 in some regions; the larger one refuses nobody's request. */
  readonly tagsPerVault: number;
  /** Names, tag keys and tag values may have Chinese letters; values a `.` as well. */
  readonly chinese: boolean;
  /** A backup of an SFS Turbo: restored nowhere, or to its own file system only (D-23). */
  readonly turboRestore: "refused" | "origin";
  /** Kinds of vaults that a replication policy may be bound to. */
  readonly replicatedKinds: readonly ("server" | "turbo" | "hybrid")[];
  /** A manual replication of a vault makes replicas again that were deleted (B-4). */
  readonly replicatesAgain: boolean;
  /** Resources may move to and from a vault whose capacity is being changed (`lock`). */
  readonly migratesWhileLocked: boolean;
  /** Policies of an organisation for its members' projects (ORG-06). */
  readonly organizationPolicies: boolean;
  /** Minutes at which a schedule may start. */
  readonly startMinutes: "whole hours" | "any";
}

const HUAWEI: Profile = {
  name: "huawei",
  objectTypes: ["server", "disk", "turbo", "workspace", "vmware", "file", "rds"],
  consistentLevels: ["crash_consistent", "app_consistent"],
  chargingModes: ["post_paid", "pre_paid"],
  sharesEncrypted: false,
  tagsPerVault: 20,
  chinese: true,
  turboRestore: "origin",
  replicatedKinds: ["server", "turbo", "hybrid"],
  replicatesAgain: true,
  migratesWhileLocked: false,
  organizationPolicies: true,
  // Consoles differ, the API takes any minute (D-21).
  startMinutes: "any",
};

const OTC: Profile = {
  name: "otc",
  objectTypes: ["server", "disk", "turbo"],
  consistentLevels: ["crash_consistent"],
  chargingModes: ["post_paid"],
  sharesEncrypted: true,
  tagsPerVault: 20,
  chinese: false,
  turboRestore: "refused",
  replicatedKinds: ["server"],
  replicatesAgain: false,
  migratesWhileLocked: true,
  organizationPolicies: false,
  // Its console offers whole hours; what the API takes is the same in both (§1: minutes may be accepted).
  startMinutes: "any",
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
