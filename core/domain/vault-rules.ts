/** What a vault may be: limits of its fields, which changes it allows, and what follows from them (VLT, CAP-18). */
import { badField, fault } from "./fault.ts";
import type { ObjectType } from "./resource-types.ts";
import { GIB } from "./values.ts";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface VaultKind {
  readonly objectType: ObjectType;
  readonly protectType: "backup" | "replication";
  readonly consistentLevel: "crash_consistent" | "app_consistent";
  readonly cloudType: "public" | "hybrid";
}

/** GB. VLT-03: 10 to 10485760 at creation; an update may go down to 1 (cbr-api 5.3). */
const MIN_NEW_GB = 10;
const MIN_GB = 1;
export const MAX_GB = 10_485_760;
/** D-4: 20 is the larger of the two published limits. */
export const MAX_TAGS = 20;
const MAX_BIND_RULES = 5;
/** VLT-06, VLT-07. */
export const MAX_RESOURCES_AT_CREATION = 255;
export const MAX_RESOURCES = 256;

/** @throws Fault 6101 */
export function checkNewSize(gb: number): void {
  if (gb < MIN_NEW_GB || gb > MAX_GB)
    fault("6101", `vault.billing.size: must be between ${MIN_NEW_GB} and ${MAX_GB} GB, not ${gb}`);
}

/** A vault may grow and shrink, but not below what its backups use (CAP-18). `usedBytes`: bytes. @throws Fault 6101 */
export function checkChangedSize(gb: number, usedBytes: number): void {
  if (gb < MIN_GB || gb > MAX_GB)
    fault("6101", `vault.billing.size: must be between ${MIN_GB} and ${MAX_GB} GB, not ${gb}`);
  if (usedBytes > gb * GIB)
    fault("6101", `vault.billing.size: ${gb} GB is less than the ${Math.ceil(usedBytes / GIB)} GB that backups use`);
}

function refuseTwins(field: string, tags: readonly Tag[]): void {
  const seen = new Set<string>();
  tags.forEach(({ key }, i) => {
    if (seen.has(key)) badField(`${field}[${i}].key`, `"${key}" is given twice; keys must be unique`);
    seen.add(key);
  });
}

/** @throws Fault 6600 (more than 20), 9900 */
export function checkTags(tags: readonly Tag[]): void {
  if (tags.length > MAX_TAGS) fault("6600", `vault.tags: at most ${MAX_TAGS} tags, not ${tags.length}`);
  refuseTwins("vault.tags", tags);
}

/** The tags that automatic binding looks for. @throws Fault 9900 */
export function checkBindRules(rules: readonly Tag[]): void {
  if (rules.length > MAX_BIND_RULES)
    badField("vault.bind_rules.tags", `at most ${MAX_BIND_RULES} tags, not ${rules.length}`);
  refuseTwins("vault.bind_rules.tags", rules);
}

/** Application consistency exists for servers only (VLT-16). @throws Fault 9900 */
export function checkNewLevel({ objectType, consistentLevel }: VaultKind): void {
  if (consistentLevel === "app_consistent" && objectType !== "server")
    badField("vault.billing.consistent_level", `app_consistent is for server vaults, not for ${objectType} vaults`);
}

/** The way goes from crash to application consistency and not back (VLT-16). @throws Fault 6110 */
export function checkChangedLevel(kind: VaultKind, to: VaultKind["consistentLevel"]): void {
  if (to === kind.consistentLevel) return;
  if (to === "crash_consistent")
    fault("6110", "vault.billing.consistent_level: a vault does not go back to crash_consistent");
  if (kind.objectType !== "server")
    fault(
      "6110",
      `vault.billing.consistent_level: app_consistent is for server vaults, not for ${kind.objectType} vaults`,
    );
}

/** A lock is for ever (VLT-50). @throws Fault 6110 */
export function checkLock(locked: boolean, to: boolean): void {
  if (locked && !to) fault("6110", "vault.locked: backup locking cannot be switched off again");
}

/** @throws Fault 6100 */
export function checkResourceCount(count: number, limit: number): void {
  if (count > limit) fault("6100", `a vault holds at most ${limit} resources; this would make ${count}`);
}

const SPEC_OBJECT: Partial<Record<ObjectType, string>> = { disk: "volume", workspace: "desktop" };

/** spec_code (cbr-api 8.4); kinds without a published code get one made the same way. */
export function specCode({ objectType, protectType, consistentLevel, cloudType }: VaultKind): string {
  const object = SPEC_OBJECT[objectType] ?? objectType;
  if (cloudType === "hybrid" || objectType === "vmware") return "vault.hybrid.server.normal";
  if (objectType === "server" && protectType === "backup" && consistentLevel === "app_consistent")
    return "vault.backup.database.normal";
  return `vault.${protectType}.${object}.normal`;
}
