/** Agents of the caller's project with their paths, read consistently. */
import { isAgentId } from "../../domain/agent-paths.ts";
import { fault } from "../../domain/fault.ts";
import { AGENTS, Agent, AgentPath, agentKey } from "../records/agents.ts";
import { parseItem, type Versioned } from "../records/record.ts";
import { walkItems } from "../records/tables.ts";
import type { RecordServices } from "../services.ts";

export interface AgentWithPaths {
  readonly agent: Versioned<Agent>;
  /** In the order in which they were added. */
  readonly paths: readonly Versioned<AgentPath>[];
}

/** Every agent of a project, in id order. */
export const listAgents = (s: RecordServices, projectId: string): Promise<AgentWithPaths[]> =>
  read(s, projectId, AGENTS);

/** @throws Fault 7410 when the project has no such agent */
export async function loadAgent(s: RecordServices, projectId: string, agentId: string): Promise<AgentWithPaths> {
  // Ids that only begin alike are read along and left out.
  const found = isAgentId(agentId) ? await read(s, projectId, agentKey(projectId, agentId).sk) : [];
  return found.find(({ agent }) => agent.id === agentId) ?? fault("7410", `agent ${agentId} does not exist`);
}

/** The id in the path of a request that changes an agent. @throws Fault 7403 */
export function checkAgentId(agentId: string): void {
  if (!isAgentId(agentId)) fault("7403", "agent_id: must be 1 to 64 letters, digits or `._:-`");
}

interface Rows {
  agent: Versioned<Agent> | undefined;
  readonly paths: Versioned<AgentPath>[];
}

async function read(s: RecordServices, projectId: string, prefix: string): Promise<AgentWithPaths[]> {
  const agents = new Map<string, Rows>();
  const of = (id: string): Rows => {
    const known: Rows = agents.get(id) ?? { agent: undefined, paths: [] };
    agents.set(id, known);
    return known;
  };
  for await (const item of walkItems(s.records, agentKey(projectId, "").pk, prefix)) {
    const [, id = "", pathId] = item.sk.split("#");
    if (pathId === undefined) of(id).agent = parseItem(Agent, item);
    else of(id).paths.push(parseItem(AgentPath, item));
  }
  return [...agents.values()].flatMap(({ agent, paths }) =>
    agent === undefined ? [] : [{ agent, paths: paths.sort((a, b) => a.addedAt - b.addedAt) }],
  );
}
