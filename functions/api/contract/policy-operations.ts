/** The contract of policies, of applying them to vaults, and of their runs (cbr-api 7.2, #12, #13; runs and compliance are extensions of ours). */
import { z } from "zod";
import { POLICY_TYPES } from "../../../core/domain/policy.ts";
import { RUN_STATES } from "../../../core/domain/statuses.ts";
import { associatePolicyBody, createPolicyBody, dissociatePolicyBody, updatePolicyBody } from "../schemas/policies.ts";
import { count, id, page } from "./answers.ts";
import { instant, paging, text } from "./parameters.ts";
import { compliance, policy, scheduledRun } from "./policy-answers.ts";

const applied = { vault_id: id, policy_id: id };

export const policyOperations = {
  CreatePolicy: {
    summary: "Makes a policy: when to back up, and what to keep",
    body: createPolicyBody,
    answers: { 200: z.strictObject({ policy }) },
  },
  ListPolicies: {
    summary: "Lists policies",
    query: { ...paging, operation_type: z.enum(POLICY_TYPES), vault_id: text, name: text },
    answers: { 200: z.strictObject({ policies: z.array(policy), count }) },
  },
  ShowPolicy: { summary: "Shows a policy", answers: { 200: z.strictObject({ policy }) } },
  UpdatePolicy: {
    summary: "Changes a policy; a definition that is given replaces all of the old one",
    body: updatePolicyBody,
    answers: { 200: z.strictObject({ policy }) },
  },
  DeletePolicy: { summary: "Deletes a policy; backups stay", answers: { 204: null } },
  AssociateVaultPolicy: {
    summary: "Applies a policy to a vault, in place of another one of its type",
    body: associatePolicyBody,
    answers: {
      200: z.strictObject({ associate_policy: z.strictObject({ ...applied, destination_vault_id: id.optional() }) }),
    },
  },
  DisassociateVaultPolicy: {
    summary: "Takes a policy off a vault",
    body: dissociatePolicyBody,
    answers: { 200: z.strictObject({ dissociate_policy: z.strictObject(applied) }) },
  },
  ListScheduledRuns: {
    summary: "Lists runs that policies ask for and what became of them, the newest first",
    query: {
      ...paging,
      vault_id: text,
      policy_id: text,
      state: z.enum(RUN_STATES),
      start_time: instant,
      end_time: instant,
    },
    answers: { 200: z.strictObject({ runs: z.array(scheduledRun), ...page }) },
  },
  ShowCompliance: {
    summary: "Judges backup policies by how often they run and vaults by how long they keep; a page of the vaults",
    query: {
      ...paging,
      max_gap_hours: z
        .int()
        .min(1)
        .max(720)
        .default(24)
        .meta({ description: "allowed between two points of a policy" }),
      min_retention_days: z.int().min(1).max(99_999).default(7).meta({ description: "where a policy keeps by days" }),
    },
    answers: { 200: compliance },
  },
} as const;
