/** The contract of what is ours for who runs the service: accounts, frozen vaults, metered hours. */
import { z } from "zod";
import { AdminOrder, AdminResult } from "../../../core/app/identity/admin/orders.ts";
import { VAULT_STATUSES } from "../../../core/domain/statuses.ts";
import { freezeBody, unfreezeBody } from "../schemas/freezing.ts";
import { count, page, time, uuid } from "./answers.ts";
import { instant, paging, text } from "./parameters.ts";

const changed = z.strictObject({
  vault: z.strictObject({ id: uuid, name: z.string(), status: z.enum(VAULT_STATUSES) }),
});

const meteredHour = z
  .strictObject({
    vault_id: uuid,
    hour: time.meta({ description: "its beginning" }),
    size: count.meta({ description: "GB" }),
    used: count.meta({ description: "MB" }),
    spec_code: z.string(),
  })
  .meta({ id: "MeteredHour" });

export const operatorOperations = {
  Administer: {
    summary: "Makes, changes and lists domains, projects, users, keys, roles and frozen resources; of the first user",
    body: AdminOrder,
    answers: { 200: z.strictObject({ result: AdminResult }) },
  },
  FreezeVault: {
    summary: "Freezes a vault: its data is kept, nothing is done with it",
    body: freezeBody,
    answers: { 200: changed },
  },
  UnfreezeVault: { summary: "Takes a frozen vault into service again", body: unfreezeBody, answers: { 200: changed } },
  ListMetering: {
    summary: "Lists the metered hours of a vault",
    query: {
      ...paging,
      vault_id: text.meta({ description: "must be given" }),
      start_time: instant,
      end_time: instant,
    },
    answers: { 200: z.strictObject({ metering: z.array(meteredHour), ...page }) },
  },
} as const;
