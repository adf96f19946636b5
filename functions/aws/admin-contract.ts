/** What does the admin function take and answer? Shared by the function and the command that calls it. */
import * as z from "zod";
import { AdminOrder, AdminResult } from "../../core/app/identity/admin/orders.ts";
import { FROZEN_SCENES } from "../../core/domain/statuses.ts";

const text = z.string().min(1);

export const AdminRequest = z.union([
  z.object({ action: z.literal("bootstrap") }),
  z.object({
    action: z.literal("freeze-vault"),
    vault_id: text,
    frozen: z.boolean(),
    scene: z.enum(FROZEN_SCENES).optional(),
  }),
  AdminOrder,
]);

/** Of an order; `refused` says why nothing was changed. */
export const OrderAnswer = z.union([z.object({ result: AdminResult }), z.object({ refused: text })]);
export type OrderAnswer = z.output<typeof OrderAnswer>;

const account = {
  region: text,
  domain_name: text,
  domain_id: text,
  project_name: text,
  project_id: text,
  user_name: text,
  access_key: text,
};

/** Secrets come with `created`, hence once in the life of a deployment. */
export const BootstrapAnswer = z.discriminatedUnion("created", [
  z.object({ created: z.literal(true), credentials: z.object({ ...account, password: text, secret_key: text }) }),
  z.object({ created: z.literal(false), account: z.object(account) }),
]);
export type BootstrapAnswer = z.output<typeof BootstrapAnswer>;

/** A refusal is an answer: as an error of the function it would look like a defect. */
export const FreezeAnswer = z.union([
  z.object({ vault: z.object({ id: text, name: text, status: text }) }),
  z.object({ refused: text }),
]);
export type FreezeAnswer = z.output<typeof FreezeAnswer>;
