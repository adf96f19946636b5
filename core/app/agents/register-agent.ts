/** POST agents: an agent introduces itself at installation; once more, it is the same agent with news (AGT-01). */
import { Agent, agentKey } from "../records/agents.ts";
import { insertAt, load, replaceAt } from "../records/tables.ts";
import { withFreshState } from "../retry.ts";
import type { Caller, Services } from "../services.ts";
import { type AgentWithPaths, checkAgentId, loadAgent } from "./load-agent.ts";

/** What an agent says of itself; texts have passed the request schema. */
export type AgentDraft = Pick<Agent, "id" | "type" | "version" | "hostIp" | "hostName" | "hostNickname" | "hostOs">;

/** Keeps the paths of an agent that is known. @throws Fault 7403 */
export async function registerAgent(s: Services, caller: Caller, draft: AgentDraft): Promise<AgentWithPaths> {
  checkAgentId(draft.id);
  const key = agentKey(caller.projectId, draft.id);
  await withFreshState(async () => {
    const now = s.now();
    const known = await load(s.records, { schema: Agent }, key);
    const agent: Agent = {
      ...draft,
      schema: 1,
      projectId: caller.projectId,
      status: "normal",
      createdAt: known?.createdAt ?? now,
      updatedAt: now,
      lastActiveAt: now,
    };
    // Loses to whoever registers or changes the same agent meanwhile, and is then decided again.
    await s.records.write(
      known === undefined ? insertAt({ key }, agent) : replaceAt({ key }, { ...agent, v: known.v }),
    );
  });
  return loadAgent(s, caller.projectId, draft.id);
}
