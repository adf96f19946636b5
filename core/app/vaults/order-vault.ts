/** POST vaults/order: a prepaid vault. Judged as any other, then refused: there is nothing to buy. */
import { badField } from "../../domain/fault.ts";
import {
  checkBindRules,
  checkNewLevel,
  checkNewSize,
  checkResourceCount,
  checkTags,
  MAX_RESOURCES_AT_CREATION,
} from "../../domain/vault-rules.ts";
import type { Services } from "../services.ts";
import type { VaultDraft } from "./create-vault.ts";
import { planBindings } from "./plan-bindings.ts";

/** @throws Fault 6101, 6600, 6100, 6102, 7000, 7100 …; else 9900: always one of them */
export async function orderVault(
  s: Services,
  { billing, resources, tags, bindRules, autoExpand }: VaultDraft,
): Promise<never> {
  checkNewSize(billing.size);
  checkNewLevel(billing);
  checkTags(tags);
  checkBindRules(bindRules);
  checkResourceCount(resources.length, MAX_RESOURCES_AT_CREATION);
  if (autoExpand) badField("vault.auto_expand", "is for pay-per-use vaults: a prepaid one grows by an order");
  await planBindings(s, billing.objectType, resources);
  return badField(
    "vault.billing.charging_mode",
    "pre_paid is not possible: there is nothing to buy; create a post_paid vault with POST vaults",
  );
}
