/** How agents look on the wire (cbr-api 5.16, #51). */
import type { AgentState } from "../../../core/app/agents/check-agents.ts";
import type { AgentWithPaths } from "../../../core/app/agents/load-agent.ts";
import { wireTime } from "../../../core/domain/values.ts";

export function agentView({ agent, paths }: AgentWithPaths): object {
  return {
    agent_id: agent.id,
    agent_type: agent.type,
    agent_version: agent.version,
    host_ip: agent.hostIp,
    host_name: agent.hostName,
    host_nickname: agent.hostNickname,
    host_os: agent.hostOs,
    status: agent.status,
    last_active_time: wireTime(agent.lastActiveAt),
    created_at: wireTime(agent.createdAt),
    updated_at: wireTime(agent.updatedAt),
    paths: paths.map(({ id, dirPath, excludePaths }) => ({
      id,
      agent_id: agent.id,
      dir_path: dirPath,
      status: "available",
      exclude_paths: excludePaths.join(","),
    })),
  };
}

/** Whatever the server, nothing is installed on it: Holdfast has no agent for guests yet. */
export const agentStateView = ({ resourceId, code, message }: AgentState): object => ({
  resource_id: resourceId,
  installed: false,
  version: "",
  is_old: null,
  code: code ?? null,
  message,
});
