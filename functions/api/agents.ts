/** The API's agent operations (cbr-api #51, #59–#65): agents and paths are kept; nothing backs up files yet. */
import { addPaths } from "../../core/app/agents/add-paths.ts";
import { checkAgents } from "../../core/app/agents/check-agents.ts";
import { type AgentWithPaths, listAgents as list, loadAgent } from "../../core/app/agents/load-agent.ts";
import { markUninstalled } from "../../core/app/agents/mark-uninstalled.ts";
import { registerAgent as register } from "../../core/app/agents/register-agent.ts";
import { removePaths } from "../../core/app/agents/remove-paths.ts";
import { unregisterAgent as unregister } from "../../core/app/agents/unregister-agent.ts";
import { fromRows, listPage } from "../../core/app/lists/walk.ts";
import type { Services } from "../../core/app/services.ts";
import { parseBody } from "./kit/fields.ts";
import { pageOf } from "./kit/list-query.ts";
import type { ApiRequest, Handler } from "./kit/request.ts";
import { addPathBody, checkAgentBody, registerAgentBody, removePathBody, updateAgentBody } from "./schemas/agents.ts";
import { agentStateView, agentView } from "./views/agent.ts";

const agentId = ({ path }: ApiRequest): string => path.agent_id ?? "";

export const registerAgent: Handler<Services> = async (request, services) => {
  const draft = parseBody(registerAgentBody, request.body);
  return { status: 200, body: { agent: agentView(await register(services, request.caller, draft)) } };
};

export const listAgents: Handler<Services> = async ({ query, projectId }, services) => {
  const page = pageOf(query);
  const [ids, status] = [query.values("agent_id"), query.get("status")];
  const all = (await list(services, projectId)).map((found) => ({
    id: found.agent.id,
    createdAt: found.agent.createdAt,
    found,
  }));
  const matches = ({ agent }: AgentWithPaths): boolean =>
    (ids.length === 0 || ids.includes(agent.id)) && (status === undefined || agent.status === status);
  const { rows, count } = await listPage<(typeof all)[number]>(
    {
      source: fromRows(all),
      find: async (id) => all.find((row) => row.id === id),
      keep: ({ found }) => matches(found),
    },
    page,
  );
  const { limit, offset } = page;
  return { status: 200, body: { agents: rows.map(({ found }) => agentView(found)), count, limit, offset } };
};

export const showAgent: Handler<Services> = async (request, services) => {
  const found = await loadAgent(services, request.projectId, agentId(request));
  return { status: 200, body: { agent: agentView(found) } };
};

export const updateAgent: Handler<Services> = async (request, services) => {
  parseBody(updateAgentBody, request.body);
  return { status: 200, body: { agent: agentView(await markUninstalled(services, request.caller, agentId(request))) } };
};

/** 200, where other deletions answer 204 (D-20). */
export const unregisterAgent: Handler<Services> = async (request, services) => {
  await unregister(services, request.caller, agentId(request));
  return { status: 200 };
};

export const addAgentPath: Handler<Services> = async (request, services) => {
  const asked = parseBody(addPathBody, request.body);
  return { status: 200, body: await addPaths(services, request.caller, agentId(request), asked) };
};

export const removeAgentPath: Handler<Services> = async (request, services) => {
  const asked = parseBody(removePathBody, request.body);
  const { removed, notExisted } = await removePaths(services, request.caller, agentId(request), asked);
  return { status: 200, body: { removed, not_existed: notExisted } };
};

export const checkAgent: Handler<Services> = async ({ body }, services) => {
  const states = await checkAgents(services, parseBody(checkAgentBody, body));
  return { status: 200, body: { agent_status: states.map(agentStateView) } };
};
