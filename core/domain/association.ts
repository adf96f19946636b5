/** Which vault takes which unprotected resource by itself (ABD-02..08)? */
import { fits, type ObjectType } from "./resource-types.ts";
import type { Instant } from "./values.ts";
import { MAX_RESOURCES, type Tag } from "./vault-rules.ts";

/** A vault with auto_bind, as far as taking resources goes. */
export interface AssociatingVault {
  readonly id: string;
  readonly objectType: ObjectType;
  /** GB. */
  readonly size: number;
  /** GB: the sizes of what is bound, in sum. */
  readonly allocated: number;
  /** How many resources are bound. */
  readonly bound: number;
  /** Empty = every resource. */
  readonly rules: readonly Tag[];
  /** When its policy fires next; undefined without an enabled policy: then it takes nothing (ABD-02). */
  readonly next: Instant | undefined;
}

/** A resource that no vault holds and that could be bound (ABD-03). */
export interface Candidate {
  readonly id: string;
  readonly type: string;
  /** GB. */
  readonly size: number;
  readonly tags: readonly Tag[];
}

/** What becomes of the candidates. */
export interface Association {
  /** By vault, in the order of the candidates. */
  readonly taken: ReadonlyMap<string, readonly string[]>;
  /** Some vault would take them, but all that would are full (ABD-07: 6142). */
  readonly unplaced: readonly string[];
}

/** ABD-05: what a vault keeps free in any case, in GB. */
const RESERVE_GB = 40;

/** ABD-04: one of the tags is enough, key and value equal; no rules mean any resource. */
export const wants = ({ objectType, rules }: AssociatingVault, { type, tags }: Candidate): boolean =>
  fits(objectType, type) &&
  (rules.length === 0 || rules.some((rule) => tags.some(({ key, value }) => key === rule.key && value === rule.value)));

/**
 * ABD-05, ABD-08. The plain reading "greater than what is bound" and the other, "greater than what is about to be bound", both
 * fit the published example; this is the second (B-11), asked for one resource after the other.
 */
export const hasRoom = ({ size, allocated, bound }: AssociatingVault, candidate: Candidate): boolean =>
  bound < MAX_RESOURCES && size - allocated > Math.max(RESERVE_GB, candidate.size);

/** ABD-06: the vault whose policy fires next takes it, else the one after it; at equal points the smaller id. */
export function associate(candidates: readonly Candidate[], vaults: readonly AssociatingVault[]): Association {
  const order = vaults
    .filter((vault) => vault.next !== undefined)
    .sort((a, b) => (a.next ?? 0) - (b.next ?? 0) || (a.id < b.id ? -1 : 1));
  const taken = new Map<string, string[]>();
  const unplaced: string[] = [];
  for (const candidate of candidates) {
    const willing = order.filter((vault) => wants(vault, candidate));
    const vault = willing.find((one) => hasRoom(one, candidate));
    if (vault !== undefined) {
      taken.set(vault.id, [...(taken.get(vault.id) ?? []), candidate.id]);
      order[order.indexOf(vault)] = { ...vault, allocated: vault.allocated + candidate.size, bound: vault.bound + 1 };
    } else if (willing.length > 0) unplaced.push(candidate.id);
  }
  return { taken, unplaced };
}
