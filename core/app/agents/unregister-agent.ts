/** DELETE agents/{id}: the agent and its paths go together. No backup is made of files yet, so none is left behind (AGT-03). */
import { agentKey, agentPathKey } from "../records/agents.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { checkAgentId, loadAgent } from "./load-agent.ts";

/** @throws Fault 7403, 7410 */
export async function unregisterAgent(s: Services, { projectId }: Caller, agentId: string): Promise<void> {
  checkAgentId(agentId);
  await withFreshState(async () => {
    const { agent, paths } = await loadAgent(s, projectId, agentId);
    // Every change of the paths writes the agent's row: its version says that these are all of them.
    await s.records.transact([
      { op: "delete", key: agentKey(projectId, agentId), if: { v: agent.v } },
      ...paths.map(({ id, v }) => ({
        op: "delete" as const,
        key: agentPathKey(projectId, agentId, id),
        if: { v },
      })),
    ]);
  });
}
