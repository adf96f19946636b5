/** Which bodies the prepaid operations take (cbr-api #4, #16, #66, #67). */
import { z } from "zod";
import { createVaultBody } from "./vaults.ts";

const period = {
  period_type: z.enum(["year", "month"]),
  period_num: z.number().int().min(1).max(9),
  is_auto_renew: z.boolean().nullish(),
  is_auto_pay: z.boolean().nullish(),
};
const url = z.string().max(512).nullish();
const order = z.object({
  combined_order_id: z.string().min(1).max(64),
  combined_order_num: z.number().int().min(1).max(1000),
  combined_order_ecs_num: z.number().int().min(1).max(1000).nullish(),
});

/** POST vaults/order: what creates a vault, with a period; the name may be left out. */
export const orderVaultBody = z
  .object({
    vault: z.looseObject({
      name: z.string().nullish(),
      billing: z.looseObject(period),
      parameters: z.object({ combined_order: order.nullish() }).nullish(),
    }),
  })
  .transform(({ vault }): unknown => ({ vault: { ...vault, name: vault.name || "vault" } }))
  .pipe(createVaultBody);

/** POST vaults/change-charge-mode: the vaults. */
export const chargeModeBody = z
  .object({
    vault_ids: z.array(z.string().min(1).max(64)).min(1).max(256),
    charging_mode: z.literal("pre_paid"),
    ...period,
    console_url: url,
  })
  .transform((body) => body.vault_ids);

const size = z.number().int().min(10).max(10_485_760);
const text = z.string().min(1).max(64);
const snake = z.object({
  resource_id: text,
  product_info: z.object({
    product_id: text,
    resource_size: size,
    resource_spec_code: text,
    resource_size_measure_id: z.literal(17).nullish(),
  }),
  is_auto_pay: z.boolean().nullish(),
  promotion_info: z.string().nullish(),
  cloud_service_console_url: url,
});
const camel = z.object({
  resourceId: text,
  productInfo: z.object({
    productId: text,
    resourceSize: size,
    resourceSpecCode: text,
    resourceSizeMeasureId: z.literal(17).nullish(),
  }),
  promotion_info: z.string().nullish(),
  cloudServiceConsoleURL: url,
});

/** PUT orders/{id}: the vault. */
export const updateOrderBody = camel.transform((body) => body.resourceId);

/** POST orders/change: the vault. The contract's text writes snake case and its example camel case (D-15). */
export const isCamelOrder = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "resourceId" in body && !("resource_id" in body);
export const changeOrderBody = snake.transform((body) => body.resource_id);
