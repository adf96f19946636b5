/** How an hour of a vault is stored: what is sold of it (CAP-30) and what is used. */
import { z } from "zod";

export const Metering = z.object({
  schema: z.literal(1),
  vaultId: z.string(),
  projectId: z.string(),
  /** Epoch milliseconds of the full hour. */
  hour: z.number().int(),
  /** GB, bought. */
  size: z.number().int(),
  /** Bytes that backups use. */
  used: z.number(),
  specCode: z.string(),
});
export type Metering = z.infer<typeof Metering>;

/** Longer than a year, for whoever settles once a year. */
export const METERING_TTL_SECONDS = 400 * 24 * 3600;
