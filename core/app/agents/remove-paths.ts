/** POST agents/{id}/remove-path: directories that this agent shall no longer back up (AGT-02). */
import { agentKey, agentPathKey } from "../records/agents.ts";
import { replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { checkAgentId, loadAgent } from "./load-agent.ts";

export interface PathsRemoved {
  readonly removed: readonly string[];
  /** Never there, or gone already: no error. */
  readonly notExisted: readonly string[];
}

/** @throws Fault 7403, 7410 */
export async function removePaths(
  s: Services,
  { projectId }: Caller,
  agentId: string,
  asked: readonly string[],
): Promise<PathsRemoved> {
  checkAgentId(agentId);
  return withFreshState(async () => {
    const { agent, paths } = await loadAgent(s, projectId, agentId);
    const going = paths.filter(({ dirPath }) => asked.includes(dirPath));
    await s.records.transact([
      // The gate: loses to whoever changes this agent or its paths meanwhile, and is then decided again.
      replaceAt({ key: agentKey(projectId, agentId) }, { ...agent, updatedAt: s.now() }),
      ...going.map(({ id, v }) => ({ op: "delete" as const, key: agentPathKey(projectId, agentId, id), if: { v } })),
    ]);
    const removed = new Set(going.map(({ dirPath }) => dirPath));
    return { removed: [...removed], notExisted: [...new Set(asked)].filter((path) => !removed.has(path)) };
  });
}
