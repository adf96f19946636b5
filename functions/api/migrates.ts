/** Moving an account from the predecessor services (cbr-api #71, #72): there is none to move from (MIG). */
import { z } from "zod";
import type { Services } from "../../core/app/services.ts";
import { fault } from "../../core/domain/fault.ts";
import { parseBody } from "./kit/fields.ts";
import { flagOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";

/** POST migrates. */
export const migrateBody = z.object({
  all_regions: z.boolean().nullish(),
  reservation: z.number().min(0).max(1).nullish(),
});

export const showMigrateStatus: Handler<Services> = async ({ query }) => {
  flagOf(query, "all_regions");
  return fault("4001", "this account was never migrated");
};

export const migrateDomain: Handler<Services> = async ({ body }) => {
  parseBody(migrateBody, body);
  return fault("4002", "there are no backups of a predecessor service here that could be migrated");
};
