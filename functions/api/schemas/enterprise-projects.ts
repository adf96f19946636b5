/** Which bodies the facade of the enterprise project service takes (cbr-api 4.3). */
import { z } from "zod";
import { resourceIdField } from "../kit/fields.ts";

/** POST resources-migrate. Vaults are all that there is to move. */
export const moveBody = z.object({
  resource_type: z.literal("vault"),
  resource_id: resourceIdField,
  project_id: z.string().min(1).max(64),
  region_id: z.string().nullish(),
});

/** POST resources/filter. What is not asked for is everything that the caller may list. */
export const filterBody = z
  .object({
    projects: z.array(z.string().max(64)).max(100).nullish(),
    resource_types: z.array(z.string().max(64)).max(100).nullish(),
    limit: z.number().int().min(1).max(1000).nullish(),
    offset: z.number().int().min(0).nullish(),
  })
  .transform(({ projects, resource_types, limit, offset }) => ({
    projects: projects ?? undefined,
    vaults: resource_types == null || resource_types.length === 0 || resource_types.includes("vault"),
    limit: limit ?? 10,
    offset: offset ?? 0,
  }));
