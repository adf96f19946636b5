/** How many of a function may run at once, and why? */
import type { FunctionSpec } from "../functions/aws/functions.ts";

/**
 * Reserved concurrency is a share and a limit (Lambda guide, "Configuring reserved concurrency"). Together 82 of a default
 * account's 1,000; AWS wants 100 to stay unreserved.
 *
 * - `transfer`: 20 readers at 50 blocks a second are the 1,000 GetSnapshotBlock a second that an account has ("Amazon EBS
 *   endpoints and quotas"); more would only be throttled. Each function of the class has its own 20: writing has a quota of
 *   its own, and comparing is rare.
 * - `api`: what 20 handlers answer in 100 ms is 200 requests a second, and transfers cannot take it from them.
 * - `tick`: one a minute, and room for one that takes longer.
 */
const RESERVED: Readonly<Record<NonNullable<FunctionSpec["reserved"]>, number>> = { transfer: 20, api: 20, tick: 2 };

/** Undefined: none of its own. */
export const reservedFor = ({ reserved }: FunctionSpec): number | undefined =>
  reserved === undefined ? undefined : RESERVED[reserved];
