/**
 * What the API promises of each operation: parameters, body and answers. Bodies are the schemas that handlers parse with; answers are
 * checked against theirs in every test that goes through the API; `openapi.json` is made of all of it.
 */
import type { z } from "zod";
import type { OperationName } from "../operations.ts";
import { agentOperations } from "./agent-operations.ts";
import { auditOperations } from "./audit-operations.ts";
import { backupOperations } from "./backup-operations.ts";
import { enterpriseOperations } from "./enterprise-operations.ts";
import { featureOperations } from "./feature-operations.ts";
import { hostOperations } from "./host-operations.ts";
import { identityOperations } from "./identity-operations.ts";
import { operatorOperations } from "./operator-operations.ts";
import { organizationPolicyOperations } from "./organization-policy-operations.ts";
import { policyOperations } from "./policy-operations.ts";
import { refusedOperations } from "./refused-operations.ts";
import { retentionOperations } from "./retention-operations.ts";
import { tagOperations } from "./tag-operations.ts";
import { taskOperations } from "./task-operations.ts";
import { vaultOperations } from "./vault-operations.ts";
import { vaultSwitchOperations } from "./vault-switch-operations.ts";

/** One operation. */
export interface OperationContract {
  /** One sentence for people. */
  readonly summary: string;
  /** Names that the handler reads from the query, with their form. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly body?: z.ZodType;
  /** By status; null = no body. Refusals have the form of their path (kit/wire-errors.ts) and are not repeated. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
}

/** Every operation that has a handler stands here: a test compares. */
export const CONTRACT: Readonly<Partial<Record<OperationName, OperationContract>>> = {
  ...vaultOperations,
  ...vaultSwitchOperations,
  ...policyOperations,
  ...backupOperations,
  ...taskOperations,
  ...tagOperations,
  ...featureOperations,
  ...identityOperations,
  ...enterpriseOperations,
  ...hostOperations,
  ...operatorOperations,
  ...organizationPolicyOperations,
  ...agentOperations,
  ...refusedOperations,
  ...retentionOperations,
  ...auditOperations,
};
