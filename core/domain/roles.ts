/** What may somebody do who has these roles (PRM-01, PRM-02; cbr-api §10)? */

/** `service:thing:verb`, e.g. `cbr:vaults:create`. `holdfast:` are ours: what CBR has not. */
export type Action = `${"cbr" | "holdfast"}:${string}:${string}`;

/** What a role allows and what it denies. `*` stands for any characters up to the next colon. */
interface RoleRules {
  readonly allow: readonly Action[];
  readonly deny?: readonly Action[];
}

/** The system roles: CBR's three (cbr-api §10), and one of ours for what only one machine has. */
const ROLES = {
  "CBR FullAccess": { allow: ["cbr:*:*"] },
  // PRM-02: policies are applied and removed with cbr:vaults:associatePolicy and dissociatePolicy, which stay allowed.
  "CBR BackupsAndVaultsFullAccess": {
    allow: ["cbr:*:*"],
    deny: [
      "cbr:policies:create",
      "cbr:policies:update",
      "cbr:policies:delete",
      "cbr:organizationPolicies:create",
      "cbr:organizationPolicies:update",
      "cbr:organizationPolicies:delete",
    ],
  },
  "CBR ReadOnlyAccess": {
    allow: ["cbr:*:get*", "cbr:*:list*", "cbr:backups:queryReplicationCapability", "cbr:backups:checkAgent"],
  },
  // Apart from CBR's roles: whoever registers disk images reads and overwrites files of the host, and whoever freezes vaults stops work.
  "Holdfast HostAccess": { allow: ["holdfast:*:*"] },
} as const satisfies Readonly<Record<string, RoleRules>>;

export type RoleName = keyof typeof ROLES;

/** All of them, for messages and for parsing. */
export const ROLE_NAMES = Object.keys(ROLES) as [RoleName, ...RoleName[]];

/** What a user may do: everything wherever it reaches, or what its roles in each project say (by project id). */
export type Rights =
  | { readonly kind: "everything" }
  | { readonly kind: "granted"; readonly roles: ReadonlyMap<string, readonly RoleName[]> };

/** Rights of the first user and of users made before there were roles. */
export const EVERYTHING: Rights = { kind: "everything" };

export type Verdict =
  | { readonly allowed: true }
  /** `deniedBy`: the role that forbids it; absent when no role allows it. */
  | { readonly allowed: false; readonly deniedBy?: RoleName };

/** May it be done in this project? One role that denies beats any number that allow (PRM-01). */
export function judge(rights: Rights, projectId: string, action: Action): Verdict {
  if (rights.kind === "everything") return { allowed: true };
  const roles = rights.roles.get(projectId) ?? [];
  const deniedBy = roles.find((role) => matchesAny(rulesOf(role).deny ?? [], action));
  if (deniedBy !== undefined) return { allowed: false, deniedBy };
  return { allowed: roles.some((role) => matchesAny(rulesOf(role).allow, action)) };
}

const rulesOf = (role: RoleName): RoleRules => ROLES[role];

const matchesAny = (patterns: readonly Action[], action: Action): boolean =>
  patterns.some((pattern) => matches(pattern, action));

/** Patterns are constants of letters, colons and stars: nothing in them needs escaping. */
const matches = (pattern: Action, action: Action): boolean =>
  new RegExp(`^${pattern.replaceAll("*", "[^:]*")}$`).test(action);
