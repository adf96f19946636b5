/** Administration of accounts through a running service: an extension of ours, for hosts without another way in. */
import { AdminOrder, type AdminResult } from "../../core/app/identity/admin/orders.ts";
import { AdminRefused } from "../../core/app/identity/admin/refused.ts";
import { IdentityFailure } from "../../core/app/identity/principal.ts";
import type { Services } from "../../core/app/services.ts";
import { parseBody } from "./kit/fields.ts";
import type { ApiResponse, Handler } from "./kit/request.ts";
import { refusal } from "./kit/wire-errors.ts";

/** Carries out an order. @throws AdminRefused */
export type Administration = (order: AdminOrder) => Promise<AdminResult>;

/** What this operation needs of the host; in a cloud the operator's own rights open another way. */
type HostServices = Services & { readonly administration?: Administration };

const LASTING: ReadonlySet<AdminOrder["action"]> = new Set(["key-create", "recovery-create"]);

/** `POST /v3/holdfast/administration`: one order, of the first user. Only `key-create` and `recovery-create` answer with a secret. */
export const administer: Handler<HostServices> = async (
  { body, principal },
  { administration },
): Promise<ApiResponse> => {
  if (administration === undefined)
    return refusal(501, "BackupService.9910", 'not through this API: use "holdfast admin … --stack NAME"');
  const order = parseBody(AdminOrder, body);
  // What is lent for minutes must not become something that lasts.
  if (LASTING.has(order.action) && principal?.credential.kind === "temporary-key")
    throw new IdentityFailure("forbidden", `a temporary key cannot order ${order.action}`);
  try {
    return { status: 200, body: { result: await administration(order) } };
  } catch (error) {
    if (!(error instanceof AdminRefused)) throw error;
    return refusal(400, "BackupService.9900", error.message);
  }
};
