/** Which runs should happen, and what became of those that should have: an extension of ours. */
import { listRuns } from "../../core/app/policies/list-runs.ts";
import type { Services } from "../../core/app/services.ts";
import { RUN_STATES } from "../../core/domain/statuses.ts";
import { instantOf, oneOf, pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";
import { scheduledRunView } from "./views/scheduled-run.ts";

export const listScheduledRuns: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset } = pageOf(query);
  const filter = {
    vaultId: query.get("vault_id"),
    policyId: query.get("policy_id"),
    state: oneOf(query, "state", RUN_STATES),
    from: instantOf(query, "start_time"),
    to: instantOf(query, "end_time"),
  };
  const { rows, count } = await listRuns(services, projectId, filter, { limit, offset });
  return { status: 200, body: { runs: rows.map(scheduledRunView), count, limit, offset } };
};
