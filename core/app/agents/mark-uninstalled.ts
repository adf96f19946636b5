/** PUT agents/{id}: an agent says that it is being uninstalled, the only change there is (AGT-03). */
import { agentKey } from "../records/agents.ts";
import { replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { type AgentWithPaths, checkAgentId, loadAgent } from "./load-agent.ts";

/** @throws Fault 7403, 7410 */
export async function markUninstalled(s: Services, caller: Caller, agentId: string): Promise<AgentWithPaths> {
  checkAgentId(agentId);
  await withFreshState(async () => {
    const { agent } = await loadAgent(s, caller.projectId, agentId);
    const now = s.now();
    // Loses to whoever changes the agent meanwhile, and is then decided again.
    await s.records.write(
      replaceAt(
        { key: agentKey(caller.projectId, agentId) },
        { ...agent, status: "uninstall", updatedAt: now, lastActiveAt: now },
      ),
    );
  });
  return loadAgent(s, caller.projectId, agentId);
}
