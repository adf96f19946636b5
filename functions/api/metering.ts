/** Metered hours of a vault: an extension of ours, for whoever settles accounts. */
import { listMetering as list } from "../../core/app/lists/list-metering.ts";
import type { Metering } from "../../core/app/records/metering.ts";
import type { Services } from "../../core/app/services.ts";
import { badField } from "../../core/domain/fault.ts";
import { wholeMb, wireTime } from "../../core/domain/values.ts";
import { instantOf, pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";

/** `size` in GB, `used` in MB, as in a vault's billing. */
const view = ({ vaultId, hour, size, used, specCode }: Metering): object => ({
  vault_id: vaultId,
  hour: wireTime(hour),
  size,
  used: wholeMb(used),
  spec_code: specCode,
});

export const listMetering: Handler<Services> = async ({ query, projectId }, services) => {
  const vaultId = query.get("vault_id") ?? badField("vault_id", "is missing");
  const [from, to] = [instantOf(query, "start_time"), instantOf(query, "end_time")];
  if (from !== undefined && to !== undefined && from > to) badField("start_time", "must not be after end_time");
  const { limit, offset } = pageOf(query);
  const { rows, count } = await list(services, projectId, { vaultId, from, to, limit, offset });
  return { status: 200, body: { metering: rows.map(view), count, limit, offset } };
};
