/** The contract of what this service tells of its abilities (cbr-api #52, #69, #70). */
import { z } from "zod";

const features = z.strictObject({
  "features.backup_double_az": z.boolean(),
  "features.bccrack_enable": z.boolean(),
  "replication.destination_dgw_regions": z.array(z.string()),
  "replication.destination_regions": z.array(z.string()),
  "replication.enable": z.boolean(),
  "replication.source_region": z.string(),
});

export const featureOperations = {
  ShowReplicationCapabilities: {
    summary: "Lists regions and where each replicates to",
    answers: {
      200: z.strictObject({
        regions: z.array(z.strictObject({ name: z.string(), replication_destinations: z.array(z.string()) })),
      }),
    },
  },
  ListFeatures: {
    summary: "Lists features by their keys",
    query: { limit: z.int().min(0).max(1000).default(1000), offset: z.int().min(0).max(1000).default(0) },
    answers: { 200: features.partial().meta({ id: "Features" }) },
  },
  ShowFeature: {
    summary: "Shows the one feature with this key",
    answers: {
      200: features
        .partial()
        .refine((shown) => Object.keys(shown).length === 1, "must have one member")
        .meta({ minProperties: 1, maxProperties: 1 }),
    },
  },
} as const;
