/** What became of backups, and what is to become of them: trash, fate, preview, plans that wait. Extensions of ours. */
import { startUndelete } from "../../core/app/delete/start-undelete.ts";
import { listTrash as list } from "../../core/app/lists/list-trash.ts";
import { confirmHeldPlan as confirm, listHeldPlans as listHeld } from "../../core/app/retention/held-plan.ts";
import { previewRule } from "../../core/app/retention/preview-rule.ts";
import { showFate as show } from "../../core/app/retention/show-fate.ts";
import type { Services } from "../../core/app/services.ts";
import { parseBody } from "./kit/fields.ts";
import { pageOf } from "./kit/list-query.ts";
import type { Handler } from "./kit/request.ts";
import { confirmBody, previewBody } from "./schemas/retention.ts";
import { fateView, heldPlanView, previewView, trashView } from "./views/retention.ts";

export const listTrash: Handler<Services> = async ({ query, projectId }, services) => {
  const { limit, offset, marker } = pageOf(query);
  const { rows, count } = await list(services, projectId, { limit, offset, marker });
  return { status: 200, body: { backups: rows.map(({ trashed }) => trashView(trashed)), count, limit, offset } };
};

/** 202 with the task's id: clients poll it, as after a restore. */
export const undeleteBackup: Handler<Services> = async ({ caller, path }, services) => {
  const { taskId } = await startUndelete(services, caller, path.backup_id ?? "");
  return { status: 202, body: { job_id: taskId } };
};

export const showFate: Handler<Services> = async ({ projectId, path }, services) => {
  const fate = await show(services, projectId, path.backup_id ?? "");
  return { status: 200, body: { fate: fateView(fate) } };
};

export const previewPolicy: Handler<Services> = async ({ projectId, path, body }, services) => {
  const definition = parseBody(previewBody, body);
  const preview = await previewRule(services, projectId, path.policy_id ?? "", definition);
  return { status: 200, body: { preview: previewView(preview) } };
};

export const listHeldPlans: Handler<Services> = async ({ projectId }, services) => {
  const plans = await listHeld(services, projectId);
  return { status: 200, body: { held_plans: plans.map(heldPlanView), count: plans.length } };
};

/** 202: what the plan names goes within a minute. */
export const confirmHeldPlan: Handler<Services> = async ({ caller, path, body }, services) => {
  const { plan_id } = parseBody(confirmBody, body);
  const plan = await confirm(services, caller, path.resource_id ?? "", plan_id);
  return { status: 202, body: { held_plan: heldPlanView(plan) } };
};
