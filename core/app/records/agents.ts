/** How file-backup agents and the paths they name are stored: rows of their project, each agent's paths right behind it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Key } from "../../ports/record-store.ts";

const instant = z.number().int();

export const Agent = z.object({
  schema: z.literal(1),
  id: z.string(),
  projectId: z.string(),
  type: z.enum(["cloud", "native"]),
  version: z.string(),
  hostIp: z.string(),
  hostName: z.string(),
  hostNickname: z.string(),
  hostOs: z.string(),
  status: z.enum(["normal", "uninstall"]),
  createdAt: instant,
  updatedAt: instant,
  /** When it last called. */
  lastActiveAt: instant,
});
export type Agent = z.infer<typeof Agent>;

export const AgentPath = z.object({
  schema: z.literal(1),
  id: z.string(),
  agentId: z.string(),
  dirPath: z.string(),
  excludePaths: z.array(z.string()),
  addedAt: instant,
});
export type AgentPath = z.infer<typeof AgentPath>;

/** Ids have no `#` (isAgentId), so no agent's rows lie between another one and its paths. */
export const agentKey = (projectId: string, agentId: string): Key => ({ pk: `P#${projectId}`, sk: `AG#${agentId}` });
export const AGENTS = "AG#";
export const agentPathKey = (projectId: string, agentId: string, pathId: string): Key => ({
  pk: `P#${projectId}`,
  sk: `AG#${agentId}#${pathId}`,
});

/** One path has one id, so adding it twice meets itself; a path may be longer than a sort key. In the form of a UUID. */
export function pathIdOf(dirPath: string): string {
  const hex = createHash("sha256").update(dirPath).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
