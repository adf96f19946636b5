/** How many of a function may run at once, and why? */
import { type FunctionSpec, RESERVED } from "../functions/aws/functions.ts";

/**
 * Reserved concurrency is a share and a limit (Lambda guide, "Configuring reserved concurrency"). Together 82 of a default
 * account's 1,000; AWS wants 100 to stay unreserved. Each function of a share has the whole number for itself: writing has a
 * quota of its own, and comparing is rare.
 * @returns undefined: none of its own
 */
export const reservedFor = ({ reserved }: FunctionSpec): number | undefined =>
  reserved === undefined ? undefined : RESERVED[reserved];
