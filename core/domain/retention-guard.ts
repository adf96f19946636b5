/** May a retention plan run by itself, or does a person have to look at it first? (design §7, hazard A13) */
import type { Instant } from "./values.ts";

/** A larger step of the clock between two ticks, forwards or back, is a jump: dates cannot be trusted then. */
const JUMP_MS = 2 * 3600 * 1000;
/** One plan that takes more than this share … */
const MOST_OF_VAULT = 0.2;
const MOST_OF_RESOURCE = 0.5;
/** … of so many backups or more. With fewer, every ordinary expiry is a large share: 1 of 4 under a rule of three. */
const MANY = 10;

/** Whether the clock jumped between two ticks. */
export const isJump = (from: Instant, to: Instant): boolean => Math.abs(to - from) > JUMP_MS;

export interface PlanSize {
  /** Good backups that the plan deletes; failed ones hold nothing. */
  readonly deletions: number;
  /** How many of them go because their date has come. */
  readonly byDate: number;
  readonly inVault: number;
  readonly ofResource: number;
}

/** A jump of the clock that no person has confirmed yet. */
export interface ClockDoubt {
  readonly from: Instant;
  readonly to: Instant;
}

/** Why a plan waits for a person. */
export interface PlanHold {
  readonly kind: "clock" | "vault-share" | "resource-share";
  readonly why: string;
}

/**
 * Undefined = the plan may run. The share of the vault is design §7's; the share of the resource is its like for vaults that hold
 * so many resources that a mistyped rule takes little of the vault with each single plan.
 */
export function holdOfPlan(size: PlanSize, doubt: ClockDoubt | undefined): PlanHold | undefined {
  if (size.deletions === 0) return undefined;
  if (doubt !== undefined && size.byDate > 0) {
    const [from, to] = [doubt.from, doubt.to].map((at) => new Date(at).toISOString());
    return { kind: "clock", why: `the clock went from ${from} to ${to} at once: is it right now?` };
  }
  const { deletions, inVault, ofResource } = size;
  if (inVault >= MANY && deletions > inVault * MOST_OF_VAULT)
    return { kind: "vault-share", why: `${deletions} of the vault's ${inVault} backups would go at once` };
  if (ofResource >= MANY && deletions > ofResource * MOST_OF_RESOURCE)
    return { kind: "resource-share", why: `${deletions} of the resource's ${ofResource} backups would go at once` };
  return undefined;
}
