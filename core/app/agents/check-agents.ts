/** POST agent/check: on which servers is the agent for application-consistent backups installed? On none: there is no such agent. */
import { missingCode } from "../../domain/resource-types.ts";
import { inBatches } from "../in-batches.ts";
import type { Services } from "../services.ts";

export interface AgentAsk {
  readonly resourceId: string;
  readonly resourceType: string;
}

/** `code`: why nothing can be said of this server. */
export interface AgentState {
  readonly resourceId: string;
  readonly code: number | undefined;
  readonly message: string;
}

const LOOKUPS_AT_ONCE = 8;

/** One row for each that was asked, in that order; one server that does not exist does not spoil the others' answer. */
export const checkAgents = (s: Services, asks: readonly AgentAsk[]): Promise<AgentState[]> =>
  inBatches(asks, LOOKUPS_AT_ONCE, async ({ resourceId, resourceType }) => {
    const found = await s.resources.find(resourceId);
    if (found?.kind === "server") return { resourceId, code: undefined, message: "" };
    return { resourceId, code: Number(missingCode(resourceType)), message: `server ${resourceId} does not exist` };
  });
