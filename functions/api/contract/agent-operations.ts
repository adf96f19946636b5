/** The contract of agents (cbr-api #51, 7.9): they and their paths are kept; nothing backs up files yet. */
import { z } from "zod";
import { addPathBody, checkAgentBody, registerAgentBody, removePathBody, updateAgentBody } from "../schemas/agents.ts";
import { id, page, time, uuid } from "./answers.ts";
import { paging, text, texts } from "./parameters.ts";

const path = z.strictObject({
  id: uuid,
  agent_id: id,
  dir_path: z.string(),
  status: z.literal("available"),
  exclude_paths: z.string().meta({ description: "comma-joined" }),
});

const agent = z
  .strictObject({
    agent_id: id,
    agent_type: z.enum(["cloud", "native"]),
    agent_version: z.string(),
    host_ip: z.string(),
    host_name: z.string(),
    host_nickname: z.string(),
    host_os: z.string(),
    status: z.enum(["normal", "uninstall"]),
    last_active_time: time,
    created_at: time,
    updated_at: time,
    paths: z.array(path),
  })
  .meta({ id: "Agent" });
const shown = z.strictObject({ agent });
const paths = z.array(z.string());

const state = z.strictObject({
  resource_id: id,
  installed: z.literal(false),
  version: z.literal(""),
  is_old: z.null(),
  code: z.int().nullable().meta({ description: "why nothing can be said of this server" }),
  message: z.string(),
});

export const agentOperations = {
  CheckAgent: {
    summary: "Tells on which servers an agent is installed: there is none for these yet",
    body: checkAgentBody,
    answers: { 200: z.strictObject({ agent_status: z.array(state) }) },
  },
  RegisterAgent: {
    summary: "Registers an agent, or renews what is known of it",
    body: registerAgentBody,
    answers: { 200: shown },
  },
  ListAgent: {
    summary: "Lists agents",
    query: { ...paging, agent_id: texts, status: text },
    answers: { 200: z.strictObject({ agents: z.array(agent), ...page }) },
  },
  ShowAgent: { summary: "Shows an agent with its paths", answers: { 200: shown } },
  UpdateAgent: {
    summary: "Marks an agent as uninstalled",
    body: updateAgentBody,
    answers: { 200: shown },
  },
  // 200, where other deletions answer 204 (D-20).
  UnregisterAgent: { summary: "Forgets an agent and its paths", answers: { 200: null } },
  AddAgentPath: {
    summary: "Adds directories to an agent, and what to leave out below them",
    body: addPathBody,
    answers: { 200: z.strictObject({ added: paths, existed: paths }) },
  },
  RemoveAgentPath: {
    summary: "Takes directories from an agent",
    body: removePathBody,
    answers: { 200: z.strictObject({ removed: paths, not_existed: paths }) },
  },
} as const;
